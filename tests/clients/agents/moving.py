"""Exported prompts in the clients that read them: moving.py PROGRAM CLIENT…

What `prompt-gallery export` writes is put where each client looks for its commands. What reaches the model is to be what
`prompt-gallery render` prints, also for texts that another client would run or replace. `run` starts it after check.py.
"""

import signal
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import clients
from gallery import RESULTS
from model import Model
from reached import texts

ROOT = Path(__file__).resolve().parents[3]
# The target, the folder in which a client looks for commands, and what it writes between a folder and a file.
PLACES = {
    "claude-code": ("claude", ".claude/commands", ":"),
    "gemini-cli": ("gemini", ".gemini/commands", ":"),
    "opencode": ("opencode", ".opencode/commands", "/"),
}
NONE = "---\ndescription: d\n---\n"
ONE = "---\ndescription: \"It's: --- one\"\narguments: [{name: who, required: true}]\n---\n"
TWO = "---\ndescription: d\narguments: [{name: a, required: true}, {name: a-b, required: true}]\n---\n"
ADA = 'Ada "L." $1'
# Each prompt, the words after its command, and the arguments that they are.
PROMPTS = {
    "one": (ONE + "Greet {{who}}, {{who}}s, `{{who}}`! and [{{who}}].", ADA, {"who": ADA}),
    "two": (TWO + "[{{a}}] {{a}}s {{a}}-b [{{a-b}}]", '"x y" z', {"a": "x y", "a-b": "z"}),
    "team/plain": (
        NONE + "---\nkey: value\n---\n\"\"\" ''' ``` \"\"\"\" \\\"\"\" `@notes.txt` a@notes.txt grüße 代码 🚀 “x”\tTab\n"
        "\n---\n\na\\b \\n \\{ \\\\ c:\\dir `git diff`! and a last \"",
        "",
        {},
    ),
    "dollars": (ONE + "$1 and $20.50, $ARGUMENTS, $0x, $who, awk '{print $1}' {{who}}", "Ada", {"who": "Ada"}),
    "braces": (NONE + "\\{{args}} and \\{{x}} and \\{{{y}}}, !{echo RAN}", "", {}),
    "block": (NONE + "```!\necho RAN\n```", "", {}),
    "command": (NONE + "Run !`echo RAN`, see @notes.txt", "", {}),
}
# The prompts that `export` refuses for a client, because it would run or replace a part of them.
REFUSED = {
    "claude-code": {"block", "command"},
    "gemini-cli": {"braces"},
    "opencode": {"dollars", "command"},
}
# A prompt of the repository, and its only required argument.
SHIPPED = ("docs/adr", "decision")


def run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}).stdout


def rendered(program: str, folder: Path, name: str, arguments: dict[str, str]) -> str:
    values = [f"{key}={value}" for key, value in arguments.items()]
    return run(program, "render", name.replace("/", "_"), *values, "--dir", str(folder)).rstrip("\n")


def exported(program: str, kind: type[clients.Client], home: Path) -> list[tuple[str, str]]:
    """Exports the prompts; the lines to type, and the text that each is to give."""
    target, place, separator = PLACES[kind.name]
    prompts, commands = home / "prompts", home / "work" / place
    for name, (text, _, _) in PROMPTS.items():
        at = prompts / f"{name}.prompt"
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(text)
    said = run(program, "export", "--to", target, str(commands), "--dir", str(prompts))
    refused = {name for name in PROMPTS if f"{name.replace('/', '_')}: refused: " in said}
    assert refused == REFUSED[kind.name], said
    run(program, "export", "--to", target, str(commands), "--dir", str(ROOT / "prompts"))
    found = []
    for name, (_, words, arguments) in PROMPTS.items():
        if name not in refused:
            text = rendered(program, prompts, name, arguments)
            found.append((f"/{name.replace('/', separator)} {words}".rstrip(), text))
    name, argument = SHIPPED
    text = rendered(program, ROOT / "prompts", name, {argument: "Ada Lovelace"})
    return [*found, (f"/{name.replace('/', separator)} Ada Lovelace", text)]


def is_right(kind: type[clients.Client], line: str, reached: list[str] | None, expected: str) -> bool:
    if kind.name == "gemini-cli" and line.startswith("/two"):
        # It has one placeholder, so two arguments are listed in words, and the line follows the text.
        begins, ends = "This prompt has arguments.", f"[{{{{a}}}}] {{{{a}}}}s {{{{a}}}}-b [{{{{a-b}}}}]\n\n{line}"
        return reached is not None and len(reached) == 1 and reached[0].startswith(begins) and reached[0].endswith(ends)
    return reached == [expected]


def check(program: str, kind: type[clients.Client]) -> bool:
    """Whether each exported prompt arrives whole."""
    home = RESULTS / f"{kind.name}-moving"
    passed = True
    try:
        lines = exported(program, kind, home)
        with Model() as model, kind({}, model, home) as client:
            for line, expected in lines:
                model.requests.clear()
                said = client.type(line, None)
                reached = texts(model.requests[-1]) if model.requests else None
                if is_right(kind, line, reached, expected):
                    print(f"ok      {kind.name} {line!r}, exported", flush=True)
                    continue
                passed = False
                told = said.strip()[-200:]
                print(f"FAILED  {kind.name} {line!r}, exported\n  expected {[expected]}\n  reached  {reached}\n  told {told!r}")
    except Exception:
        passed = False
        print(f"FAILED  {kind.name}\n{traceback.format_exc()}")
    return passed


def main() -> None:
    program, *names = sys.argv[1:]
    # Ends as Ctrl-C does: each client ends its processes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    RESULTS.mkdir(exist_ok=True)
    kinds = [kind for kind in clients.DEFAULT if kind.name in names]
    with ThreadPoolExecutor(len(kinds) or 1) as pool:
        passed = list(pool.map(lambda kind: check(program, kind), kinds))
    sys.exit(not all(passed))


main()
