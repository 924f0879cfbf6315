"""Renders the cases with dotpromptz, Dotprompt for Python."""

import asyncio
import contextlib
import json
import logging
import sys
from pathlib import Path, PurePosixPath

from dotpromptz.dotprompt import Dotprompt
from dotpromptz.typing import DataArgument

logging.disable(logging.CRITICAL)


async def render(folder: Path, ask: str, given: dict) -> dict:
    def partial(name: str) -> str | None:
        path = PurePosixPath(name)
        file = folder / path.parent / f"_{path.name}.prompt"
        # As it is: Python would turn \r\n into \n.
        return file.read_bytes().decode() if file.is_file() else None

    try:
        source = (folder / f"{ask}.prompt").read_bytes().decode()
        rendered = await Dotprompt(partial_resolver=partial).render(source, DataArgument(input=given))
        messages = [message.model_dump(mode="json", by_alias=True, exclude_none=True) for message in rendered.messages]
        return {"messages": messages}
    except Exception as error:
        return {"error": str(error).split("\n")[0]}


async def main() -> None:
    cases = json.load(sys.stdin)
    # Standard output is for the answers.
    with contextlib.redirect_stdout(sys.stderr):
        answers = {case["name"]: await render(Path(case["dir"]), case["ask"], case["input"]) for case in cases}
    json.dump(answers, sys.stdout)


asyncio.run(main())
