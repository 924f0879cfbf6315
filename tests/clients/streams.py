"""Hears of changed lists, and of the progress of a tool, with the Python SDK's client over HTTP: streams.py URL FOLDER MODE, where FOLDER
has the prompts and MODE is auto or legacy. In the handshake revisions this client opens a stream only to a server with sessions.

Silent when every answer is right; otherwise an AssertionError that shows what came instead.
"""

import asyncio
import sys
from pathlib import Path

from mcp import Client
from mcp.shared.subscriptions import PromptsListChanged, ToolsListChanged

url, folder, mode = sys.argv[1:]
file = Path(folder) / "streamed_too.prompt"
reports, told = [], set()


async def report(progress: float, total: float | None, message: str | None) -> None:
    reports.append((progress, total, message))


async def change() -> None:
    """Changes the lists until both changes were told."""
    for number in range(40):
        file.write_text(f"---\ndescription: Change {number}.\ntool: true\n---\nStreamed.")
        await asyncio.sleep(0.5)
        if told == {"prompts", "tools"}:
            return


async def listen(client: Client) -> None:
    async with client.listen(prompts_list_changed=True, tools_list_changed=True) as subscription:
        async for event in subscription:
            told.add({PromptsListChanged: "prompts", ToolsListChanged: "tools"}[type(event)])
            if len(told) == 2:
                return


async def main() -> list[str]:
    async with Client(url, mode=mode, read_timeout_seconds=20) as client:
        await client.call_tool("test_tool_with_progress", progress_callback=report)
        if mode == "auto":
            await asyncio.wait_for(asyncio.gather(change(), listen(client)), 30)
        return [prompt.name for prompt in (await client.list_prompts()).prompts]


try:
    names = asyncio.run(main())
finally:
    file.unlink(missing_ok=True)
assert reports == [(0.0, 100.0, "Working"), (50.0, 100.0, "Working"), (100.0, 100.0, "Working")], reports
if mode == "auto":
    assert told == {"prompts", "tools"}, told
    assert "streamed_too" in names, names
