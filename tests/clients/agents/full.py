"""The clients of the full part: Qwen Code, clients that have tools alone, and libraries."""

import json

from clients import HERE, Client, GeminiCli


class QwenCode(GeminiCli):
    name = "qwen-code"
    lanes = 1

    def start(self) -> None:
        self.variables = {
            "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": f"{self.model.url}/v1",
            "OPENAI_MODEL": "fake",
            "QWEN_CODE_SUPPRESS_YOLO_WARNING": "1",
        }
        settings = {
            "mcpServers": {name: {"httpUrl": url} for name, url in self.galleries.items()},
            "security": {"auth": {"selectedType": "openai"}},
            "privacy": {"usageStatisticsEnabled": False},
            "general": {"enableAutoUpdate": False},
            "memory": {"enableManagedAutoMemory": False},
            # Else the model has to search for tools first.
            "tools": {"toolSearch": {"enabled": False}},
        }
        self.write(".qwen/settings.json", settings)

    def type(self, line: str, form: dict | None) -> str:
        return self.run(self.bin("qwen"), "--yolo", line)

    def returned(self, tool: str, result: dict) -> str:
        if result["isError"]:
            response = {"error": result, "content": result["content"]}
            return json.dumps([{"functionResponse": {"name": tool, "response": response}}], separators=(",", ":"))
        text = Client.returned(self, tool, result)
        if "<image>" not in text:
            return text
        # The picture itself is sent only to a model that sees pictures.
        picture = f"[Tool '{tool}' provided the following image data with mime-type: image/png]"
        return text.replace("<image>", picture) + "\n[image: image/png]"


class Codex(Client):
    name = "codex"

    def start(self) -> None:
        lines = [
            'model = "fake"',
            'model_provider = "fake"',
            "[model_providers.fake]",
            'name = "fake"',
            f'base_url = "{self.model.url}/v1"',
            'wire_api = "responses"',
        ]
        for name, url in self.galleries.items():
            lines += [f"[mcp_servers.{name}]", f'url = "{url}"']
        self.write(".codex/config.toml", "\n".join(lines))

    def type(self, line: str, form: dict | None) -> str:
        options = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
        return self.run(self.bin("codex"), "exec", *options, line)


class Copilot(Client):
    name = "copilot"

    def start(self) -> None:
        self.variables = {
            "COPILOT_PROVIDER_BASE_URL": f"{self.model.url}/v1",
            "COPILOT_MODEL": "fake",
            "COPILOT_OFFLINE": "true",
        }
        servers = {name: {"type": "http", "url": url, "tools": ["*"]} for name, url in self.galleries.items()}
        self.write(".copilot/mcp-config.json", {"mcpServers": servers})

    def type(self, line: str, form: dict | None) -> str:
        return self.run(self.bin("copilot"), "-p", line, "--allow-all-tools")

    def returned(self, tool: str, result: dict) -> str:
        # It joins the texts and drops pictures.
        text = "".join(text for text in self.blocks(result) if text != "<image>")
        if text.startswith("missing required"):
            text = f"the form was declined: {text}"
        return f"MCP server 'g': {text}" if result["isError"] else text


class Continue(Client):
    name = "continue"
    variables = {"CONTINUE_TELEMETRY_ENABLED": "0"}

    def start(self) -> None:
        model = {
            "name": "fake",
            "provider": "openai",
            "model": "fake",
            "apiBase": f"{self.model.url}/v1",
            "apiKey": "none",
        }
        servers = [{"name": name, "type": "streamable-http", "url": url} for name, url in self.galleries.items()]
        config = {
            "name": "test",
            "version": "1.0.0",
            "schema": "v1",
            "models": [{**model, "roles": ["chat"], "capabilities": ["tool_use"]}],
            "mcpServers": servers,
        }
        # Its configuration is YAML, of which JSON is a part.
        self.write("config.yaml", config)

    def type(self, line: str, form: dict | None) -> str:
        return self.run(self.bin("cn"), "--config", str(self.home / "config.yaml"), "--auto", "-p", line)

    def returned(self, tool: str, result: dict) -> str:
        return json.dumps(result["content"], separators=(",", ":"))


class Cline(Client):
    name = "cline"

    def start(self) -> None:
        options = ["-p", "openai-compatible", "-k", "none", "-m", "fake", "-b", f"{self.model.url}/v1"]
        self.run(self.bin("cline"), "auth", *options)
        servers = {n: {"transport": {"type": "streamableHttp", "url": url}} for n, url in self.galleries.items()}
        self.write(".cline/data/settings/cline_mcp_settings.json", {"mcpServers": servers})

    def type(self, line: str, form: dict | None) -> str:
        return self.run(self.bin("cline"), "-P", "openai-compatible", "-m", "fake", line)

    def stop(self) -> None:
        # It leaves a daemon.
        self.run(self.bin("cline"), "hub", "stop")

    def returned(self, tool: str, result: dict) -> str:
        return json.dumps(result, separators=(",", ":"))


class Library(Client):
    """A library for agents. A line is a prompt's name and its arguments as JSON."""

    python = ""

    def type(self, line: str, form: dict | None) -> str:
        python = HERE / (self.python or self.name) / "venv/bin/python"
        said = self.run(str(python), str(HERE / "library.py"), self.name, self.galleries["g"], self.model.url, line)
        last = said.strip().splitlines()[-1]
        # What it gives to its caller counts as what the model gets.
        if last.startswith("[{"):
            self.model.requests.append({"messages": json.loads(last)})
        return said


class FastAgent(Library):
    name = "fast-agent"


class Langchain(Library):
    name = "langchain-mcp-adapters"
    calls = False


class OpenaiAgents(Library):
    name = "openai-agents"

    def returned(self, tool: str, result: dict) -> str:
        # Pictures are dropped.
        return "\n".join(text for text in self.blocks(result) if text != "<image>")


class McpRemote(OpenaiAgents):
    name, python = "mcp-remote", "openai-agents"


class PydanticAi(Library):
    name = "pydantic-ai"

    def returned(self, tool: str, result: dict) -> str:
        if result["isError"]:
            return json.dumps({"error": super().returned(tool, result)}, separators=(",", ":"))
        structured = result.get("structuredContent")
        if structured:
            # Of an object whose one key is `result`, the value.
            return json.dumps(structured.get("result", structured), separators=(",", ":"))
        # The picture follows in a message of the user; the number is a hash of it.
        texts = ["See file 2732f1." if text == "<image>" else text for text in self.blocks(result)]
        return texts[0] if len(texts) == 1 else json.dumps(texts, separators=(",", ":"))


FULL = (QwenCode, Codex, Copilot, Continue, Cline, FastAgent, Langchain, McpRemote, OpenaiAgents, PydanticAi)
