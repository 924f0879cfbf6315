"""Holds what clients hand to a model to the tables in cases.py: check.py PROGRAM CLIENT…, with a built prompt-gallery and
the folders of clients here.

One line a case; exits with 1 if one failed. `run` installs the clients and starts this.
"""

import difflib
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
import traceback
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue

import clients
from cases import CALLS, CASES, FILES, LOST, PAGES, PROMPTS, Case, sample
from full import FULL
from model import Model
from reached import texts

ROOT = Path(__file__).resolve().parents[3]
# Of a difference, as many are shown.
LINES = 20
# As many clients run at a time.
LANES = 4
RESULTS = Path(__file__).resolve().parent / "results"

counts = {"passed": 0, "lost": 0, "failed": 0}
output = threading.Lock()


def note(outcome: str, line: str, *more: str) -> None:
    """Prints one case and counts it."""
    mark = {"passed": "ok     ", "lost": "lost   ", "failed": "FAILED "}[outcome]
    with output:
        counts[outcome] += 1
        print("\n".join([f"{mark} {line}", *(f"        {part}" for part in more)]), flush=True)


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


def types(client: clients.Client, line: str, form: dict | None) -> tuple[list[str] | None, str]:
    """What reached the model, or None if it was not asked, and what the person was told."""
    client.model.requests.clear()
    said = client.type(line, form)
    return (texts(client.model.requests[-1]) if client.model.requests else None), said


def difference(expected: list[str] | None, reached: list[str] | None, said: str) -> list[str]:
    """The lines that differ, as of a diff, and the end of what the person was told."""

    def lines(found: list[str] | None) -> list[str]:
        return ["(the model is not asked)"] if found is None else "\n----\n".join(found).splitlines()

    diff = [*difflib.unified_diff(lines(expected), lines(reached), "expected", "reached", n=0, lineterm="")]
    shown = [line[:160] for line in diff if not line.startswith("@@")][:LINES]
    if expected != reached and not shown:
        shown = [f"expected {expected}", f"reached {reached}"]
    return [*shown, *(f"told: {line[:160]}" for line in said.strip().splitlines()[-3:])]


def check_case(client: clients.Client, line: str, case: Case) -> None:
    reached, said = types(client, line, case.form)
    if reached == case.texts and case.told in said:
        note("passed", f"{client.name} {line!r}")
    else:
        expected = [f"expected to be told: {case.told}"] if case.told else []
        note("failed", f"{client.name} {line!r}", *expected, *difference(case.texts, reached, said))


def check_shipped(client: clients.Client, gallery: Gallery, prompt: dict) -> None:
    """A prompt of `prompts/`: what `prompts/get` gives for the required arguments is to reach the model."""
    name = prompt["name"]
    arguments = sample(prompt)
    messages = gallery.ask("prompts/get", name=name, arguments=arguments)["messages"]
    expected = client.whole([(message["role"], message["content"]["text"]) for message in messages])
    line, form = client.call(name, arguments)
    reached, said = types(client, line, form)
    how = outcome(expected, reached)
    shown = f"{client.name} {line!r}" + (", and a form" if form else "")
    known = LOST[client.name].get(name)
    if how == (known.how if known else "whole"):
        note("lost", f"{shown}: {known.why}") if known else note("passed", shown)
    else:
        was = f"{known.how} ({known.why})" if known else "whole"
        now = [] if how == "whole" else difference(expected, reached, said)
        note("failed", shown, f"arrives as `{how}`; LOST in cases.py says: {was}", *now)


def check_call(client: clients.Client, gallery: Gallery, tool: str, arguments: dict) -> None:
    """The model calls a tool: what `tools/call` gives is to come back to it."""
    expected = [client.returned(tool, gallery.ask("tools/call", name=tool, arguments=arguments))]
    client.model.calls = [(tool, arguments)]
    reached, said = types(client, "Calculate it.", None)
    got = [text.removeprefix("tool: ") for text in reached or [] if text.startswith("tool: ")]
    shown = f"{client.name} calls {tool} {json.dumps(arguments)}"
    note("passed", shown) if got == expected else note("failed", shown, *difference(expected, got, said))


def outcome(expected: list[str], reached: list[str] | None) -> str:
    if reached is None:
        return "not asked"
    if reached == expected:
        return "whole"
    begins = expected[0].split()[0]
    return "differs" if reached and reached[0].startswith(begins) else "no prompt"


def check_client(kind: type[clients.Client], lane: int, galleries: dict[str, Gallery], todo: SimpleQueue) -> None:
    """Tries the lines and the prompts of the queue, to its end, in one home."""
    try:
        urls = {name: gallery.url for name, gallery in galleries.items()}
        with Model() as model, kind(urls, model, RESULTS / f"{kind.name}-{lane}") as client:
            while True:
                try:
                    check, *what = todo.get_nowait()
                except Empty:
                    return
                check(client, *what)
    except Exception:
        note("failed", kind.name, *traceback.format_exc().splitlines())


def folder(name: str, files: dict[str, str]) -> Path:
    """A folder of prompts."""
    at = RESULTS / name
    at.mkdir(exist_ok=True)
    for file, text in files.items():
        (at / file).write_text(text)
    return at


def prompts(texts: dict[str, str]) -> dict[str, str]:
    return {f"{name}.prompt": text for name, text in texts.items()}


def main() -> None:
    program, *names = sys.argv[1:]
    shutil.copytree(ROOT / "prompts", RESULTS / "g")
    own, pages = folder("g", prompts(PROMPTS) | FILES), folder("pages", prompts(PAGES))
    kinds = [kind for kind in (*clients.DEFAULT, *FULL) if kind.name in names]
    with Gallery(program, own) as g, Gallery(program, pages, PAGE_SIZE="1") as paged:
        shipped = [prompt for prompt in g.ask("prompts/list")["prompts"] if prompt["name"] not in PROMPTS]
        with ThreadPoolExecutor(LANES) as pool:
            for kind in kinds:
                todo = SimpleQueue()
                for case in CASES.get(kind.name, {}).items():
                    todo.put((check_case, *case))
                for call in CALLS if kind.calls else []:
                    todo.put((check_call, g, *call))
                known = LOST.get(kind.name)
                for prompt in shipped if known is not None else []:
                    todo.put((check_shipped, g, prompt))
                for name in (known or {}).keys() - {prompt["name"] for prompt in shipped}:
                    note("failed", f"{kind.name} {name}: there is no such prompt; remove it from LOST in cases.py")
                for lane in range(kind.lanes):
                    pool.submit(check_client, kind, lane, {"g": g, "pages": paged}, todo)
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    sys.exit(counts["failed"] > 0)


main()
