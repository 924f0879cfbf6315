"""Skills with FastMCP's client: skills.py URL FOLDER lists, gets and downloads them, and compares them with the folder.

Silent when every answer is right; otherwise an AssertionError that shows what came instead.
"""

import asyncio
import base64
import hashlib
import pathlib
import sys
from urllib.parse import unquote

import fastmcp
from fastmcp.skills import SkillsClientExtension


async def main(url: str, folder: pathlib.Path) -> None:
    async with fastmcp.Client(url, extensions=[SkillsClientExtension()]) as client:
        skills = await client.list_skills()
        made_of_prompts = 0
        for skill in skills:
            assert await client.get_skill(skill.uri) == skill, skill.uri
            path = unquote(skill.uri.removeprefix("skill://").removesuffix("/SKILL.md"))
            served = {}
            for resource in skill.resources:
                [content] = await client.read_resource(resource.uri)
                blob = getattr(content, "blob", None)
                data = content.text.encode() if blob is None else base64.b64decode(blob)
                assert resource.digest == f"sha256:{hashlib.sha256(data).hexdigest()}", resource.uri
                assert resource.size == len(data), resource.uri
                served[unquote(resource.uri.removeprefix(f"skill://{path}/"))] = data
            files = {str(file.relative_to(folder / path)): file.read_bytes() for file in (folder / path).rglob("*") if file.is_file()}
            if files:
                assert served == files, (path, served.keys(), files.keys())
            else:
                made_of_prompts += 1
        in_folder = {str(file.parent.relative_to(folder)) for file in folder.rglob("SKILL.md")}
        assert len(skills) == len(in_folder) + made_of_prompts and made_of_prompts > 0, [skill.uri for skill in skills]


asyncio.run(main(sys.argv[1], pathlib.Path(sys.argv[2])))
