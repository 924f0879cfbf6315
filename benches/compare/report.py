#!/usr/bin/env python3
"""The tables of one run, as Markdown: report.py RESULTS.json. run.py writes them into docs/performance.md.

All that is in them is computed from the samples: the targets below say what is aimed at, not what was reached.
"""

import json
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from scenarios import SCENARIOS

PEERS = ("fastmcp", "fastmcp-search", "fastmcp-skills", "ts-express", "ts-serverless")
FAILED, MISSING = "failed", "not measured"
Row = dict  # the figures of one system in one cell, by name; `error` if it failed


def percentile(values: list[float], p: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * p // 100)]


def number(x: float | str | None) -> str:
    if x is None:
        return "-"
    if isinstance(x, str):
        return x
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:.3g}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *map(list, rows)])


class Run:
    """The figures of one run, by pass ("lambda", "delayed", "http"), scenario, number of prompts or skills and system."""

    def __init__(self, results: dict):
        self.about, self.others, self.options = results["about"], results["others"], results["options"]
        self.systems: list[str] = results["systems"]
        self.packages: dict[str, list[float]] = results["packages"]
        samples: dict[tuple, list[dict]] = {}
        for sample in results["samples"]:
            key = (sample["pass"], sample.get("scenario"), sample["n"], sample["system"])
            samples.setdefault(key, []).append(sample)
        self.starts = {
            key[3]: statistics.median(s["start_ms"] for s in found)
            for key, found in samples.items()
            if key[0] == "start"
        }
        row_of = {"http": http_row, "stdio": stdio_row}
        self.rows: dict[tuple, Row] = {
            key: row_of.get(key[0], lambda_row)(found)
            for key, found in samples.items()
            if key[0] != "start"
        }
        for (path, scenario, n, _), row in self.rows.items():
            self.compare(path, scenario, n, row)

    def compare(self, path: str, scenario: str, n: int, row: Row) -> None:
        asked = SCENARIOS[scenario]
        for name in ("cold", "p50", "c1_p50", "c32_rps"):
            floor = asked.cold_floor if name == "cold" else asked.warm_floor
            against = {
                "peer": self.best(path, scenario, n, name, max if name.endswith("rps") else min)[1],
                "floor": self.value(path, scenario, n, floor, name),
                "floor-s3": self.value(path, scenario, n, "floor-s3", name),
            }
            for what, other in against.items():
                if name in row and isinstance(other, float):
                    row[f"{name}/{what}"] = row[name] / other

    def value(self, path: str, scenario: str, n: int, system: str, name: str) -> float | str:
        """A figure, or why there is none."""
        row = self.rows.get((path, scenario, n, system))
        if row is None:
            return MISSING
        return FAILED if "error" in row else float(row[name]) if name in row else MISSING

    def best(self, path: str, scenario: str, n: int, name: str, of: Callable) -> tuple[str, float | None]:
        """The peer with the best figure, and the figure."""
        found = [(p, self.value(path, scenario, n, p, name)) for p in PEERS]
        found = [(p, v) for p, v in found if isinstance(v, float)]
        return of(found, key=lambda f: f[1]) if found else ("", None)

    def cells(self, path: str) -> list[tuple[str, int]]:
        return list(dict.fromkeys((scenario, n) for p, scenario, n, _ in self.rows if p == path))

    def table(self, path: str, columns: dict[str, str]) -> str:
        lines = []
        for scenario, n in self.cells(path):
            for system in self.systems:
                if row := self.rows.get((path, scenario, n, system)):
                    figures = [number(row.get(name)) for name in columns]
                    if "error" in row:
                        why = " ".join(row["error"].split())[:90].replace("|", "\\|").replace("`", "'")
                        figures = [f"failed: `{why}`"] + [""] * (len(columns) - 1)
                    lines.append([scenario, str(n), system, *figures])
        return table(["scenario", "N", "system", *columns.values()], lines)


def lambda_row(samples: list[dict]) -> Row:
    """Medians over the processes; the warm invocations of all of them are one sample."""
    for sample in samples:
        if "error" in sample:
            return {"error": sample["error"]}
    row = {
        name: statistics.median(s[name] for s in samples)
        for name, x in samples[0].items()
        if isinstance(x, (int, float)) and name != "n"
    }
    warm = [x for s in samples for x in s["warm_ms"]]
    return {**row, "cold": row["cold_ms"], "p50": percentile(warm, 50), "p99": percentile(warm, 99)}


def http_row(samples: list[dict]) -> Row:
    """Medians over the loads."""
    for sample in samples:
        if "error" in sample:
            return {"error": sample["error"]}
    row = {}
    for load in ("c1", "c32"):
        measured = [sample[load] for sample in samples if load in sample]
        row |= {f"{load}_{name}": statistics.median(m[name] for m in measured) for name in (measured or [{}])[0]}
    if firsts := [sample["first_ms"] for sample in samples if "first_ms" in sample]:
        row["first_ms"] = firsts[0]
    return row


def stdio_row(samples: list[dict]) -> Row:
    """The median over the processes."""
    for sample in samples:
        if "error" in sample:
            return {"error": sample["error"]}
    return {"first": statistics.median(sample["first_ms"] for sample in samples)}


# ---- Where it stands ----

Judged = tuple[str, str, str, str, str]  # target, the gallery's figure, what it is held against, the ratio, the verdict


def verdict(met: bool) -> str:
    return "met" if met else "NOT met"


def bound(
    target: str, ours: float | str, limit: float, unit: str = "", note: str = "", exactly: bool = False
) -> Judged:
    if isinstance(ours, str):
        return target, ours, f"{number(limit)}{unit}", "", verdict(False) if ours == FAILED else MISSING
    # Exactly, but for the few requests of a start that end after the first answer.
    met = limit <= ours < 1.01 * limit if exactly else ours <= limit
    return target, f"{number(ours)}{unit}{note}", f"{number(limit)}{unit}", "", verdict(met)


def against(target: str, ours: float | str, theirs: float | str, unit: str, meets: Callable[[float], bool]) -> Judged:
    """Two figures of one cell, of which either may be missing."""
    texts = [x if isinstance(x, str) else f"{number(x)}{unit}" for x in (ours, theirs)]
    if isinstance(ours, str) or isinstance(theirs, str):
        return target, *texts, "", verdict(False) if FAILED in (ours, theirs) else MISSING
    return target, *texts, f"{ours / theirs:.2f}", verdict(meets(ours / theirs))


def targets(run: Run) -> Iterator[Judged]:
    at, delay = run.options["at"], run.options["s3_delay_ms"]

    def floor(what: str, scenario: str, n: int, name: str, limit: float, floor: str, unit: str = " ms") -> Judged:
        """The gallery's figure against that of a floor in the same cell."""
        target = f"{what} `{scenario}`, N={n}: ≤ {limit} × {floor}"
        both = [run.value("lambda", scenario, n, system, name) for system in ("gallery", floor)]
        return against(target, *both, unit, lambda ratio: ratio <= limit)

    def best_peer(what: str, scenario: str, n: int, name: str, limit: float, unit: str) -> Judged:
        """The gallery's figure over HTTP against that of the best peer in the same cell."""
        target = f"{what} `{scenario}`, N={n}: ≥ {limit} × the best peer"
        theirs = run.best("http", scenario, n, name, max)[1]
        ours = run.value("http", scenario, n, "gallery", name)
        return against(target, ours, MISSING if theirs is None else theirs, unit, lambda ratio: ratio >= limit)

    def trips(what: str, scenario: str, n: int, system: str, when: str, limit: int) -> Judged:
        """S3 round trips in sequence."""
        requests, ms = (run.value("delayed", scenario, n, system, name) for name in (f"{when}_s3", TIME[when]))
        target = f"{what} `{scenario}`, N={n}: ≤ {limit} S3 round trip{'s' * (limit > 1)} in sequence"
        depth = run.value("delayed", scenario, n, system, f"{when}_s3_depth")
        note = f" (requests: {number(requests)}; {number(ms)} ms with {delay} ms each)"
        return bound(target, depth, limit, note=note)

    yield floor("cold", "call-add", at, "cold", 1.7, "floor-echo")
    yield floor("cold", "get", at, "cold", 1.3, "floor-s3")
    for n, limit in ((10, 2), (1000, 2), (10000, 10)):
        yield floor("cold", "list", n, "cold", limit, "floor-s3")
    for scenario in ("initialize", "discover", "call-add"):
        yield floor("warm p50", scenario, at, "p50", 1.4, "floor-echo")
    yield floor("warm p50", "get", at, "p50", 1.4, "floor-echo")
    for n in (10, 1000, 10000):
        yield floor("warm p50", "list", n, "p50", 1.4, "floor-list")
    yield floor("warm p50", "list-gzip", at, "p50", 0.6, "floor-list")
    packed, plain = (run.value("lambda", scenario, at, "gallery", "bytes") for scenario in ("list-gzip", "list"))
    target = f"`prompts/list` for a client that takes gzip, N={at}: ≤ 0.2 × the bytes"
    yield against(target, packed, plain, " bytes", lambda ratio: ratio <= 0.2)

    for n in (n for scenario, n in run.cells("http") if scenario == "search"):
        # A search costs more than its bytes: a look at all words.
        ours, echo = (run.value("http", "search", n, system, "c1_p50") for system in ("gallery", "floor-search"))
        target = f"HTTP `search`, N={n}: ≤ 2 × floor-search + 8 ms"
        yield against(target, ours, 2 * echo + 8 if isinstance(echo, float) else echo, " ms", lambda ratio: ratio <= 1)
        first = run.value("http", "search", n, "gallery", "first_ms")
        yield bound(f"HTTP `search`, N={n}, the first call of a server: ≤ 60 ms", first, 60, " ms")
        theirs = run.value("http", "search", n, "fastmcp-search", "c1_p50")
        target = f"HTTP `search`, N={n}: ≤ 0.1 × fastmcp-search"
        yield against(target, ours, theirs, " ms", lambda ratio: ratio <= 0.1)

    listing = [(scenario, n) for scenario, n in run.cells("lambda") if SCENARIOS[scenario].cold_floor == "floor-s3"]
    asked = [run.value("lambda", *cell, "gallery", "warm_s3") for cell in listing]
    most = FAILED if FAILED in asked else max((x for x in asked if isinstance(x, float)), default=MISSING)
    yield bound("S3 requests per warm `get` and lists of all kinds within the TTL: 0", most, 0)
    yield trips("cold", "get", at, "gallery", "cold", 2)
    yield trips("cold", "list", 1000, "gallery", "cold", 3)

    yield floor("cold", "skills-list", 1000, "cold", 2, "floor-s3")
    for n in (1000, 10000):
        yield floor("warm p50", "skills-list", n, "p50", 1.3, "floor-skills")
    yield floor("warm p50", "read-1mb", at, "p50", 1.3, "floor-read")
    both = [run.value("http", "skills-list", at, name, "c1_rps") for name in ("gallery-local", "fastmcp-skills")]
    target = f"HTTP `skills-list`, N={at}, of one folder: ≥ 30 × fastmcp-skills"
    yield against(target, *both, " req/s", lambda ratio: ratio >= 30)
    ours = run.value("lambda", "skills-list-all", 10000, "gallery", "rss_mb")
    yield bound("peak RSS `skills-list-all`, N=10000: ≤ 30 MB", ours, 30, " MB")

    yield floor("warm CPU", "call-add", at, "warm_cpu_ms", 1.4, "floor-echo")
    yield floor("warm CPU", "get", at, "warm_cpu_ms", 1.4, "floor-echo")
    yield floor("peak RSS", "list", 1000, "rss_mb", 2, "floor-s3", " MB")
    yield bound("peak RSS `list`, N=10000: ≤ 48 MB", run.value("lambda", "list", 10000, "gallery", "rss_mb"), 48, " MB")
    if ours := run.packages.get("gallery"):
        yield bound("package: ≤ 7,100 KiB", ours[0], 7100, " KiB")
    for scenario in ("call-add", "get"):
        yield best_peer("HTTP, 32 connections,", scenario, at, "c32_rps", 50, " req/s")

    for scenario in ("initialize", "get", "list"):
        first = {
            name: run.value("stdio", scenario, at, name, "first") for name in ("gallery", "gallery-local", "fastmcp")
        }
        what = f"stdio, start to first `{scenario}`, N={at}"
        local, peer = first["gallery-local"], first["fastmcp"]
        yield against(f"{what}: ≤ 1.5 × the local server", first["gallery"], local, " ms", lambda ratio: ratio <= 1.5)
        if scenario == "initialize":  # the first answer that a client gets
            yield against(f"{what}: ≤ 0.01 × fastmcp", first["gallery"], peer, " ms", lambda ratio: ratio <= 0.01)

    requests = run.value("lambda", "get", at, "gallery-ttl0", "warm_s3")
    yield bound(f"TTL 0: S3 requests per warm `get`, N={at}: one for each file of the prompt", requests, 1, exactly=True)
    ours = run.value("lambda", "get", at, "gallery-ttl0", "p50")
    for what, theirs, limit in (
        ("floor-s3", run.value("lambda", "get", at, "floor-s3", "p50"), 1.3),
        ("the best peer", run.best("lambda", "get", at, "p50", min)[1], 0.2),
    ):
        target = f"TTL 0: warm p50 `get`, N={at}: ≤ {limit} × {what}"
        yield against(target, ours, MISSING if theirs is None else theirs, " ms", lambda ratio, limit=limit: ratio <= limit)
    ours, theirs = run.value("http", "get", at, "gallery-ttl0", "c1_rps"), run.best("http", "get", at, "c1_rps", max)[1]
    target = f"TTL 0: HTTP, 1 connection, `get`, N={at}: ≥ 4 × the best peer"
    yield against(target, ours, MISSING if theirs is None else theirs, " req/s", lambda ratio: ratio >= 4)
    yield trips("TTL 0: warm", "get", at, "gallery-ttl0", "warm", 1)
    yield trips("TTL 0: warm", "list", 1000, "gallery-ttl0", "warm", 1)
    # One page names where the next begins.
    yield trips("TTL 0: warm", "list", 10000, "gallery-ttl0", "warm", 10)

    better, worse = against_peers(run, "gallery")[1:]
    if better or worse:
        target = "figures better than the best peer's, below: all"
        yield target, str(better), str(better + len(worse)), "", verdict(not worse)


# ---- Against the best peer ----

# pass, figure, heading, which of two is better
VERSUS = (
    ("lambda", "cold", "cold ms", min),
    ("lambda", "p50", "warm p50 ms", min),
    ("lambda", "warm_cpu_ms", "warm CPU ms", min),
    ("lambda", "rss_mb", "peak RSS MB", min),
    ("http", "c1_rps", "req/s, 1 connection", max),
    ("http", "c32_rps", "req/s, 32 connections", max),
)


def against_peers(run: Run, system: str) -> tuple[list[list[str]], int, list[str]]:
    """Rows of the table, how many figures are better than the best peer's, and which are not."""
    rows, better, worse = [], 0, []
    for scenario, n in dict.fromkeys(run.cells("lambda") + run.cells("http")):
        # The peer serves the skills of a folder, as the local server does.
        if SCENARIOS[scenario].skills != (system == "gallery-local"):
            continue
        cells = []
        for path, name, heading, of in VERSUS:
            ours, (peer, theirs) = run.value(path, scenario, n, system, name), run.best(path, scenario, n, name, of)
            if theirs is None or ours == MISSING:
                cells.append("-")
                continue
            compared = f"{number(ours)} / {number(theirs)}" + ("" if ours == FAILED else f" = {number(ours / theirs)}")
            if ours != FAILED and ours != theirs and of(ours, theirs) == ours:
                better += 1
            else:
                worse.append(f"{heading} of `{scenario}`, N={n}")
                compared += f" **{peer} is better**"
            cells.append(compared)
        if set(cells) != {"-"}:
            rows.append([scenario, str(n), system, *cells])
    return rows, better, worse


def peers_section(run: Run) -> Iterator[str]:
    rows, verdicts = [], []
    for system in ("gallery", "gallery-ttl0", "gallery-local"):
        found, better, worse = against_peers(run, system)
        rows += found
        if found:
            but = f"; not {', '.join(worse)}" if worse else ""
            verdicts.append(
                f"{system}: {better} of {better + len(worse)} figures are better than the best peer's{but}."
            )
    if not rows:
        yield "No peer was measured."
        return
    yield "The gallery's figure / the best peer's = their ratio. " + " ".join(verdicts)
    yield table(["scenario", "N", "system", *(heading for _, _, heading, _ in VERSUS)], rows)
    yield PAGES


# ---- All of it ----

TIME = {"cold": "cold", "warm": "p50"}
LAMBDA = {
    "init_ms": "cold: init ms",
    "cold": "cold: first answer ms",
    "cold/peer": "x best peer",
    "cold/floor": "x floor",
    "cold_cpu_ms": "cold: CPU ms",
    "cold_s3": "S3 reqs cold",
    "p50": "warm p50 ms",
    "p99": "p99",
    "p50/peer": "x best peer",
    "p50/floor": "x floor",
    "p50/floor-s3": "x floor-s3",
    "warm_cpu_ms": "CPU ms",
    "warm_s3": "S3 reqs warm",
    "rss_mb": "peak RSS MB",
}
DELAYED = {
    "cold": "cold: first answer ms",
    "cold/peer": "x best peer",
    "cold/floor": "x floor",
    "cold_s3": "S3 reqs cold",
    "cold_s3_depth": "S3 round trips cold",
    "p50": "warm p50 ms",
    "warm_s3": "S3 reqs warm",
    "warm_s3_depth": "S3 round trips warm",
}
HTTP = {
    "first_ms": "first call ms",
    "c1_p50": "1 connection: p50 ms",
    "c1_p99": "p99",
    "c1_p50/peer": "x best peer",
    "c1_p50/floor": "x floor",
    "c1_rps": "req/s",
    "c1_cpu_ms": "CPU ms",
    "c1_s3": "S3 reqs",
    "c32_p50": "32 connections: p50 ms",
    "c32_p99": "p99",
    "c32_rps": "req/s",
    "c32_rps/peer": "x best peer",
    "c32_rps/floor": "x floor",
    "c32_cpu_ms": "CPU ms",
    "c32_rss_mb": "RSS MB",
}

STDIO = {"first": "spawn to first answer ms"}

PAGES = """The gallery answers `list` with its first page of 500 prompts, the peers with all prompts: above N=500 only
`list-all` is the same work for both. `gallery-local` answers `skills-list` with all skills, as its peer does."""
FLOORS = """`x floor` of cold figures is held against floor-echo for `initialize`, `discover` and `call-add`, floor-read for
`read-1mb`, and floor-s3 for the others. Of warm figures it is held against floor-list for `list`, floor-search for `search` and
floor-skills for `skills-list` (an echo of as many bytes as the gallery answers), floor-s3 for `list-all` and `skills-list-all`,
floor-read for `read-1mb`, and floor-echo for the others; `x floor-s3` stands beside it where that floor ran too."""
INDEX = """Before the others start, one process that is not measured lists each gallery, so the measured processes of
`gallery` and `gallery-ttl0` find an index in the bucket. `gallery-noindex` uses none: its cold figures are what the
first process pays."""
TRIPS = """Round trips are those in sequence: the longest chain of requests of which each was sent after the one before
had been answered. They are counted in this pass alone, because without a delay the S3 server, one thread, answers
requests that are sent side by side one after the other."""
STARTS = """From the start of the process to its first answer, over the same folder. Over stdio the handshake and the request are
written at once, and `initialize` is the handshake alone. `gallery-local` is the gallery's HTTP server, asked as soon as
its port is open."""
LOADS = """Of `req/s` and its ratios more is better, of the others less. The gallery's server outlives its TTL, so now
and then a request lists the bucket. `RSS MB` is the server's peak so far, with all that it was asked before."""


def introduction(run: Run) -> str:
    about, options = run.about, run.options
    rounds = f"{options['rounds']}{' (3 where N is 10000 or more)' * (options['rounds'] > 3)}"
    busy = f"**Others used {run.others:.0%} of the machine: what follows may be wrong.**\n\n" * (run.others > 0.1)
    return f"""{busy}Run on {about["date"]} on {about["machine"]}, of which others used {run.others:.0%}.
{about["versions"]}.
Rounds: {rounds}, each with a new process, its first answer and up to {options["warm"]} more in {options["warm_ms"]} ms;
HTTP loads of {options["secs"]} s. Figures are medians; N is the number of prompts, or of skills."""


def summary(judged: list[Judged]) -> str:
    count = Counter(j[-1] for j in judged)
    missing = f" {count[MISSING]} were not measured." if count[MISSING] else ""
    return f"{count[verdict(True)]} of {len(judged) - count[MISSING]} targets are met.{missing}"


def markdown(results: dict) -> str:
    run = Run(results)
    judged = list(targets(run))
    parts = [introduction(run), "### Where it stands", summary(judged)]
    parts += [table(["target", "gallery", "floor or limit", "ratio", ""], judged)]
    parts += ["### Against the best peer", *peers_section(run)]
    if run.cells("lambda"):
        parts += ["### Lambda", run.table("lambda", LAMBDA), FLOORS, INDEX]
    if run.cells("delayed"):
        delay = run.options["s3_delay_ms"]
        parts += [f"### Lambda, with {delay} ms more for every S3 request", run.table("delayed", DELAYED), TRIPS]
    if run.cells("http"):
        parts += ["### Plain HTTP", run.table("http", HTTP), LOADS]
    if run.cells("stdio"):
        parts += ["### stdio", run.table("stdio", STDIO), STARTS]
    packages = [
        [system, *map(number, run.packages.get(system, (None, None))), number(run.starts.get(system))]
        for system in run.systems
        if system in run.packages or system in run.starts
    ]
    head = ["system", "package zip KiB", "unpacked KiB", "HTTP: spawn to first answer ms"]
    parts += ["### Package and start", table(head, packages)]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    print(markdown(json.loads(Path(sys.argv[1]).read_text())), end="")
