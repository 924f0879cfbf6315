"""Holds what clients hand to a model to the tables in cases.py: check.py PROGRAM CLIENT…, with a built prompt-gallery and
the folders of clients here.

One line a case; exits with 1 if one failed. `run` installs the clients and starts this.
"""

import difflib
import json
import signal
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor, wait
from queue import Empty, SimpleQueue

import clients
from cases import CALLS, CASES, LOST, PROMPTS, Case, samples
from full import FULL
from gallery import RESULTS, Gallery, galleries
from model import Model
from reached import texts

# Of a difference, as many are shown.
LINES = 20
# As many clients run at a time.
LANES = 4

counts = {"passed": 0, "lost": 0, "failed": 0}
output = threading.Lock()
stopped = threading.Event()


def note(outcome: str, line: str, *more: str) -> None:
    """Prints one case and counts it."""
    mark = {"passed": "ok     ", "lost": "lost   ", "failed": "FAILED "}[outcome]
    with output:
        counts[outcome] += 1
        print("\n".join([f"{mark} {line}", *(f"        {part}" for part in more)]), flush=True)


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


def check_shipped(client: clients.Client, gallery: Gallery, name: str, case: str, arguments: dict[str, str]) -> None:
    """A prompt of `prompts/`: what `prompts/get` gives for these arguments is to reach the model."""
    messages = gallery.ask("prompts/get", name=name, arguments=arguments)["messages"]
    expected = client.whole([(message["role"], message["content"]["text"]) for message in messages])
    line, form = client.call(name, arguments)
    reached, said = types(client, line, form)
    how = outcome(expected, reached)
    shown = f"{client.name} {line!r}" + (", and a form" if form else "")
    known = LOST[client.name].get(case)
    if how == (known.how if known else "whole"):
        note("lost", f"{shown}: {known.why}") if known else note("passed", shown)
    else:
        was = f"{known.how} ({known.why})" if known else "whole"
        now = [] if how == "whole" else difference(expected, reached, said)
        note("failed", shown, f"arrives as `{how}`; LOST in cases.py says: {was}", *now)


def check_call(client: clients.Client, gallery: Gallery, tool: str, arguments: dict) -> None:
    """The model calls a tool: what `tools/call` gives is to come back to it."""
    expected = client.returned(tool, gallery.ask("tools/call", name=tool, arguments=arguments))
    client.model.calls = [(tool, arguments)]
    reached, said = types(client, "Call the tool.", None)
    got = "\n".join(text.removeprefix("tool: ") for text in reached or [] if text.startswith("tool: "))
    shown = f"{client.name} calls {tool} {json.dumps(arguments)}"
    note("passed", shown) if got == expected else note("failed", shown, *difference([expected], [got], said))


def outcome(expected: list[str], reached: list[str] | None) -> str:
    if reached is None:
        return "not asked"
    if reached == expected:
        return "whole"
    begins = expected[0].split()[0]
    return "differs" if reached and reached[0].startswith(begins) else "no prompt"


def check_client(kind: type[clients.Client], lane: int, urls: dict[str, str], todo: SimpleQueue) -> None:
    """Tries the lines and the prompts of the queue, to its end, in one home."""
    try:
        with Model() as model, kind(urls, model, RESULTS / f"{kind.name}-{lane}") as client:
            while not stopped.is_set():
                check, *what = todo.get_nowait()
                check(client, *what)
    except Empty:
        pass
    except Exception:
        note("failed", kind.name, *traceback.format_exc().splitlines())


def queue(kind: type[clients.Client], gallery: Gallery, shipped: list[dict]) -> SimpleQueue:
    """What is to be tried with a client."""
    todo = SimpleQueue()
    for case in CASES.get(kind.name, {}).items():
        todo.put((check_case, *case))
    for call in CALLS if kind.calls else []:
        todo.put((check_call, gallery, *call))
    if kind.name in LOST:
        schemas = gallery.schemas()
        unknown = set(LOST[kind.name])
        for prompt in shipped:
            name = prompt["name"]
            for case, arguments in samples(prompt, schemas[name].get("properties", {}), kind.types_every_argument).items():
                todo.put((check_shipped, gallery, name, case, arguments))
                unknown.discard(case)
        for case in unknown:
            note("failed", f"{kind.name} {case}: there is no such case; remove it from LOST in cases.py")
    return todo


def main() -> None:
    program, *names = sys.argv[1:]
    # Ends as Ctrl-C does: each client ends its processes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with galleries(program) as served, ThreadPoolExecutor(LANES) as pool:
        urls = {name: gallery.url for name, gallery in served.items()}
        listed = served["g"].ask("prompts/list")["prompts"]
        shipped = [prompt for prompt in listed if prompt["name"] not in PROMPTS]
        tasks = []
        for kind in (*clients.DEFAULT, *FULL):
            if kind.name in names:
                todo = queue(kind, served["g"], shipped)
                tasks += [pool.submit(check_client, kind, lane, urls, todo) for lane in range(kind.lanes)]
        try:
            wait(tasks)
        except KeyboardInterrupt:
            stopped.set()
            sys.exit(130)
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    sys.exit(counts["failed"] > 0)


main()
