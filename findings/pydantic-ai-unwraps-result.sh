#!/usr/bin/env bash
# PyPI pydantic-ai-slim 2.68.0: an MCP tool's structured content that is an object with the one field `result` reaches the
# model as the value of that field, also where the tool's own output schema declares the field. An object with any other one
# field stays an object. The text that the server wrote for the model is dropped in both. So a server that wants its content
# blocks read must send no structured content. Exits with 1 if that has changed. Needs python3.
#
# Seen: total: {'total': 5}
#       result: 5
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'pydantic-ai-slim[mcp]==2.68.0'
cat >server.py <<'PY'
import json
import sys

SCHEMA = {"type": "object", "properties": {}}

def answer(method, params):
    if method == "initialize":
        about = {"name": "counts", "version": "1"}
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": about}
    if method == "tools/list":
        outputs = {f: {"type": "object", "properties": {f: {"type": "integer"}}} for f in ("total", "result")}
        return {"tools": [{"name": f, "inputSchema": SCHEMA, "outputSchema": o} for f, o in outputs.items()]}
    if method == "tools/call":
        text = {"type": "text", "text": "Five items are left."}
        return {"content": [text], "structuredContent": {params["name"]: 5}}
    return {}

for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked:
        result = answer(asked["method"], asked.get("params", {}))
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
PY
cat >ask.py <<'PY'
import asyncio
from pathlib import Path
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel

async def ask(tool, toolset):
    def model(messages, info):
        returned = [p for m in messages for p in m.parts if isinstance(p, ToolReturnPart)]
        return ModelResponse([TextPart(repr(returned[0].content)) if returned else ToolCallPart(tool, {})])

    return (await Agent(FunctionModel(model), toolsets=[toolset]).run("Count.")).output

async def main():
    async with MCPToolset(Path("server.py")) as toolset:
        for tool in ("total", "result"):
            print(f"{tool}: {await ask(tool, toolset)}")

asyncio.run(main())
PY
seen=$(venv/bin/python ask.py 2>/dev/null)
printf '%s\n' "$seen"
[[ $seen == $'total: {\'total\': 5}\nresult: 5' ]] || { echo 'this has changed'; exit 1; }
