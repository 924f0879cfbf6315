"""Peer A: the FastMCP server as usually built (stateless HTTP, JSON responses, add and multiply),
adapted to fastmcp 4 and extended with prompts read from S3 through boto3.

Parsed templates are kept between requests by ETag, so a warm prompts/list costs the bucket listing
only; prompts/get always fetches its one object, as the TypeScript peer does."""

import asyncio
import os
import re
from concurrent.futures import ThreadPoolExecutor

import boto3
import chevron
import yaml
from botocore.config import Config
from fastmcp import FastMCP
from fastmcp.prompts import Prompt
from fastmcp.prompts.base import PromptArgument
from fastmcp.server.providers import Provider
from pydantic import Field

BUCKET, PREFIX, SUFFIX = os.environ["BUCKET_NAME"], "prompts/", ".hbs"
YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
s3 = boto3.client("s3", config=Config(max_pool_connections=32, s3={"addressing_style": "path"}))
pool = ThreadPoolExecutor(32)


class S3Prompt(Prompt):
    template: str = Field(exclude=True)
    etag: str = Field(exclude=True)

    async def render(self, arguments=None):
        return chevron.render(self.template, arguments or {})


cache: dict[str, S3Prompt] = {}  # by object key


def fetch(key: str) -> S3Prompt:
    obj = s3.get_object(Bucket=BUCKET, Key=key)
    old = cache.get(key)
    if old and old.etag == obj["ETag"]:
        obj["Body"].close()
        return old
    _, front, body = obj["Body"].read().decode().split("---\n", 2)
    meta = yaml.load(front, Loader=YAML)
    # chevron is Mustache: Handlebars' {{#if x}}...{{/if}} reads {{#x}}...{{/x}} there.
    body = re.sub(r"\{\{#if (\w+)\}\}(.*?)\{\{/if\}\}", r"{{#\1}}\2{{/\1}}", body, flags=re.S)
    cache[key] = S3Prompt(
        name=key[len(PREFIX) : -len(SUFFIX)],
        title=meta.get("title"),
        description=meta.get("description"),
        arguments=[PromptArgument(**a) for a in meta.get("arguments", [])],
        template=body,
        etag=obj["ETag"],
    )
    return cache[key]


def fetch_all() -> list[S3Prompt]:
    objs = [
        o
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=PREFIX)
        for o in page.get("Contents", [])
        if o["Key"].endswith(SUFFIX)
    ]
    new = [o["Key"] for o in objs if o["Key"] not in cache or cache[o["Key"]].etag != o["ETag"]]
    list(pool.map(fetch, new))
    return [cache[o["Key"]] for o in objs]


class S3Prompts(Provider):
    async def _list_prompts(self):
        return await asyncio.to_thread(fetch_all)

    async def _get_prompt(self, name, version=None):
        try:
            return await asyncio.to_thread(fetch, f"{PREFIX}{name}{SUFFIX}")
        except s3.exceptions.NoSuchKey:
            return None

    async def get_tasks(self):
        return []


mcp = FastMCP("prompt-gallery-server", providers=[S3Prompts()])


@mcp.tool()
def add(a: int, b: int) -> int:
    """Add two integers."""
    return a + b


@mcp.tool()
def multiply(a: int, b: int) -> int:
    """Multiply two integers."""
    return a * b


# API Gateway decides what Host is, so the Host guard is off, as it must be behind it.
app = mcp.http_app(stateless_http=True, json_response=True, host_origin_protection=False)
