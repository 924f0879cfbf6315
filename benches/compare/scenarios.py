"""What is asked, of which prompts."""

import json
from dataclasses import dataclass

# ---- The prompts ----

TEMPLATE = """---
title: Review request {i}
description: Asks for a review of a change, in a given tone. Template number {i}.
arguments:
  - name: name
    description: Who is asked
    required: true
  - name: topic
    description: What is reviewed
    required: true
  - name: tone
    description: Tone of the answer
    required: false
---
Hello {{{{name}}}}, please review {{{{topic}}}} (template {i}).
{{{{#if tone}}}}Keep a {{{{tone}}}} tone.{{{{/if}}}}
{filler}
Thank you, {{{{name}}}}.
"""
FILLER = "Say what is right, what is wrong and what is missing, one point a line, worst first. " * 8


def prompts(n: int) -> dict[str, str]:
    """Names and texts of n files of about 1 KB."""
    return {f"p-{i:05}.hbs": TEMPLATE.format(i=i, filler=FILLER) for i in range(n)}


# ---- The requests ----

LEGACY, MODERN = "2025-06-18", "2026-07-28"


@dataclass
class Scenario:
    method: str
    params: dict
    expect: str  # what the first answer must hold
    cold_floor: str  # what its cold figures cannot be faster than
    warm_floor: str  # and its warm ones
    follow: bool = False  # whether to ask for all pages
    modern: bool = False  # whether only MCP 2026-07-28 has the method


ME = {"name": "bench", "version": "1"}
INITIALIZE = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": ME}
ADD = {"name": "add", "arguments": {"a": 2, "b": 40}}
GET = {"name": "p-00007", "arguments": {"name": "Ada", "topic": "the parser"}}
GOT = "Hello Ada, please review the parser (template 7)"
# With a typing mistake; the number is rare.
SEARCH = {"name": "search_prompts", "arguments": {"query": "reveiw request 777"}}
SCENARIOS = {
    "initialize": Scenario("initialize", INITIALIZE, '"serverInfo"', "floor-echo", "floor-echo"),
    "discover": Scenario("server/discover", {}, '"supportedVersions"', "floor-echo", "floor-echo", modern=True),
    "call-add": Scenario("tools/call", ADD, "42", "floor-echo", "floor-echo"),
    "get": Scenario("prompts/get", GET, GOT, "floor-s3", "floor-echo"),
    # Before `list`, so that the first search of a server is its first look at the prompts.
    "search": Scenario("tools/call", SEARCH, "p-00777", "floor-s3", "floor-search"),
    "list": Scenario("prompts/list", {}, '"p-00000"', "floor-s3", "floor-list"),
    "list-all": Scenario("prompts/list", {}, '"p-00000"', "floor-s3", "floor-s3", follow=True),
}


def message(scenario: Scenario, modern: bool) -> tuple[dict[str, str], str]:
    """Headers and body of one MCP request over Streamable HTTP."""
    version = MODERN if modern or scenario.modern else LEGACY
    params = scenario.params
    headers = {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": version,
    }
    if version == MODERN:
        headers["mcp-method"] = scenario.method
        if "name" in params:
            headers["mcp-name"] = params["name"]
        meta = "io.modelcontextprotocol/"
        params = {
            **params,
            "_meta": {
                meta + "protocolVersion": version,
                meta + "clientCapabilities": {},
                meta + "clientInfo": ME,
            },
        }
    return headers, json.dumps({"jsonrpc": "2.0", "id": 1, "method": scenario.method, "params": params})


def event(headers: dict[str, str], body: str) -> dict:
    """The event of an API Gateway HTTP API (payload format 2.0) behind a JWT authorizer."""
    host = "abcdefghij.execute-api.us-east-1.amazonaws.com"
    claims = {
        "sub": "user-1",
        "iss": "https://issuer.example",
        "client_id": "bench",
        "scope": "mcp/use",
        "token_use": "access",
        "exp": "4102444800",
    }
    return {
        "version": "2.0",
        "routeKey": "POST /mcp",
        "rawPath": "/mcp",
        "rawQueryString": "",
        "headers": {
            **headers,
            "host": host,
            "authorization": "Bearer x.y.z",
            "content-length": str(len(body)),
            "user-agent": "bench",
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdefghij",
            "domainName": host,
            "domainPrefix": "abcdefghij",
            "authorizer": {"jwt": {"claims": claims, "scopes": ["mcp/use"]}},
            "http": {
                "method": "POST",
                "path": "/mcp",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "bench",
            },
            "requestId": "bench-request=",
            "routeKey": "POST /mcp",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1767225600000,
        },
        "body": body,
        "isBase64Encoded": False,
    }
