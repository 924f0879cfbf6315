"""Claude Code in a terminal: terminal.py PROGRAM LINE KEY…, with a built prompt-gallery. Needs tmux.

Types LINE and then each KEY, which is a name of tmux (Enter, Down), or `paste:TEXT`. Prints the screen after each, and what
reached the model. How a form looks and what it does is read here, for no other check opens a terminal:

    python3 terminal.py ../../../target/debug/prompt-gallery '/mcp__g__typed x wrong' Right Down Enter Enter
"""

import json
import shutil
import subprocess
import sys
import time

from clients import ClaudeCode
from gallery import RESULTS, galleries
from model import Model
from reached import texts

TMUX = ["tmux", "-L", "prompt-gallery", "-f", "/dev/null"]


class Terminal(ClaudeCode):
    def start(self) -> None:
        super().start()
        self.variables |= {"TERM": "xterm-256color"}
        folder = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
        asked = {"approved": [self.variables["ANTHROPIC_API_KEY"]], "rejected": []}
        projects = {str(self.work): folder}
        self.write(
            ".claude.json",
            {"hasCompletedOnboarding": True, "theme": "dark", "customApiKeyResponses": asked, "projects": projects},
        )
        size = ["-x", "110", "-y", "40"]
        self.tmux("new-session", "-d", *size, "-c", str(self.work), "env", "-i", *self.environment(), *self.command({}))

    def stop(self) -> None:
        self.tmux("kill-server")

    def environment(self) -> list[str]:
        return [f"{name}={value}" for name, value in super().environment().items()]

    def tmux(self, *command: str) -> str:
        return subprocess.run([*TMUX, *command], check=True, capture_output=True, text=True).stdout

    def screen(self) -> str:
        """The end of what it shows, once that stays the same."""
        shown = ""
        for _ in range(20):
            time.sleep(0.5)
            before, shown = shown, self.tmux("capture-pane", "-p")
            if shown == before and shown.strip():
                break
        return "\n".join([line for line in shown.splitlines() if line.strip()][-12:])

    def press(self, key: str) -> None:
        if key.startswith("paste:"):
            self.tmux("set-buffer", key.removeprefix("paste:"))
            self.tmux("paste-buffer", "-p")
        else:
            self.tmux("send-keys", key)


def main() -> None:
    program, line, *keys = sys.argv[1:]
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir()
    with galleries(program) as served, Model() as model:
        urls = {name: gallery.url for name, gallery in served.items()}
        with Terminal(urls, model, RESULTS / "terminal") as client:
            client.screen()
            client.tmux("send-keys", "-l", line)
            client.screen()
            for key in ("Enter", *keys):
                client.press(key)
                print(f"== {key}\n{client.screen()}")
    for request in model.requests:
        print("== reached", json.dumps(texts(request), ensure_ascii=False))


main()
