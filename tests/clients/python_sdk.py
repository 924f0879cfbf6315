"""Lists, gets and calls with the Python SDK's client: python_sdk.py SERVER MODE (auto or legacy). SERVER is a URL, or a program that
serves PROMPT_DIR over stdio.

Silent when every answer is right; otherwise an AssertionError that shows what came instead.
"""

import asyncio
import os
import sys

from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError

# `auto` falls back to the handshake without a word: only the version shows that server/discover worked.
VERSIONS = {"auto": "2026-07-28", "legacy": "2025-11-25"}


def target(server: str):
    if server.startswith("http"):
        return server
    return stdio_client(StdioServerParameters(command=server, args=["stdio"], env=dict(os.environ)))


async def ask(server: str, mode: str) -> dict:
    async with Client(target(server), mode=mode, read_timeout_seconds=20) as client:
        answers = {
            "version": client.protocol_version,
            "prompts": (await client.list_prompts()).prompts,
            "greeting": await client.get_prompt("greeting-template", {"name": "Ada"}),
            "tools": (await client.list_tools()).tools,
            "sum": await client.call_tool("add", {"a": 2, "b": 3}),
        }
        try:
            answers["unknown"] = await client.get_prompt("no-such-prompt")
        except MCPError as error:
            answers["unknown"] = error
        return answers


def same(got, want) -> None:
    assert got == want, f"\n   got {got!r}\n  want {want!r}"


server, mode = sys.argv[1:]
# Compared outside of `ask`: an assertion in there would come wrapped in the client's exception groups.
answers = asyncio.run(ask(server, mode))

same(answers["version"], VERSIONS[mode])

arguments = {p.name: p.arguments for p in answers["prompts"]}
same([(a.name, bool(a.required)) for a in arguments["greeting-template"]], [("name", True), ("language", False)])

messages = answers["greeting"].messages
same([m.role for m in messages], ["user"])
# rstrip: whether the file's last newline is part of the text is settled elsewhere.
same(messages[0].content.text.rstrip(), "Write a warm, one-sentence greeting for Ada.")

same([t.name for t in answers["tools"]], ["add", "multiply", "search_prompts", "get_prompt", "open_gallery"])
total = answers["sum"]
same((bool(total.is_error), total.structured_content), (False, {"result": 5}))
same([c.text for c in total.content], ['{"result":5}'])

unknown = answers["unknown"]
assert isinstance(unknown, MCPError), f"an unknown prompt was answered with {unknown!r}"
same((unknown.code, "no-such-prompt" in unknown.message), (-32602, True))
