"""Peer A with a search: each prompt is a tool too, since FastMCP's search transforms search tools, and BM25SearchTransform
ranks them. `python -m app.search`."""

import asyncio
import os

import uvicorn
from fastmcp import FastMCP
from fastmcp.server.providers import Provider
from fastmcp.server.transforms.search import BM25SearchTransform
from fastmcp.tools.base import Tool

from .main import S3Prompt, fetch_all

tools: dict[str, tuple[str, Tool]] = {}  # by name: the version of the prompt, and its tool


def tool(prompt: S3Prompt) -> Tool:
    version, made = tools.get(prompt.name, ("", None))
    if version == prompt.etag:
        return made
    properties = {a.name: {"type": "string", "description": a.description} for a in prompt.arguments}
    made = Tool(
        name=prompt.name,
        title=prompt.title,
        description=prompt.description,
        parameters={
            "type": "object",
            "properties": properties,
            "required": [a.name for a in prompt.arguments if a.required],
        },
    )
    tools[prompt.name] = prompt.etag, made
    return made


class S3Tools(Provider):
    async def _list_tools(self):
        return [tool(prompt) for prompt in await asyncio.to_thread(fetch_all)]

    async def _get_tool(self, name, version=None):
        return None

    async def get_tasks(self):
        return []


mcp = FastMCP("prompt-gallery-server", providers=[S3Tools()])
mcp.add_transform(BM25SearchTransform(search_tool_name="search_prompts"))
app = mcp.http_app(stateless_http=True, json_response=True, host_origin_protection=False)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", 8080)), log_level="critical", server_header=False)
