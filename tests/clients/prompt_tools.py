"""Prompts as tools, with the Python SDK's client and FastMCP's: prompt_tools.py URL CLIENT, a server of the folder tools/.

CLIENT is auto, legacy (the SDK) or fastmcp. Silent when every answer is right; otherwise an AssertionError that shows what
came instead.
"""

import asyncio
import json
import sys

import fastmcp
import mcp
from jsonschema import Draft202012Validator

TRIP = {"city": "Oslo", "days": 2, "pace": "slow", "quiet": True, "budget": 99.5, "stops": [{"name": "Bergen", "nights": 1}]}


def as_text(arguments: dict) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in arguments.items()}


async def ask(client, call, listed) -> dict:
    tools = listed(await client.list_tools())
    return {
        "tools": {tool.name: (tool.input_schema, tool.output_schema) for tool in tools},
        "found": await call("search_prompts", {"query": "trip plam"}),
        "got": await call("get_prompt", {"name": "trip", "arguments": TRIP}),
        "called": await call("trip", TRIP),
        "prompt": await client.get_prompt("trip", as_text(TRIP)),
        "missing": await call("get_prompt", {"name": "trip"}),
    }


async def main(url: str, name: str) -> dict:
    if name == "fastmcp":
        async with fastmcp.Client(url) as client:
            call = lambda tool, arguments: client.call_tool(tool, arguments, raise_on_error=False)
            return await ask(client, call, lambda tools: tools)
    async with mcp.Client(url, mode=name, read_timeout_seconds=20) as client:
        return await ask(client, client.call_tool, lambda listed: listed.tools)


def same(got, want) -> None:
    assert got == want, f"\n   got {got!r}\n  want {want!r}"


answers = asyncio.run(main(*sys.argv[1:]))
same(list(answers["tools"]), ["add", "multiply", "search_prompts", "get_prompt", "open_gallery", "trip"])
for input_schema, output_schema in answers["tools"].values():
    for schema in filter(None, (input_schema, output_schema)):
        Draft202012Validator.check_schema(schema)
Draft202012Validator(answers["tools"]["trip"][0]).validate(TRIP)

same(answers["found"].structured_content["prompts"][0]["name"], "trip")
text = [message.content.text for message in answers["prompt"].messages]
for result in (answers["got"], answers["called"]):
    same((bool(result.is_error), result.structured_content), (False, None))
    same([block.text for block in result.content], text)
missing = answers["missing"]
assert missing.is_error and "`city`" in missing.content[0].text, missing
