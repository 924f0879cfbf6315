"""From the start of a process to its first answer over stdio, beside the local server over the same folder."""

import contextlib
import http.client
import json
import subprocess
import time
from collections.abc import Callable

from scenarios import INITIALIZE, SCENARIOS, message

SCENARIO_NAMES = ("initialize", "get", "list")
TIMEOUT = 60


def first_answer(command: str, env: dict[str, str], log, ask: Callable[[subprocess.Popen], str]) -> tuple[float, str]:
    """Milliseconds from the start of `command` until `ask` has its answer, and the answer."""
    began = time.perf_counter()
    process = subprocess.Popen(
        ["/bin/sh", "-c", command],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
    )
    try:
        answer = ask(process)
        return (time.perf_counter() - began) * 1e3, answer
    finally:
        process.kill()  # the shell has become the program
        process.communicate()


def over_stdio(scenario: str) -> Callable[[subprocess.Popen], str]:
    """The handshake and the request in one write, as no client can be faster. `initialize` is the handshake alone."""
    asked = SCENARIOS[scenario]
    messages = [
        {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": INITIALIZE},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 1, "method": asked.method, "params": asked.params},
    ]
    if asked.method == "initialize":
        del messages[1:]
    last = messages[-1]["id"]
    text = "".join(json.dumps(m) + "\n" for m in messages).encode()

    def ask(process: subprocess.Popen) -> str:
        try:
            process.stdin.write(text)
            process.stdin.flush()
        except BrokenPipeError:
            return "no answer"  # it has ended already
        for line in process.stdout:
            if json.loads(line).get("id") == last:
                return line.decode()
        return "no answer"

    return ask


def over_http(scenario: str, port: int) -> Callable[[subprocess.Popen], str]:
    """The request, as soon as the port accepts it."""
    headers, body = message(SCENARIOS[scenario], False)

    def ask(process: subprocess.Popen) -> str:
        end = time.perf_counter() + TIMEOUT
        while process.poll() is None and time.perf_counter() < end:
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)) as connection:
                try:
                    connection.request("POST", "/mcp", body, headers)
                    return connection.getresponse().read().decode()
                except ConnectionRefusedError:
                    time.sleep(0.0002)
        return "no answer"

    return ask


def stdio_pass(
    bench, n: int, rounds: int, scenarios: list[str], folder: str, port: Callable[[], int], environment: Callable[[int], dict[str, str]], log
) -> None:
    """All systems that have such a command, in turns."""
    for _ in range(rounds):
        for scenario in scenarios:
            for name, system in bench.systems.items():
                number = port()
                env = {**environment(number), "PROMPT_DIR": folder}
                if system.stdio:
                    command, ask = system.stdio, over_stdio(scenario)
                elif system.local:
                    command, ask = system.local, over_http(scenario, number)
                else:
                    continue
                ms, answer = first_answer(command, env, log, ask)
                figures = {"first_ms": ms} if SCENARIOS[scenario].expect in answer else {"error": answer[:300]}
                bench.add("stdio", name, n, scenario=scenario, **figures)
