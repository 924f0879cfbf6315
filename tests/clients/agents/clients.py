"""The clients: how each is started, and what a person types there to call a prompt."""

import json
import os
import shlex
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from cases import WORK
from model import Model

HERE = Path(__file__).resolve().parent
NODE = HERE / "node/node_modules/node/bin"
SECONDS = 60


class Client:
    """A client in a home of its own, from `with` to the end of its block."""

    # The folder here in which it is installed; `check --client` knows it by the same name.
    name = ""
    variables: dict[str, str] = {}
    # How many of it run at a time, each in a home of its own.
    lanes = 1
    # Whether its model can call tools here.
    calls = True
    # Whether a person has to type optional arguments too, for a prompt to arrive whole.
    types_every_argument = False

    def __init__(self, galleries: dict[str, str], model: Model, home: Path) -> None:
        """`galleries` are the addresses of MCP servers, by name."""
        self.galleries, self.model, self.home = galleries, model, home
        self.work = home / "work"

    def __enter__(self):
        for folder in (self.work, self.home / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        for name, text in WORK.items():
            (self.work / name).write_text(text)
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def start(self) -> None:
        """Writes its settings."""

    def stop(self) -> None:
        """Ends what `start` has started."""

    def type(self, line: str, form: dict | None) -> str:
        """Types a line and waits for the answer; what the person is told. `form` is the answer to a form."""
        raise NotImplementedError

    def call(self, prompt: str, arguments: dict[str, str]) -> tuple[str, dict | None]:
        """The line that calls a prompt of the gallery `g`, and the answer to the form that it opens."""
        raise NotImplementedError

    def whole(self, messages: list[tuple[str, str]]) -> list[str]:
        """What is to reach the model of a prompt's messages, which are pairs of role and text."""
        return [text.rstrip("\n") if role == "user" else f"{role}: {text}" for role, text in messages]

    def returned(self, tool: str, result: dict) -> str:
        """How a tool's result is to reach the model."""
        return "\n".join(self.blocks(result))

    def blocks(self, result: dict) -> list[str]:
        """The content blocks of a tool's result, as texts."""
        return [content.get("text") or f"<{content['type']}>" for content in result["content"]]

    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "PATH": f"{NODE}:/usr/bin:/bin",
            "TERM": "dumb",
            "LANG": "C.UTF-8",
            **self.variables,
        }

    def popen(self, *command: str, output) -> subprocess.Popen:
        """Starts its program as the leader of a process group, in an environment of its own."""
        return subprocess.Popen(
            command,
            env=self.environment(),
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, *command: str) -> str:
        """Runs its program to the end, and whatever that has started."""
        process = self.popen(*command, output=subprocess.PIPE)
        try:
            output, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            end(process)
            output = process.communicate()[0] + f"\nno end after {SECONDS} s".encode()
        end(process)
        return output.decode("utf-8", "replace")

    def bin(self, program: str) -> str:
        return str(HERE / self.name / "node_modules/.bin" / program)

    def write(self, path: str, value: dict | str) -> None:
        at = self.home / path
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(value if isinstance(value, str) else json.dumps(value))


def end(process: subprocess.Popen) -> None:
    """Ends a process and its group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            pass


class ClaudeCode(Client):
    name = "claude-code"

    def start(self) -> None:
        self.variables = {
            "ANTHROPIC_BASE_URL": self.model.url,
            "ANTHROPIC_API_KEY": "none",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            # Else the model has to search for tools first.
            "ENABLE_TOOL_SEARCH": "false",
            "DISABLE_AUTOUPDATER": "1",
            "IS_SANDBOX": "1",
        }

    def command(self, settings: dict) -> list[str]:
        servers = {"mcpServers": {name: {"type": "http", "url": url} for name, url in self.galleries.items()}}
        options = ["--strict-mcp-config", "--mcp-config", json.dumps(servers), "--settings", json.dumps(settings)]
        return [self.bin("claude"), "--model", "claude-sonnet-5", "--allowed-tools", "mcp__g", *options]

    def type(self, line: str, form: dict | None) -> str:
        settings = {}
        if form is not None:
            # In place of a person, a hook answers the form.
            answer = {"hookSpecificOutput": {"hookEventName": "Elicitation", "action": "accept", "content": form}}
            hook = {"type": "command", "command": f"printf %s {shlex.quote(json.dumps(answer))}"}
            settings = {"hooks": {"Elicitation": [{"hooks": [hook]}]}}
        return self.run(*self.command(settings), "-p", line)

    def call(self, prompt: str, arguments: dict[str, str]) -> tuple[str, dict | None]:
        return f"/mcp__g__{prompt}", arguments or None

    def returned(self, tool: str, result: dict) -> str:
        text = super().returned(tool, result).replace("<image>", "<image>\n<path>")
        # It shows forms, but cancels them without a terminal.
        return f"the form was cancelled, or not shown: {text}" if text.startswith("missing required") else text


class GeminiCli(Client):
    name = "gemini-cli"
    lanes = 2

    def start(self) -> None:
        self.variables = {
            "GEMINI_API_KEY": "none",
            "GOOGLE_GEMINI_BASE_URL": self.model.url,
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
            # Else it starts itself once more.
            "GEMINI_CLI_NO_RELAUNCH": "true",
        }
        settings = {
            "mcpServers": {name: {"httpUrl": url} for name, url in self.galleries.items()},
            "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
            "privacy": {"usageStatisticsEnabled": False},
            "general": {"enableAutoUpdate": False},
        }
        self.write(".gemini/settings.json", settings)

    def type(self, line: str, form: dict | None) -> str:
        return self.run(self.bin("gemini"), "-m", "gemini-2.5-flash", "--yolo", "-p", line)

    def call(self, prompt: str, arguments: dict[str, str]) -> tuple[str, dict | None]:
        if len(arguments) == 1:
            return " ".join([f"/{prompt}", *arguments.values()]), None
        return " ".join([f"/{prompt}", *(f'--{name}="{value}"' for name, value in arguments.items())]), None

    def whole(self, messages: list[tuple[str, str]]) -> list[str]:
        # The text is a JSON string.
        return [json.dumps(text, ensure_ascii=False) for _, text in messages]

    def returned(self, tool: str, result: dict) -> str:
        if result["isError"]:
            return json.dumps([{"functionResponse": {"name": tool, "response": result}}], separators=(",", ":"))
        # A picture is sent beside the text.
        picture = f"[Tool '{tool}' provided the following image data with mime-type: image/png]"
        marked = [f"<untrusted_context>\n{text}\n</untrusted_context>" for text in self.blocks(result)]
        return "\n".join(marked).replace("<untrusted_context>\n<image>\n</untrusted_context>", picture)


class Opencode(Client):
    """Its server, which its terminal talks to: the terminal sends the line's words as they are typed."""

    name = "opencode"
    types_every_argument = True
    variables = {
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    }

    def start(self) -> None:
        options = {"baseURL": f"{self.model.url}/v1", "apiKey": "none"}
        models = {"fake": {"limit": {"context": 99999, "output": 999}}}
        settings = {
            "autoupdate": False,
            "share": "disabled",
            "model": "fake/fake",
            "enabled_providers": ["fake"],
            "agent": {"title": {"disable": True}},
            "mcp": {name: {"type": "remote", "url": url} for name, url in self.galleries.items()},
            "provider": {"fake": {"npm": "@ai-sdk/openai-compatible", "options": options, "models": models}},
        }
        self.write(".config/opencode/opencode.json", settings)
        # Of a project that is none of git, it takes paths from `/` on.
        subprocess.run(["git", "init", "--quiet"], cwd=self.work, check=True)
        self.log = self.home / "server.log"
        with self.log.open("wb") as output:
            self.process = self.popen(self.bin("opencode"), "serve", "--port", "0", output=output)
        listens = "listening on "
        for _ in range(SECONDS * 10):
            if listens in (said := self.log.read_text()):
                self.url = said.split(listens)[1].split()[0]
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"opencode did not start: {self.log.read_text()}")

    def stop(self) -> None:
        end(self.process)

    def type(self, line: str, form: dict | None) -> str:
        command, _, words = line.partition(" ")
        try:
            session = self.post("/session", {})["id"]
            if command.startswith("/"):
                asked = {"command": command.removeprefix("/"), "arguments": words}
                answer = self.post(f"/session/{session}/command", asked)
            else:
                answer = self.post(f"/session/{session}/message", {"parts": [{"type": "text", "text": line}]})
        except urllib.error.HTTPError as error:
            return f"{error.code} {error.read().decode()}"
        return "\n".join(part.get("text", "") for part in answer["parts"])

    def post(self, path: str, body: dict) -> dict:
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.load(answer)

    def call(self, prompt: str, arguments: dict[str, str]) -> tuple[str, dict | None]:
        return " ".join([f"/g:{prompt}", *(f'"{value}"' for value in arguments.values())]), None

    def returned(self, tool: str, result: dict) -> str:
        # A picture is sent in a message of its own, if the model sees pictures.
        return "\n\n".join(text for text in self.blocks(result) if text != "<image>")


DEFAULT = (ClaudeCode, GeminiCli, Opencode)
