"""The same peer over stdio, with the prompts of a folder."""

import asyncio
import os
import re
from pathlib import Path

import chevron
import yaml
from fastmcp import FastMCP
from fastmcp.prompts import Prompt
from fastmcp.prompts.base import PromptArgument
from fastmcp.server.providers import Provider
from pydantic import Field

FOLDER, SUFFIX = Path(os.environ["PROMPT_DIR"]), ".hbs"
YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class FilePrompt(Prompt):
    template: str = Field(exclude=True)

    async def render(self, arguments=None):
        return chevron.render(self.template, arguments or {})


def read(path: Path) -> FilePrompt:
    _, front, body = path.read_text().split("---\n", 2)
    meta = yaml.load(front, Loader=YAML)
    return FilePrompt(
        name=path.stem,
        title=meta.get("title"),
        description=meta.get("description"),
        arguments=[PromptArgument(**a) for a in meta.get("arguments", [])],
        # chevron is Mustache: Handlebars' {{#if x}}...{{/if}} reads {{#x}}...{{/x}} there.
        template=re.sub(r"\{\{#if (\w+)\}\}(.*?)\{\{/if\}\}", r"{{#\1}}\2{{/\1}}", body, flags=re.S),
    )


class FolderPrompts(Provider):
    async def _list_prompts(self):
        return await asyncio.to_thread(lambda: [read(path) for path in sorted(FOLDER.glob(f"*{SUFFIX}"))])

    async def _get_prompt(self, name, version=None):
        try:
            return await asyncio.to_thread(read, FOLDER / f"{name}{SUFFIX}")
        except FileNotFoundError:
            return None

    async def get_tasks(self):
        return []


mcp = FastMCP("prompt-gallery-server", providers=[FolderPrompts()])


@mcp.tool()
def add(a: int, b: int) -> int:
    """Add two integers."""
    return a + b


@mcp.tool()
def multiply(a: int, b: int) -> int:
    """Multiply two integers."""
    return a * b


if __name__ == "__main__":
    mcp.run(transport="stdio", show_banner=False)
