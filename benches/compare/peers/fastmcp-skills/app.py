"""Peer A with the skills of a folder: FastMCP reads all of them when it starts, and keeps them."""

import os

import uvicorn
from fastmcp import FastMCP
from fastmcp.skills.provider import SkillsDirectoryProvider

mcp = FastMCP("prompt-gallery-server", providers=[SkillsDirectoryProvider(os.environ["SKILLS_DIR"])])
app = mcp.http_app(stateless_http=True, json_response=True, host_origin_protection=False)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", 8080)), log_level="critical", server_header=False)
