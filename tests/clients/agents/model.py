"""A model that records what it is asked and answers "Done.", over the APIs of Anthropic, OpenAI (chat completions and
responses) and Gemini. While `calls` has a tool call whose tool is offered, the answer is that call."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

SAYS = "Done."


class Model(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1 from `with` to the end of its block."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.requests: list[dict] = []
        self.calls: list[tuple[str, dict]] = []

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *_) -> None:
        """A client that ends in the middle of an answer is no fault."""

    def answer_to(self, body: dict) -> "Call | str":
        """The next call, under the name by which the client offers its tool; else the text."""
        for number, (name, arguments) in enumerate(self.calls):
            for tool, namespace in offered(body):
                # Clients put the server's name before the tool's.
                if tool == name or tool.endswith((f"_{name}", f"-{name}")):
                    del self.calls[number]
                    return Call(tool, namespace, arguments)
        return SAYS


class Call(NamedTuple):
    name: str
    namespace: str | None
    arguments: dict


def offered(body: dict) -> list[tuple[str, str | None]]:
    """The tools that a request offers: name and, in Codex, namespace."""
    found = []
    for tool in body.get("tools") or []:
        namespace = tool["name"] if tool.get("type") == "namespace" else None
        for one in tool.get("functionDeclarations") or tool.get("tools") or [tool.get("function") or tool]:
            found.append((one.get("name", ""), namespace))
    return found


# --- The answers: each as one object, and as events ---


def anthropic(model: str, answer) -> dict:
    if isinstance(answer, str):
        content, reason = {"type": "text", "text": answer}, "end_turn"
    else:
        content, reason = (
            {"type": "tool_use", "id": "toolu_1", "name": answer.name, "input": answer.arguments},
            "tool_use",
        )
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [content],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def anthropic_events(whole: dict):
    block = whole["content"][0]
    if block["type"] == "text":
        empty, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
    else:
        empty, delta = {**block, "input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    ends = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    for event in (
        {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": empty},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ends, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ):
        yield event["type"], event


def chat(model: str, answer) -> dict:
    message, reason = {"role": "assistant", "content": answer}, "stop"
    if not isinstance(answer, str):
        function = {"name": answer.name, "arguments": json.dumps(answer.arguments)}
        call = {"index": 0, "id": "call_1", "type": "function", "function": function}
        message, reason = {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
    return {
        "id": "chat_1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def chat_events(whole: dict):
    base = {**whole, "object": "chat.completion.chunk"}
    del base["usage"]
    choice = whole["choices"][0]
    yield None, {**base, "choices": [{"index": 0, "delta": choice["message"], "finish_reason": None}]}
    yield None, {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]}
    yield None, {**base, "choices": [], "usage": whole["usage"]}
    yield None, "[DONE]"


def responses(model: str, answer) -> dict:
    if isinstance(answer, str):
        text = {"type": "output_text", "text": answer, "annotations": []}
        item = {"type": "message", "id": "item_1", "role": "assistant", "status": "completed", "content": [text]}
    else:
        call = {"call_id": "call_1", "name": answer.name, "arguments": json.dumps(answer.arguments)}
        if answer.namespace:
            call["namespace"] = answer.namespace
        item = {"type": "function_call", "id": "item_1", "status": "completed", **call}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": model,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "output": [item],
        "error": None,
        "usage": {
            "input_tokens": 1,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 1,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 2,
        },
    }


def responses_events(whole: dict):
    item = whole["output"][0]
    at = {"item_id": item["id"], "output_index": 0}
    events = [{"type": "response.created", "response": {**whole, "status": "in_progress", "output": []}}]
    if item["type"] == "message":
        part = item["content"][0]
        at["content_index"] = 0
        events += [
            {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
            {"type": "response.content_part.added", **at, "part": {**part, "text": ""}},
            {"type": "response.output_text.delta", **at, "delta": part["text"]},
            {"type": "response.output_text.done", **at, "text": part["text"]},
            {"type": "response.content_part.done", **at, "part": part},
        ]
    else:
        arguments = item["arguments"]
        events += [
            {"type": "response.output_item.added", "output_index": 0, "item": {**item, "arguments": ""}},
            {"type": "response.function_call_arguments.delta", **at, "delta": arguments},
            {"type": "response.function_call_arguments.done", **at, "arguments": arguments},
        ]
    events += [
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    for number, event in enumerate(events):
        yield event["type"], {**event, "sequence_number": number}


def gemini(_: str, answer) -> dict:
    if isinstance(answer, str):
        part = {"text": answer}
    else:
        part = {"functionCall": {"name": answer.name, "args": answer.arguments}}
    return {
        "candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
    }


def gemini_events(whole: dict):
    yield None, whole


# The end of the path, what answers it, and what makes events of that answer.
APIS = (
    ("/messages", anthropic, anthropic_events),
    ("/chat/completions", chat, chat_events),
    ("/responses", responses, responses_events),
    (":generateContent", gemini, None),
    (":streamGenerateContent", gemini, gemini_events),
)
COUNTS = ((":countTokens", {"totalTokens": 1}), ("/count_tokens", {"input_tokens": 1}))
MODELS = {
    "object": "list",
    "data": [
        {"id": "fake", "object": "model", "created": 1, "owned_by": "test", "type": "model", "display_name": "fake"}
    ],
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_) -> None:
        pass

    def do_HEAD(self) -> None:
        self.whole({})

    def do_GET(self) -> None:
        self.whole(MODELS if self.path.split("?")[0].endswith("/models") else {})

    def do_POST(self) -> None:
        body = self.body()
        path = self.path.split("?")[0]
        for end, answer in COUNTS:
            if path.endswith(end):
                return self.whole(answer)
        for end, answer, events in APIS:
            if path.endswith(end):
                self.server.requests.append(body)
                whole = answer(body.get("model", "fake"), self.server.answer_to(body))
                streamed = events and (body.get("stream") or "stream" in end)
                return self.stream(events(whole)) if streamed else self.whole(whole)
        self.whole({}, 404)

    def body(self) -> dict:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                raw += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        if self.headers.get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        try:
            return json.loads(raw)
        except ValueError:
            return {}

    def whole(self, value: dict, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def stream(self, events) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for event, value in events:
            data = value if isinstance(value, str) else json.dumps(value)
            self.wfile.write(((f"event: {event}\n" if event else "") + f"data: {data}\n\n").encode())
        self.close_connection = True
