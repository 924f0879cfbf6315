"""One prompt, or one tool that the model calls, through a library of MCP: library.py NAME GALLERY MODEL LINE.

LINE is a prompt's name and its arguments as JSON; any other line is a message to an agent. A list of messages that a library
gives is printed as JSON. Run by the Python of the library's folder.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

ROLES = {"human": "user", "ai": "assistant"}


def message(role: str, content) -> dict:
    """A message of MCP, whose content is a text or another block."""
    text = getattr(content, "text", None)
    return {"role": role, "content": f"<{content.type}>" if text is None else text}


async def langchain(gallery: str, _: str, prompt: str, arguments: dict) -> list[dict]:
    from langchain_mcp_adapters.client import MultiServerMCPClient

    client = MultiServerMCPClient({"g": {"url": gallery, "transport": "streamable_http"}})
    messages = await client.get_prompt("g", prompt, arguments=arguments)
    return [{"role": ROLES[found.type], "content": found.content} for found in messages]


async def openai_agents(server, model: str, prompt: str | None, asked) -> list[dict]:
    from agents import Agent, OpenAIChatCompletionsModel, Runner, set_tracing_disabled
    from openai import AsyncOpenAI

    set_tracing_disabled(True)
    async with server:
        if prompt:
            return [message(found.role, found.content) for found in (await server.get_prompt(prompt, asked)).messages]
        fake = OpenAIChatCompletionsModel("fake", AsyncOpenAI(base_url=f"{model}/v1", api_key="none"))
        await Runner.run(Agent(name="test", model=fake, mcp_servers=[server]), asked)
        return []


async def over_http(gallery: str, model: str, prompt: str | None, asked) -> list[dict]:
    from agents.mcp import MCPServerStreamableHttp

    return await openai_agents(MCPServerStreamableHttp({"url": gallery}), model, prompt, asked)


async def through_mcp_remote(gallery: str, model: str, prompt: str | None, asked) -> list[dict]:
    from agents.mcp import MCPServerStdio

    program = Path(__file__).parent / "mcp-remote/node_modules/.bin/mcp-remote"
    command = {"command": str(program), "args": [gallery, "--allow-http"], "env": dict(os.environ)}
    # It starts slowly.
    return await openai_agents(MCPServerStdio(command, client_session_timeout_seconds=30), model, prompt, asked)


async def pydantic_ai(gallery: str, model: str, prompt: str | None, asked) -> list[dict]:
    from pydantic_ai import Agent
    from pydantic_ai.mcp import MCPToolset
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    def text(content) -> str:
        shown = getattr(content, "content", None)
        return shown if isinstance(shown, str) else f"<{type(content).__name__}>"

    async with MCPToolset(gallery) as server:
        if prompt:
            messages = (await server.get_prompt(prompt, asked)).messages
            return [{"role": found.role, "content": text(found.content)} for found in messages]
        fake = OpenAIChatModel("fake", provider=OpenAIProvider(base_url=f"{model}/v1", api_key="none"))
        await Agent(fake, toolsets=[server]).run(asked)
        return []


async def fast_agent(gallery: str, model: str, prompt: str | None, asked) -> list[dict]:
    from fast_agent import FastAgent

    config = {
        "generic": {"api_key": "none", "base_url": f"{model}/v1"},
        "mcp": {"servers": {"g": {"transport": "http", "url": gallery}}},
        "logger": {"type": "none"},
    }
    Path("config.yaml").write_text(json.dumps(config))
    fast = FastAgent("test", config_path="config.yaml", parse_cli_args=False, quiet=True)

    @fast.agent(servers=["g"], model="generic.fake")
    async def main() -> None:
        async with fast.run() as agent:
            print(await (agent.apply_prompt(prompt, asked) if prompt else agent.send(asked)))

    await main()
    return []


LIBRARIES = {
    "fast-agent": fast_agent,
    "langchain-mcp-adapters": langchain,
    "mcp-remote": through_mcp_remote,
    "openai-agents": over_http,
    "pydantic-ai": pydantic_ai,
}


def main() -> None:
    name, gallery, model, line = sys.argv[1:]
    prompt, _, arguments = line.partition(" ")
    asked = (prompt, json.loads(arguments)) if arguments.startswith("{") else (None, line)
    print(json.dumps(asyncio.run(LIBRARIES[name](gallery, model, *asked))))


main()
