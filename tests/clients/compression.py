"""Reads compressed answers as clients of Python do: by the standard library, which unpacks a whole body, piece by piece with zlib, and by
httpx, if it is there: compression.py URL. Silent when every answer is right; otherwise an AssertionError."""

import gzip
import json
import sys
import urllib.request
import zlib

url = sys.argv[1]


def body(method: str, params: dict) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()


def post(method: str, params: dict, accepted: str) -> tuple[str | None, bytes]:
    headers = {"content-type": "application/json", "accept-encoding": accepted}
    with urllib.request.urlopen(urllib.request.Request(url, body(method, params), headers)) as answer:
        return answer.headers["content-encoding"], answer.read()


for method, params in [
    ("prompts/list", {}),
    ("tools/list", {}),
    ("resources/read", {"uri": "ui://prompt-gallery/gallery.html"}),
    ("prompts/list", {}),
]:
    none, plain = post(method, params, "identity")
    coding, packed = post(method, params, "gzip, deflate")
    assert none is None and coding == "gzip", (none, coding)
    assert len(packed) < len(plain), method
    assert gzip.decompress(packed) == plain, method
    pieces = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    unpacked = b"".join(pieces.decompress(packed[at : at + 100]) for at in range(0, len(packed), 100))
    assert unpacked + pieces.flush() == plain and pieces.eof and not pieces.unused_data, method
    try:
        import httpx
    except ImportError:
        continue
    answer = httpx.post(url, content=body(method, params), headers={"content-type": "application/json"})
    assert answer.headers["content-encoding"] == "gzip" and answer.content == plain, method
