#!/usr/bin/env python3
"""Measures the gallery beside the usual ways to build such a server and beside floors; README.md tells how.

Everything listens on 127.0.0.1, and every process that is started here is ended here. Progress goes to standard error,
the tables to standard output or, with --markdown, into a file.
"""

import argparse
import contextlib
import http.client
import json
import os
import platform
import re
import shlex
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.parse
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from report import PEERS, markdown
from scenarios import MODERN, SCENARIOS, event, lacks, large_key, message, prompts, skills
from stdio import SCENARIO_NAMES, stdio_pass

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HOME = Path(os.environ.get("BENCH_HOME") or HERE / ".home").absolute()  # what setup.sh built
BIN, LOG = HOME / "target/release", HOME / "log"
SERVER = Path(os.environ.get("GALLERY") or ROOT / "target/release/prompt-gallery").absolute()
FUNCTION = Path(os.environ.get("GALLERY_FUNCTION") or SERVER).absolute()
SMALL = 1_000  # FastMCP needs time with the square of the skills
# So that `list` and `list-all` are different work: without it, a page has as many prompts as fit an answer.
PAGES = {"PAGE_SIZE": "500"}
LARGE, LARGE_ROUNDS = 10_000, 3  # of a gallery that takes long, fewer rounds are enough
SMALL_KEY = {False: "prompts/p-00007.hbs", True: "skills/review-00008/SKILL.md"}  # by whether it is of skills
Cell = tuple[str, int]  # scenario, number of prompts
MARKERS = "<!-- benches/compare/run: begin -->", "<!-- benches/compare/run: end -->"

# ---- Systems ----


@dataclass
class System:
    function: str | None = None  # the command of the Lambda function
    server: str | None = None  # the command of the plain HTTP server on $PORT, or the URL of one
    package: list[Path] = field(default_factory=list)  # what the function's zip has
    env: dict[str, str] = field(default_factory=dict)
    scenarios: tuple[str, ...] | None = None  # all, if none are named
    stdio: str | None = None  # the command that serves $PROMPT_DIR over stdio
    local: str | None = None  # the command that serves $PROMPT_DIR on $PORT, beside those over stdio
    largest: int | None = None  # the most prompts or skills

    def runs(self, scenario: str, n: int) -> bool:
        is_asked = self.scenarios is None or scenario in self.scenarios
        return is_asked and (self.largest is None or n <= self.largest)

    def page(self, n: int) -> int:
        """The prompts or skills of its first page."""
        return min(n, int(self.env.get("PAGE_SIZE", n)))


def builtin() -> dict[str, System]:
    function, server = (f"exec {shlex.quote(str(program))}" for program in (FUNCTION, SERVER))
    home, python, adapter = (
        shlex.quote(str(p)) for p in (HOME, HOME / "pyvenv/bin/python", HOME / "tools/bin/lambda-adapter")
    )

    without_search = tuple(s for s, asked in SCENARIOS.items() if s != "search" and not asked.skills and not asked.gzip)
    of_a_folder = ("skills-list", "read-1mb")

    def floor(name: str, program: str) -> System:
        command = f"exec {home}/target/release/{program}"
        scenarios = tuple(s for s, asked in SCENARIOS.items() if name in (asked.cold_floor, asked.warm_floor))
        return System(command, command, [BIN / program], {}, scenarios)

    return {
        "gallery": System(
            function, server, [FUNCTION], {"CACHE_TTL_SECONDS": "30", **PAGES}, stdio=f"{server} stdio"
        ),
        "gallery-local": System(
            server=f'{server} --dir "$PROMPT_DIR"', scenarios=of_a_folder, local=server, largest=SMALL
        ),
        "gallery-ttl0": System(function, server, [], {"CACHE_TTL_SECONDS": "0", **PAGES}, ("get", "list")),
        "gallery-noindex": System(function, None, [], {"CACHE_TTL_SECONDS": "30", "INDEX_KEY": "", **PAGES}, ("list", "skills-list")),
        "fastmcp": System(
            f"cd {home}/fastmcp; {adapter} & exec {python} -m app",
            f"cd {home}/fastmcp; exec {python} -m app",
            [HOME / "pyvenv/lib", HOME / "fastmcp", HOME / "tools/bin/lambda-adapter"],
            scenarios=without_search,
            stdio=f"cd {home}/fastmcp; exec {python} -m app.folder",
        ),
        "fastmcp-search": System(
            f"cd {home}/fastmcp; {adapter} & exec {python} -m app.search",
            f"cd {home}/fastmcp; exec {python} -m app.search",
            scenarios=("search",),
        ),
        "fastmcp-skills": System(
            server=f"exec {home}/pyvenv-skills/bin/python {home}/fastmcp-skills/app.py",
            scenarios=of_a_folder,
            largest=SMALL,
        ),
        "ts-express": System(
            f"{adapter} & exec node {home}/ts/dist/main.js",
            f"exec node {home}/ts/dist/main.js",
            [HOME / "ts/dist/main.js", HOME / "tools/bin/lambda-adapter"],
            scenarios=without_search,
        ),
        "ts-serverless": System(
            f"cd {home}/ts; export _HANDLER=lambda.handler LAMBDA_TASK_ROOT={home}/ts/dist; "
            "exec node node_modules/aws-lambda-ric/index.mjs",
            None,
            [HOME / "ts/dist/lambda.js"],
            scenarios=without_search,
        ),
        "floor-echo": floor("floor-echo", "floor-echo"),
        "floor-list": floor("floor-list", "floor-echo"),
        "floor-search": floor("floor-search", "floor-echo"),
        "floor-skills": floor("floor-skills", "floor-echo"),
        "floor-s3": floor("floor-s3", "floor-s3"),
        "floor-read": floor("floor-read", "floor-s3"),
    }


def is_floor(system: str) -> bool:
    return system.startswith("floor-")


# ---- Processes ----


def folder_of(bucket: str, kind: str) -> Path:
    """The files of a bucket that are `prompts` or `skills`."""
    return HOME / "s3" / bucket / kind


def seed(folder: Path, texts: dict[str, str]) -> None:
    """Writes these files, unless they are there."""
    files = {str(f.relative_to(folder)): f for f in folder.rglob("*") if f.is_file()}
    if folder.is_dir() and files.keys() == texts.keys() and all(f.read_text() == texts[name] for name, f in files.items()):
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def stop(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # the group that started() made
    process.wait()


@contextlib.contextmanager
def started(command: str, env: dict[str, str], log: str) -> Iterator[subprocess.Popen]:
    with open(LOG / log, "a") as output:
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            stop(process)


def usage(group: int) -> tuple[float, float]:
    """CPU in milliseconds, ended threads included, and the sum of the peak RSS in MB, of a process group."""
    cpu = rss = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended
            if int((folder / "stat").read_text().rsplit(") ", 1)[1].split()[2]) != group:
                continue
            cpu += time.clock_gettime_ns(~int(folder.name) << 3 | 2)  # as clock_getcpuclockid(3) has it
            if peak := re.search(r"VmHWM:\s+(\d+)", (folder / "status").read_text()):
                rss += int(peak[1])
    return cpu / 1e6, rss / 1024


class S3:
    """s3mem, with all galleries."""

    def __init__(self, port: int):
        self.address = f"127.0.0.1:{port}"

    def count(self) -> int:
        with contextlib.closing(http.client.HTTPConnection(self.address)) as connection:
            connection.request("GET", "/__count")
            return int(connection.getresponse().read())


@contextlib.contextmanager
def s3_server(delay_ms: int) -> Iterator[S3]:
    port = free_port()
    command = f"exec {shlex.join(map(str, (BIN / 's3mem', port, HOME / 's3', delay_ms)))}"
    with started(command, {}, "s3.log") as process:
        s3 = S3(port)
        while True:
            try:
                s3.count()
                break
            except OSError:
                if process.poll() is not None:
                    sys.exit(f"the S3 server does not start, see {LOG}/s3.log")
                time.sleep(0.02)
        yield s3


def plain_environment(port: int) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": "/tmp", "LANG": "C.UTF-8", "TZ": "UTC", "PORT": str(port)}


def environment(name: str, system: System, scenario: str, n: int, s3: S3, port: int) -> dict[str, str]:
    asked = SCENARIOS[scenario]
    bucket = asked.bucket(n)
    env = {
        **plain_environment(port),
        "BUCKET_NAME": bucket,
        "PROMPT_DIR": str(folder_of(bucket, "prompts")),
        "SKILLS_DIR": str(folder_of(bucket, "skills")),
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "testtesttest",
        "AWS_ENDPOINT_URL_S3": f"http://{s3.address}",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if name == "floor-s3":
        env["FLOOR_KEY"] = SMALL_KEY[asked.skills]
    if name == "floor-read":
        env["FLOOR_KEY"] = f"skills/{large_key()}"
    if name in ECHOES:
        env["FLOOR_FILE"] = str(first_answer(ECHOES[name], n))
    return {**env, **system.env}


# ---- Lambda ----

LAMBDA_ENV = {
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/bench",
    "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "LAMBDA_TASK_ROOT": "/tmp",
    "_HANDLER": "bootstrap",
}


def emulate(plan: dict) -> dict:
    """One function process, in emu. Emu ends, and its function with it, when its standard input is closed."""
    path = HOME / "plan.json"
    path.write_text(json.dumps(plan))
    read, write = os.pipe()
    emu = subprocess.Popen(
        [BIN / "emu", path],
        stdin=read,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    os.close(read)
    try:
        out, err = emu.communicate(timeout=300)
    except subprocess.TimeoutExpired:
        return {"error": "no end after 300 s"}
    finally:
        os.close(write)
        emu.wait()
    return json.loads(out) if emu.returncode == 0 else {"error": f"emu: {err[-600:]}"}


class Bench:
    """What is run, and the samples so far."""

    def __init__(self, args: argparse.Namespace, systems: dict[str, System]):
        self.args, self.systems = args, systems
        self.samples: list[dict] = []

    def add(self, which: str, system: str, n: int, **figures) -> None:
        sample = {"pass": which, "system": system, "n": n, **figures}
        self.samples.append(sample)
        brief = [f"{name} {figures[name]:.3g}" for name in ("start_ms", "init_ms", "cold_ms", "first_ms") if name in figures]
        if figures.get("warm_ms"):
            brief.append(f"warm p50 {statistics.median(figures['warm_ms']):.3g}")
        brief += [f"{load} {figures[load]['rps']:.0f} req/s" for load in ("c1", "c32") if load in figures]
        text = (
            f"{which:8}{figures.get('scenario', ''):16}N={n:<6} {system:16} {figures.get('error') or ', '.join(brief)}"
        )
        print(text[:200], file=sys.stderr, flush=True)

    def message(self, name: str, scenario: str) -> tuple[dict[str, str], str]:
        return message(SCENARIOS[scenario], name in self.args.modern)

    def function(
        self,
        name: str,
        system: System,
        scenario: str,
        n: int,
        s3: S3,
        warm: int,
        warm_ms: int,
        save: Path | None = None,
    ) -> dict:
        asked = SCENARIOS[scenario]
        return emulate(
            {
                "command": system.function,
                "env": {**LAMBDA_ENV, **environment(name, system, scenario, n, s3, free_port())},
                "event": event(*self.message(name, scenario)),
                "expect": "" if is_floor(name) else asked.expect,
                "follow": asked.follow,
                "warm": warm,
                "warm_ms": warm_ms,
                "timeout_ms": 60_000,
                "s3": s3.address,
                "log": str(LOG / f"{name}.log"),
                "save": str(save) if save else None,
            }
        )

    def prepare(self, s3: S3, cells: list[Cell]) -> None:
        """Processes that list each bucket, all of it, and search it: they write the index that those which are measured
        find, and the floors echo their first answers."""
        if not any(name.startswith("gallery") or name in ECHOES for name in self.systems):
            return
        gallery = self.systems.get("gallery") or builtin()["gallery"]
        for floor, scenario in (("floor-list", "list-all"), ("floor-search", "search"), ("floor-skills", "skills-list-all")):
            if scenario == "search" and "search" not in self.args.scenarios.split(","):
                continue
            for n in sorted({n for s, n in cells if SCENARIOS[s].skills == SCENARIOS[scenario].skills}):
                path = first_answer(ECHOES[floor], n)
                path.unlink(missing_ok=True)
                answer = self.function("gallery", gallery, scenario, n, s3, 100_000, 500, path)
                if "error" in answer:
                    print(f"gallery fails at {scenario}, N={n}: {answer['error'][:300]}", file=sys.stderr)

    def lambda_pass(self, which: str, s3: S3, cells: list[Cell], rounds: int, warm_ms: int) -> None:
        broken = set()
        for number in range(rounds):  # outermost, so the systems take turns
            for scenario, n in cells:
                for name, system in self.systems.items():
                    if not system.function or not system.runs(scenario, n) or (name, scenario, n) in broken:
                        continue
                    if n >= LARGE and number >= LARGE_ROUNDS:
                        continue
                    if which == "delayed" and not self.delays(name, n):
                        continue
                    measured = self.function(name, system, scenario, n, s3, self.args.warm, warm_ms)
                    if "error" in measured:
                        broken.add((name, scenario, n))
                    self.add(which, name, n, scenario=scenario, **measured)

    def delays(self, name: str, n: int) -> bool:
        """Whether a slower S3 shows anything of a system; the peers would take minutes for a large gallery."""
        return name not in ("floor-echo", *ECHOES) and (n <= self.args.at or name not in PEERS)

    # ---- Plain HTTP ----

    def http_pass(self, s3: S3, n: int, cells: list[str], rounds: int) -> None:
        """All servers at once, over the bucket of some scenarios; each has the machine while it is asked."""
        with contextlib.ExitStack() as stack:
            servers: dict[str, tuple[str, int]] = {}
            broken: set[tuple[str, str]] = set()
            for name, system in self.systems.items():
                asked = [scenario for scenario in cells if system.runs(scenario, n)]
                if not system.server or not asked:
                    continue
                if system.server.startswith("http://"):
                    servers[name] = system.server, 0
                    continue
                port, begin = free_port(), time.perf_counter()
                process = stack.enter_context(
                    started(system.server, environment(name, system, asked[0], n, s3, port), f"{name}.log")
                )
                servers[name] = f"http://127.0.0.1:{port}/mcp", process.pid
                if self.answers(name, servers[name][0], process):
                    self.add("start", name, n, start_ms=(time.perf_counter() - begin) * 1e3)
                    continue
                for scenario in asked:
                    broken.add((name, scenario))
                    self.add("http", name, n, scenario=scenario, error="the server did not answer")
            for number in range(rounds):  # outermost, so the systems take turns
                for scenario in cells:
                    for name, (url, group) in servers.items():
                        if (name, scenario) in broken or not self.systems[name].runs(scenario, n):
                            continue
                        measured = self.load(name, scenario, n, url, group, s3)
                        if "error" in measured:
                            broken.add((name, scenario))
                        elif group:
                            os.truncate(LOG / f"{name}.log", 0)  # a line for each of some hundred thousand requests
                        if number > 0:
                            measured.pop("first_ms", None)
                        self.add("http", name, n, scenario=scenario, **measured)

    def answers(self, name: str, url: str, process: subprocess.Popen) -> bool:
        """Waits for the first good answer."""
        begin = time.perf_counter()
        headers, body = self.message(name, "initialize" if name not in self.args.modern else "discover")
        while process.poll() is None and time.perf_counter() - begin < 60:
            with contextlib.suppress(OSError, http.client.HTTPException, RuntimeError):
                post(url, headers, body)
                return True
            time.sleep(0.002)
        return False

    def load(self, name: str, scenario: str, n: int, url: str, group: int, s3: S3) -> dict:
        asked, secs = SCENARIOS[scenario], self.args.secs
        headers, body = self.message(name, scenario)
        loads = {}
        try:
            first_ms, text = post(url, headers, body, asked.follow)
            loads["first_ms"] = first_ms  # of its kind, in the first round
            if not is_floor(name) and (why := lacks(scenario, text, self.systems[name].page(n))):
                raise RuntimeError(why)
            ms = min(post(url, headers, body, asked.follow)[0] for _ in range(2))
            for connections in (1, 32):
                by_hand = asked.follow or ms > 100
                if by_hand and connections > 1:
                    continue  # would measure the queue alone
                (cpu, _), count = usage(group) if group else (0, 0), s3.count()
                if by_hand:
                    load = one_by_one(url, headers, body, asked.follow, secs)
                else:
                    load = wrk(url, headers, body, connections, secs)
                (cpu_end, rss), requests = usage(group) if group else (0, 0), load["n"]
                loads[f"c{connections}"] = {
                    **load,
                    "cpu_ms": (cpu_end - cpu) / requests,
                    "s3": (s3.count() - count) / requests,
                    "rss_mb": rss,
                }
                ms = load["p50"]
        except RuntimeError as e:
            return {"error": str(e)}
        except (OSError, http.client.HTTPException, ValueError) as e:
            return {"error": repr(e)}
        return loads


# Floors that echo the gallery's first answer to a scenario.
ECHOES = {"floor-list": "list", "floor-search": "search", "floor-skills": "skills-list"}


def first_answer(scenario: str, n: int) -> Path:
    """The gallery's first answer to a scenario."""
    return HOME / f"{scenario}-{n}.json"


def post(url: str, headers: dict[str, str], body: str, follow: bool = False) -> tuple[float, str]:
    """One scenario over one connection: milliseconds, and the first answer."""
    to, first, begin = urllib.parse.urlparse(url), None, time.perf_counter()
    with contextlib.closing(http.client.HTTPConnection(to.netloc, timeout=60)) as connection:
        while True:
            connection.request("POST", to.path, body, headers)
            response = connection.getresponse()
            text = response.read().decode()
            if response.status != 200:
                raise RuntimeError(f"HTTP {response.status}: {text[:300]}")
            first = first or text
            cursor = json.loads(text).get("result", {}).get("nextCursor") if follow else None
            if cursor is None:
                return (time.perf_counter() - begin) * 1e3, first
            rpc = json.loads(body)
            rpc["params"]["cursor"] = cursor
            body = json.dumps(rpc)


def one_by_one(url: str, headers: dict[str, str], body: str, follow: bool, secs: int) -> dict:
    times: list[float] = []
    end = time.perf_counter() + secs
    while len(times) < 3 or (len(times) < 50 and time.perf_counter() < end):
        times.append(post(url, headers, body, follow)[0])
    return {"n": len(times), "rps": 1e3 * len(times) / sum(times), "p50": statistics.median(times), "p99": max(times)}


# Microseconds become milliseconds.
DONE = """
function done(summary, latency)
  local errors = 0
  for _, n in pairs(summary.errors) do errors = errors + n end
  io.stderr:write(string.format("[%d, %f, %f, %f, %d]", summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, errors))
end
"""


def wrk(url: str, headers: dict[str, str], body: str, connections: int, secs: int) -> dict:
    script = HOME / "wrk.lua"
    lines = [f'wrk.method = "POST"\nwrk.body = [[{body}]]\n']
    lines += [f'wrk.headers["{name}"] = "{value}"\n' for name, value in headers.items()]
    script.write_text("".join(lines) + DONE)
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{secs}s", "--timeout", "30s", "-s", script, url],
        capture_output=True,
        text=True,
        timeout=secs + 60,
    )
    requests, duration, p50, p99, errors = json.loads(out.stderr[out.stderr.rindex("[") :])
    if errors or not requests:
        raise RuntimeError(f"{errors} of {requests} requests failed with {connections} connections")
    return {"n": requests, "rps": requests / duration, "p50": p50, "p99": p99}


# ---- Packages, machine ----


def package_size(paths: list[Path]) -> tuple[float, float]:
    """KiB of the zip and of what is in it. A single program is Lambda's `bootstrap`; a zip is taken as it is."""
    files = [(f, f.relative_to(p.parent)) for p in paths for f in (p.rglob("*") if p.is_dir() else [p]) if f.is_file()]
    if len(files) == 1 and files[0][0].suffix == ".zip":
        with zipfile.ZipFile(files[0][0]) as package:
            return files[0][0].stat().st_size / 1024, sum(i.file_size for i in package.infolist()) / 1024
    path = HOME / "package.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for file, name in files:
            package.write(file, "bootstrap" if len(files) == 1 and not file.suffix else name)
    return path.stat().st_size / 1024, sum(f.stat().st_size for f, _ in files) / 1024


def says(*command: str | Path) -> str:
    """What a program prints of itself."""
    try:
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "?"


def others() -> float:
    """Which part of the machine's time others take: while this program sleeps, all that is used."""

    def times() -> tuple[int, int]:
        ticks = [int(n) for n in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return sum(ticks), sum(ticks[3:5])  # all, idle

    (total, idle), _, (total_end, idle_end) = times(), time.sleep(1), times()
    return 1 - (idle_end - idle) / (total_end - total)


def about() -> dict[str, str]:
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = [f"{os.cpu_count()} cores of {cpu[1] if cpu else platform.machine()}", f"{memory:.0f} GiB"]
    versions = [f"{says(SERVER, '--version')} ({says('git', 'describe', '--always', '--dirty')})"]
    for name, program in (("Rust", "rustc"), ("Node", "node"), ("Python", HOME / "pyvenv/bin/python")):
        found = re.search(r"\d[\w.]*", says(program, "--version"))
        versions.append(f"{name} {found[0] if found else '?'}")
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": ", ".join([*machine, f"Linux {platform.release()}"]),
        "versions": ", ".join(versions),
    }


# ---- Main ----

QUICK = {"rounds": 1, "warm_ms": 300, "n": "10,1000", "out": HERE / "results-quick.json"}


def options() -> argparse.Namespace:
    def pair(text: str) -> tuple[str, str]:
        name, found, value = text.partition("=")
        if not found:
            raise argparse.ArgumentTypeError(f"{text} has no =")
        return name, value

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--quick", action="store_true", help="no peers, one short round, N=10 and N=1000; other options still count")
    add("--only", type=lambda s: s.split(","), help="systems to run, separated by commas (default: all)")
    add("--scenarios", default=",".join(SCENARIOS), help="what to ask (default: %(default)s)")
    add("--n", default="10,1000,10000", help="numbers of prompts, and from --at on of skills, to list (default: %(default)s)")
    add("--at", type=int, default=1000, help="number of prompts or skills for the other scenarios (default: %(default)s)")
    add(
        "--rounds",
        type=int,
        default=5,
        help="processes and HTTP loads per cell, at most 3 for N >= 10000 (default: %(default)s)",
    )
    add("--warm", type=int, default=2000, help="warm invocations per process, at most (default: %(default)s)")
    add("--warm-ms", type=int, default=1500, help="time for them (default: %(default)s)")
    add("--secs", type=int, default=1, help="seconds per HTTP load and round (default: %(default)s)")
    add(
        "--s3-delay-ms",
        type=int,
        default=15,
        help="what the second Lambda pass adds to every S3 request; 0: no such pass (default: %(default)s)",
    )
    add("--skip", action="append", default=[], choices=["lambda", "http", "stdio"], help="a way to ask (repeatable)")
    add(
        "--sut",
        action="append",
        type=pair,
        default=[],
        metavar="NAME=CMD",
        help="one more system: its Lambda bootstrap command",
    )
    add(
        "--http",
        action="append",
        type=pair,
        default=[],
        metavar="NAME=CMD|URL",
        help="its HTTP server on 127.0.0.1:$PORT, or a URL",
    )
    add("--env", action="append", type=pair, default=[], metavar="NAME=KEY=VALUE", help="one more variable of a system")
    add(
        "--package",
        action="append",
        type=pair,
        default=[],
        metavar="NAME=PATH",
        help="its package: a zip, file or folder",
    )
    add("--modern", action="append", default=[], metavar="NAME", help=f"it speaks MCP {MODERN} alone")
    add("--out", type=Path, default=HERE / "results.json", help="where all samples go (default: %(default)s)")
    add("--markdown", type=Path, help="write the tables between the markers of this file, not to standard output")
    if "--quick" in sys.argv:
        parser.set_defaults(**QUICK)
    return parser.parse_args()


def chosen(args: argparse.Namespace) -> dict[str, System]:
    systems = builtin()
    for name, command in args.sut:
        systems.setdefault(name, System(env=dict(PAGES))).function = command
    for name, command in args.http:
        systems.setdefault(name, System()).server = command
    for name, path in args.package:
        systems.setdefault(name, System()).package.append(Path(path))
    for name, variable in args.env:
        key, _, value = variable.partition("=")
        systems.setdefault(name, System()).env[key] = value
    if args.only:
        if unknown := [s for s in args.only if s not in systems]:
            sys.exit(f"there is no system {unknown[0]}; there are {', '.join(systems)}")
        return {s: systems[s] for s in args.only}
    absent = set(PEERS) if args.quick else set()
    if not (HOME / "ts/node_modules/aws-lambda-ric/rapid-client.node").exists():
        absent.add("ts-serverless")
    return {name: system for name, system in systems.items() if name not in absent}


def between_markers(text: str, tables: str) -> str:
    before, begin, rest = text.partition(MARKERS[0])
    _, end, after = rest.partition(MARKERS[1])
    if not begin or not end:
        sys.exit(f"{' … '.join(MARKERS)} are not in the file that --markdown names")
    return f"{before}{begin}\n\n{tables}\n{end}{after}"


def measure(args: argparse.Namespace, systems: dict[str, System]) -> list[dict]:
    sizes = [int(n) for n in args.n.split(",")]
    of = {"list": sizes, "list-all": sizes, "search": sizes[-1:]}
    of |= {scenario: [n for n in sizes if n >= args.at] for scenario in ("skills-list", "skills-list-all")}
    cells = [(s, n) for s in args.scenarios.split(",") for n in of.get(s, [args.at])]
    delayed = [("get", args.at), ("list", args.at), *(("list", n) for n in sizes if n > args.at), ("skills-list", args.at)]
    delayed = [(scenario, n) for scenario, n in delayed if scenario in args.scenarios.split(",")]
    LOG.mkdir(parents=True, exist_ok=True)
    for log in LOG.iterdir():
        log.unlink()
    for n in {args.at, *sizes}:
        seed(folder_of(f"gallery-{n}", "prompts"), prompts(n))
    for n in {n for scenario, n in cells if SCENARIOS[scenario].skills}:
        seed(folder_of(f"skills-{n}", "skills"), skills(n))
        folder_of(f"skills-{n}", "prompts").mkdir(exist_ok=True)  # empty

    bench = Bench(args, systems)
    with s3_server(0) as s3:
        bench.prepare(s3, cells)
        if "lambda" not in args.skip:
            bench.lambda_pass("lambda", s3, cells, args.rounds, args.warm_ms)
        if "http" not in args.skip:
            for bucket, n in dict.fromkeys((SCENARIOS[scenario].bucket(n), n) for scenario, n in cells):
                rounds = min(args.rounds, LARGE_ROUNDS) if n >= LARGE else args.rounds
                cells_of = [SCENARIOS[scenario].bucket(of) == bucket and not SCENARIOS[scenario].gzip for scenario, of in cells]
                asked = [scenario for (scenario, of), is_asked in zip(cells, cells_of) if of == n and is_asked]
                bench.http_pass(s3, n, asked, rounds)
    if "lambda" not in args.skip and args.s3_delay_ms:
        with s3_server(args.s3_delay_ms) as s3:
            bench.prepare(s3, delayed)
            bench.lambda_pass("delayed", s3, delayed, min(args.rounds, 3), min(args.warm_ms, 500))
    if "stdio" not in args.skip:
        asked = [scenario for scenario in SCENARIO_NAMES if scenario in args.scenarios.split(",")]
        with open(LOG / "stdio.log", "a") as log:
            # A start is short, so more of them cost little.
            stdio_pass(bench, args.at, 4 * args.rounds, asked, str(folder_of(f"gallery-{args.at}", "prompts")), free_port, plain_environment, log)
    return bench.samples


def main() -> int:
    args = options()
    if not shutil.which("wrk") or not (BIN / "emu").exists():
        sys.exit("benches/compare/setup.sh has not been run")
    if unknown := [s for s in args.scenarios.split(",") if s not in SCENARIOS]:
        sys.exit(f"there is no scenario {unknown[0]}; there are {', '.join(SCENARIOS)}")
    if args.markdown:
        between_markers(args.markdown.read_text(), "")  # fails now and not when all is measured
    systems, before = chosen(args), others()
    samples = measure(args, systems)
    results = {
        "about": about(),
        "others": max(before, others()),
        "options": {k: v for k, v in vars(args).items() if isinstance(v, (int, str, list))},
        "systems": list(systems),
        "samples": samples,
        "packages": {name: package_size(system.package) for name, system in systems.items() if system.package},
    }
    args.out.write_text(json.dumps(results) + "\n")
    tables = markdown(results)
    if args.markdown:
        args.markdown.write_text(between_markers(args.markdown.read_text(), tables))
    else:
        print(tables, end="")
    return any("error" in s and s["system"].startswith("gallery") for s in results["samples"])


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
