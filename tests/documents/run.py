"""Runs commands of the documents in a folder of their own, with the program in PROGRAM, and compares what they print."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ["PROGRAM"]
PATIENCE = 120


def blocks(document: str, heading: str, language: str) -> list[str]:
    """The blocks of a language in the section of a heading."""
    text = (ROOT / document).read_text()
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return [rest.split("\n```", 1)[0] for rest in section.split(f"```{language}\n")[1:]]


class Shell:
    """A shell in an empty folder. `prompt-gallery` is the program, and so is `cargo run`, which would build it for minutes."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.errors = folder / "stderr"
        tools = folder / "bin"
        self.home.mkdir()
        tools.mkdir()
        (tools / "prompt-gallery").symlink_to(PROGRAM)
        cargo = tools / "cargo"
        cargo.write_text('#!/bin/sh\n[ "$1" = run ] || exit 2\nshift\n[ "$1" != -- ] || shift\nexec prompt-gallery "$@"\n')
        cargo.chmod(0o755)
        self.environment = {**os.environ, "HOME": str(self.home), "PATH": f"{tools}:{os.environ['PATH']}", "RUST_LOG": "warn"}

    def start(self, commands: str, **environment: str) -> subprocess.Popen[str]:
        with self.errors.open("a") as errors:
            return subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", commands],
                cwd=self.home,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )

    def run(self, commands: str) -> str:
        started = self.start(commands)
        try:
            printed, _ = started.communicate(timeout=PATIENCE)
        finally:
            stop(started)
        assert started.returncode == 0, f"{commands}\nended with {started.returncode}:\n{printed}"
        return printed


def stop(started: subprocess.Popen[str]) -> None:
    """Ends the shell and what it has started: they are a process group."""
    if started.poll() is None:
        os.killpg(started.pid, signal.SIGTERM)
        started.wait(timeout=PATIENCE)


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def equal(shown: str, printed: str) -> None:
    assert shown.strip() == printed.strip(), f"the document shows\n{shown}\nand the command prints\n{printed}"


def quick_start(shell: Shell) -> None:
    heading = "From a clone to a prompt"
    clone, ask = blocks("README.md", heading, "sh")
    (greeting,) = blocks("README.md", heading, "text")
    (answer,) = blocks("README.md", heading, "json")
    port = free_port()
    here = lambda text: text.replace("127.0.0.1:8080", f"127.0.0.1:{port}")  # noqa: E731
    server = shell.start(clone.replace("REPOSITORY", str(ROOT), 1), PORT=port)
    try:
        printed = []
        for line in server.stdout:
            printed.append(line)
            if line.startswith("Ctrl-C"):
                break
        equal(here(greeting), "".join(printed))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as page:
            assert page.status == 200 and b"<title>" in page.read()
        equal(answer, shell.run(here(ask)))
    finally:
        stop(server)


def a_prompt(shell: Shell) -> None:
    (commands,) = blocks("docs/getting-started.md", "Write a prompt", "sh")
    assert "Hello" in shell.run(commands)


def a_skill(shell: Shell) -> None:
    (commands,) = blocks("docs/skills.md", "A first skill", "sh")
    assert "refunds" in shell.run(commands)


def export(shell: Shell) -> None:
    (commands,) = blocks("docs/moving.md", "Export", "sh")
    shutil.copytree(ROOT / "prompts", shell.home / "prompts")
    (line,) = blocks("docs/moving.md", "Export", "text")
    assert line in shell.run(commands).splitlines(), line


def settings_of_clients(_: Shell) -> None:
    for block in blocks("docs/clients.md", "Without a server", "json"):
        json.loads(block)


for case in [quick_start, a_prompt, a_skill, export, settings_of_clients]:
    name = case.__name__.replace("_", " ")
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(Path(folder))
        try:
            case(shell)
        except (AssertionError, OSError, subprocess.TimeoutExpired, ValueError) as error:
            errors = shell.errors.read_text() if shell.errors.exists() else ""
            sys.exit(f"FAILED  {name}: {error}\n{errors}")
    print(f"ok      {name}", flush=True)
