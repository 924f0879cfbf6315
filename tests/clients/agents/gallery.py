"""The galleries that clients are tried against: `g` has the prompts of `prompts/` and of the cases, `pages` one a page."""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cases import FILES, PAGES, PROMPTS

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"


class Gallery:
    """The program, on a free port, from `with` to the end of its block."""

    def __init__(self, program: str, folder: Path, **settings: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{address}/mcp"
        self.health = f"http://{address}/health"
        self.environment = {"RUST_LOG": "warn", **settings}
        self.log = folder.with_suffix(".log")
        self.command = [program, "--dir", str(folder), "--addr", address]

    def __enter__(self):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        for _ in range(100):
            try:
                urllib.request.urlopen(self.health, timeout=5).close()
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        self.__exit__()
        sys.exit(f"FAILED  the gallery did not start\n{self.log.read_text()}")

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait()

    def ask(self, method: str, **params) -> dict:
        """The result of a request; an error is raised with its message."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer = json.load(answer)
        if "error" in answer:
            raise ValueError(answer["error"]["message"])
        return answer["result"]

    def schemas(self) -> dict[str, dict]:
        """The JSON Schema of each prompt's arguments."""
        found, cursor = {}, ""
        while cursor is not None:
            page = self.ask("tools/call", name="search_prompts", arguments={"cursor": cursor})["structuredContent"]
            found |= {prompt["name"]: prompt["arguments"] for prompt in page["prompts"]}
            cursor = page.get("nextCursor")
        return found


@contextmanager
def galleries(program: str) -> Iterator[dict[str, Gallery]]:
    """Both galleries, by name, until the end of the block."""
    shutil.copytree(HERE.parents[2] / "prompts", RESULTS / "g")
    write(RESULTS / "g", {f"{name}.prompt": text for name, text in PROMPTS.items()} | FILES)
    write(RESULTS / "pages", {f"{name}.prompt": text for name, text in PAGES.items()})
    # The model is to call the tools of `g`.
    of_pages = {"PAGE_SIZE": "1", "PROMPT_TOOLS": "off"}
    with Gallery(program, RESULTS / "g") as g, Gallery(program, RESULTS / "pages", **of_pages) as pages:
        yield {"g": g, "pages": pages}


def write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
