#!/usr/bin/env python3
"""Cold starts of builds of the function, in turns: `cold.py [--add | --skills] [--busy] [--instructions] ROUNDS BASE OTHER…`.

For each: the package, from the start of the process to the first answer, the processor time of that process and its page faults;
the median and the fastest tenth, and their ratio to the first build. The first request is `prompts/get`, or with `--add` the tool
`add`, which needs no store, or with `--skills` `skills/list` of 1,000 skills with two files each. With `--busy` a process shares one core with another one that never rests, as a function of 256 MB
gets a part of one. `--instructions` also counts them by callgrind, until a quarter of a second after the answer; it needs
valgrind. The runtime API of Lambda and what is needed of S3 are here, without signatures, so that two builds are compared in a
minute; `run` measures what can be compared with others.
"""

import argparse
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote

from scenarios import SCENARIOS, event, message, prompts, skills

COUNT = 1000
PAGE_KEYS = 1000
OBJECTS: dict[str, bytes] = {}


class Emulated:
    """One invocation: what is handed out, and what came back when."""

    event = None
    answer = b""
    answered_at = 0.0
    answered, idle = threading.Event(), threading.Event()


def etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


def listing(prefix: str, start: int, is_encoded: bool) -> bytes:
    """A page of the keys; the token of the next one is the index of its first key."""
    all_keys = sorted(key for key in OBJECTS if key.startswith(prefix))
    keys, end = all_keys[start : start + PAGE_KEYS], start + PAGE_KEYS
    contents = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-07-28T12:00:00.000Z</LastModified>"
        f"<ETag>{etag(OBJECTS[key])}</ETag><Size>{len(OBJECTS[key])}</Size></Contents>"
        for key in keys
    )
    encoding = "<EncodingType>url</EncodingType>" if is_encoded else ""
    more = end < len(all_keys)
    token = f"<NextContinuationToken>{end}</NextContinuationToken>" if more else ""
    head = f"<KeyCount>{len(keys)}</KeyCount><MaxKeys>{PAGE_KEYS}</MaxKeys><IsTruncated>{str(more).lower()}</IsTruncated>"
    head += encoding + token
    return f"<ListBucketResult>{head}{contents}</ListBucketResult>".encode()


def unchunked(body: bytes) -> bytes:
    content = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        content, body = content + body[:length], body[length + 2 :]
        if not length:
            break
    return content


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_):
        pass

    def reply(self, status: int, body: bytes = b"", **headers: str):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def key(self) -> str:
        return unquote(self.path.partition("?")[0].split("/", 2)[2])

    def do_GET(self):
        if self.path.endswith("/invocation/next"):
            handed_out, Emulated.event = Emulated.event, None
            if handed_out is None:
                Emulated.idle.set()
                time.sleep(60)
                return
            self.reply(
                200,
                handed_out,
                Lambda_Runtime_Aws_Request_Id="1",
                Lambda_Runtime_Deadline_Ms=str(int(time.time() * 1000) + 15_000),
                Lambda_Runtime_Invoked_Function_Arn="arn:aws:lambda:us-east-1:111122223333:function:f",
            )
            return
        query = parse_qs(self.path.partition("?")[2])
        if "list-type" in query:
            start = int(query.get("continuation-token", ["0"])[0])
            page = listing(query["prefix"][0], start, "encoding-type" in query)
            self.reply(200, page, content_type="application/xml")
        elif (content := OBJECTS.get(self.key())) is not None:
            self.reply(200, content, ETag=etag(content), Last_Modified="Tue, 28 Jul 2026 12:00:00 GMT")
        else:
            self.reply(404, b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>")

    def do_PUT(self):
        body = self.body()
        OBJECTS[self.key()] = unchunked(body) if "aws-chunked" in self.headers.get("content-encoding", "") else body
        self.reply(200, ETag=etag(OBJECTS[self.key()]))

    def do_POST(self):
        Emulated.answer = self.body()
        Emulated.answered_at = time.perf_counter()
        Emulated.answered.set()
        self.reply(202)


def run(command: list[str], host: str, scenario: str, core: int | None = None) -> tuple[float, float, float]:
    """Milliseconds to the first answer and of processor time, and page faults."""
    env = {
        "AWS_LAMBDA_RUNTIME_API": host,
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKID",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT_URL_S3": f"http://{host}",
        "BUCKET_NAME": "gallery",
        **({"SKILLS_PREFIX": "skills/"} if SCENARIOS[scenario].skills else {}),
    }
    Emulated.answered.clear()
    Emulated.idle.clear()
    Emulated.event = json.dumps(event(*message(SCENARIOS[scenario], False))).encode()
    began = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if core is not None:
        os.sched_setaffinity(process.pid, {core})
    # The answer of Lambda is JSON within JSON.
    expected = json.dumps(SCENARIOS[scenario].expect)[1:-1].encode()
    is_answered = Emulated.answered.wait(30) and expected in Emulated.answer
    Emulated.idle.wait(5)  # a request for the next event that is under way would take that of the next process
    if command[0] == "valgrind":
        time.sleep(0.25)
        process.send_signal(signal.SIGTERM)  # it writes what it has counted
    else:
        process.kill()
    usage = os.wait4(process.pid, 0)[2]
    process.returncode = 0
    if not is_answered:
        sys.exit(f"{command}: {Emulated.answer[:200]!r}")
    return (Emulated.answered_at - began) * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3, usage.ru_minflt + usage.ru_majflt


def instructions(program: str, host: str, scenario: str) -> float:
    """Millions of instructions of all threads, the least of three processes: in some, a listing begins before the end."""
    return min(count(program, host, scenario) for _ in range(3))


def count(program: str, host: str, scenario: str) -> float:
    with tempfile.NamedTemporaryFile() as counted:
        run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={counted.name}", program], host, scenario)
        totals = re.search(r"^(?:summary|totals): (\d+)", Path(counted.name).read_text(), re.MULTILINE)
    return int(totals[1]) / 1e6 if totals else float("nan")


def packed(program: str) -> float:
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
            package.write(program, "bootstrap")
        file.flush()
        return os.path.getsize(file.name) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    first = parser.add_mutually_exclusive_group()
    for flag in ("--add", "--skills"):
        first.add_argument(flag, action="store_true")
    for flag in ("--busy", "--instructions"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("rounds", type=int)
    parser.add_argument("programs", nargs="+")
    args = parser.parse_args()
    scenario = "call-add" if args.add else "skills-list" if args.skills else "get"
    core = max(os.sched_getaffinity(0)) if args.busy else None
    if args.skills:
        OBJECTS.update({f"skills/{path}": text.encode() for path, text in skills(COUNT).items()})
    else:
        OBJECTS.update({f"prompts/{name}": text.encode() for name, text in prompts(COUNT).items()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.handle_error = True, lambda *_: None  # a process that is killed hangs up
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_port}"
    run(args.programs[:1], host, scenario if args.skills else "get")  # writes the index
    time.sleep(1)
    samples = {program: [] for program in args.programs}
    neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if args.busy else None
    try:
        if neighbour:
            os.sched_setaffinity(neighbour.pid, {core})
        for number in range(args.rounds):
            for program in args.programs if number % 2 else args.programs[::-1]:
                samples[program].append(run([program], host, scenario, core))
    finally:
        if neighbour:
            neighbour.kill()
            neighbour.wait()

    def figures(program: str) -> list[float]:
        ordered = [sorted(column) for column in zip(*samples[program])]
        return [column[int(len(column) * part)] for column in ordered for part in (0.5, 0.1)]

    base = figures(args.programs[0])
    print("build: package KiB | first answer ms, fastest tenth | processor ms, fastest tenth | page faults, fewest tenth | ratios")
    for program in args.programs:
        values = figures(program)
        ratios = ", ".join(f"{value / first:.3f}" for value, first in zip(values, base))
        texts = [f"{value:.2f}" for value in values[:4]] + [f"{value:,.0f}" for value in values[4:]]
        line = " | ".join(f"{texts[at]}, {texts[at + 1]}" for at in (0, 2, 4))
        print(f"{program}: {packed(program):,.0f} | {line} | {ratios}")
        if args.instructions:
            print(f"  {instructions(program, host, scenario):,.1f} million instructions")


if __name__ == "__main__":
    main()
