"""What of a request to a model comes from the person, from a prompt or from a tool."""

import json
import re

from cases import NOTES

# How the texts begin that clients add of themselves.
ADDED = (
    "<system-reminder>",
    "<command-message>",
    "<session_context>",
    "<environment_context>",
    "Called the Read tool",
    "--- Content from referenced files ---",
    "Content from @notes.txt:",
    "--- End of content ---",
)
# What clients put before a text: Codex and Gemini CLI before a tool's result, Copilot CLI before the user's.
BEFORE = re.compile(
    r"^(Wall time: [0-9.]+ seconds\nOutput:\n"
    r"|MCP tool '\w+' reported tool error for function call: .* with response: "
    r"|<current_datetime>[^<]*</current_datetime>\n\n)"
)


def texts(body: dict) -> list[str]:
    """The texts of the conversation in their order: the user's as they are, `assistant: …` and `tool: …`; a picture as
    `<image>`. System prompts and what clients add are left out."""
    found = []
    for message in body.get("messages") or body.get("contents") or body.get("input") or []:
        role = {"model": "assistant"}.get(message.get("role", ""), message.get("role", ""))
        content = message.get("content", message.get("parts")) if role else [message]
        for part in [content] if isinstance(content, str) else content or []:
            kind, text = read(part)
            if NOTES in text:
                found.append("<file>")
                continue
            if kind == "text" or role == "tool":
                kind = role
            if kind in ("system", "developer") or not text or text.lstrip().startswith(ADDED):
                continue
            text = BEFORE.sub("", text)
            found.append(text if kind == "user" else f"{kind}: {text}")
    return found


def read(part: "dict | str") -> tuple[str, str]:
    """What a part of a message is (text, user or tool), and its text without the last line's end."""
    if isinstance(part, str):
        return "text", part.rstrip("\n")
    kind = part.get("type", "")
    if "functionResponse" in part:
        response = part["functionResponse"]["response"]
        return "tool", response.get("output") or response.get("error") or json.dumps(response)
    if kind == "function_call_output":
        return "tool", flat(part.get("output"))
    if kind == "tool_result":
        return "tool", flat(part.get("content"))
    if kind.startswith(("image", "input_image")) or "inlineData" in part:
        return "user", "<image>"
    return "text", without_path(part.get("text") or "").rstrip("\n")


def flat(content) -> str:
    """The text of a tool's result, of all its blocks."""
    if isinstance(content, list):
        kind = {"input_image": "image"}
        texts = (block.get("text") or f"<{kind.get(block['type'], block['type'])}>" for block in content)
        return "\n".join(map(without_path, texts))
    return str(content or "")


def without_path(text: str) -> str:
    """Claude Code keeps each picture in a file too, and tells its path."""
    return "<path>" if text.startswith("[Image: source:") else text
