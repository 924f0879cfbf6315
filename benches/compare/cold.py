#!/usr/bin/env python3
"""Cold `prompts/get` of builds of the function, in turns: `cold.py ROUNDS BASE OTHER…`.

For each: the package, from the start of the process to the first answer, and the processor time of that process; the median
and the fastest tenth, and their ratio to the first build. The runtime API of Lambda and what is needed of S3 are here, without
signatures, so that two builds are compared in a minute; `run` measures what can be compared with others.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote

from scenarios import GOT, SCENARIOS, event, message, prompts

PROMPTS = 1000
OBJECTS = {f"prompts/{name}": text.encode() for name, text in prompts(PROMPTS).items()}
EVENT = json.dumps(event(*message(SCENARIOS["get"], False))).encode()


class Emulated:
    """One invocation: what is handed out, and what came back when."""

    event = None
    answer = b""
    answered_at = 0.0
    answered, idle = threading.Event(), threading.Event()


def etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


def listing(prefix: str, is_encoded: bool) -> bytes:
    keys = sorted(key for key in OBJECTS if key.startswith(prefix))
    contents = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-07-28T12:00:00.000Z</LastModified>"
        f"<ETag>{etag(OBJECTS[key])}</ETag><Size>{len(OBJECTS[key])}</Size></Contents>"
        for key in keys
    )
    encoding = "<EncodingType>url</EncodingType>" if is_encoded else ""
    head = f"<KeyCount>{len(keys)}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{encoding}"
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
            self.reply(200, listing(query["prefix"][0], "encoding-type" in query), content_type="application/xml")
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


def run(program: str, host: str) -> tuple[float, float]:
    """Milliseconds to the first answer, and of processor time."""
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
    }
    Emulated.answered.clear()
    Emulated.idle.clear()
    Emulated.event = EVENT
    began = time.perf_counter()
    process = subprocess.Popen([program], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    is_answered = Emulated.answered.wait(30) and GOT.encode() in Emulated.answer
    Emulated.idle.wait(5)  # a request for the next event that is under way would take that of the next process
    process.kill()
    usage = os.wait4(process.pid, 0)[2]
    process.returncode = 0
    if not is_answered:
        sys.exit(f"{program}: {Emulated.answer[:200]!r}")
    return (Emulated.answered_at - began) * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3


def packed(program: str) -> float:
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
            package.write(program, "bootstrap")
        file.flush()
        return os.path.getsize(file.name) / 1024


def main():
    rounds, programs = int(sys.argv[1]), sys.argv[2:]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.handle_error = True, lambda *_: None  # a process that is killed hangs up
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_port}"
    run(programs[0], host)  # writes the index
    time.sleep(1)
    samples = {program: [] for program in programs}
    for number in range(rounds):
        for program in programs if number % 2 else programs[::-1]:
            samples[program].append(run(program, host))

    def figures(program: str) -> list[float]:
        ordered = [sorted(column) for column in zip(*samples[program])]
        return [column[int(len(column) * part)] for column in ordered for part in (0.5, 0.1)]

    base = figures(programs[0])
    print("build: package KiB | first answer ms, fastest tenth | processor ms, fastest tenth | ratios to the first build")
    for program in programs:
        values = figures(program)
        ratios = ", ".join(f"{value / first:.3f}" for value, first in zip(values, base))
        texts = [f"{value:.2f}" for value in values]
        print(f"{program}: {packed(program):,.0f} | {', '.join(texts[:2])} | {', '.join(texts[2:])} | {ratios}")


if __name__ == "__main__":
    main()
