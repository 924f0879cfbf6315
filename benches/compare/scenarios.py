"""What is asked, of which prompts and skills."""

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


# ---- The skills ----

SKILL = """---
name: review-{i:05}
description: Reviews a change in the tone that the team has agreed on. Use when a change is ready for review. Skill number {i}.
license: Apache-2.0
metadata:
  owner: platform
---
# Review {i}

1. Read `references/checklist.md`.
2. {filler}
"""
CHECKLIST = """# Checklist {i}

{filler}
"""
# The skill with a large file in place of the checklist, so that all skills have two files.
LARGE_SKILL, LARGE_FILE = 7, "big.txt"
LARGE_LINES, LARGE_LINE = 16_384, '{i:06} "{words}"\n'  # of 64 bytes: 1 MB
FILES_OF_A_SKILL = 2


def skill_name(i: int) -> str:
    return f"review-{i:05}"


def skills(n: int) -> dict[str, str]:
    """Paths and texts of the files of n skills: a SKILL.md of about 1 KB and another file each."""
    files = {}
    for i in range(n):
        files[f"{skill_name(i)}/SKILL.md"] = SKILL.format(i=i, filler=FILLER)
        if i == LARGE_SKILL:
            files[f"{skill_name(i)}/{LARGE_FILE}"] = large_text()
        else:
            files[f"{skill_name(i)}/references/checklist.md"] = CHECKLIST.format(i=i, filler=FILLER)
    return files


def large_key() -> str:
    return f"{skill_name(LARGE_SKILL)}/{LARGE_FILE}"


def large_text() -> str:
    return "".join(LARGE_LINE.format(i=i, words=FILLER[:54]) for i in range(LARGE_LINES))


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
    skills: bool = False  # whether it is asked of skills, which have buckets of their own
    gzip: bool = False  # whether the client takes gzip; asked of the gallery on Lambda alone

    def bucket(self, n: int) -> str:
        return f"{'skills' if self.skills else 'gallery'}-{n}"


ME = {"name": "bench", "version": "1"}
INITIALIZE = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": ME}
ADD = {"name": "add", "arguments": {"a": 2, "b": 40}}
GET = {"name": "p-00007", "arguments": {"name": "Ada", "topic": "the parser"}}
GOT = "Hello Ada, please review the parser (template 7)"
# With a typing mistake; the number is rare.
SEARCH = {"name": "search_prompts", "arguments": {"query": "reveiw request 777"}}
FIRST_SKILL = f'"skill://{skill_name(0)}/SKILL.md"'
READ = {"uri": f"skill://{large_key()}"}
LAST_LINE = f"{LARGE_LINES - 1:06} "
SCENARIOS = {
    "initialize": Scenario("initialize", INITIALIZE, '"serverInfo"', "floor-echo", "floor-echo"),
    "discover": Scenario("server/discover", {}, '"supportedVersions"', "floor-echo", "floor-echo", modern=True),
    "call-add": Scenario("tools/call", ADD, "42", "floor-echo", "floor-echo"),
    "get": Scenario("prompts/get", GET, GOT, "floor-s3", "floor-echo"),
    # Before `list`, so that the first search of a server is its first look at the prompts.
    "search": Scenario("tools/call", SEARCH, "p-00777", "floor-s3", "floor-search"),
    "list": Scenario("prompts/list", {}, '"p-00000"', "floor-s3", "floor-list"),
    # What gzip in base64 begins with.
    "list-gzip": Scenario("prompts/list", {}, "H4sI", "floor-s3", "floor-list", gzip=True),
    "list-all": Scenario("prompts/list", {}, '"p-00000"', "floor-s3", "floor-s3", follow=True),
    "skills-list": Scenario("skills/list", {}, FIRST_SKILL, "floor-s3", "floor-skills", modern=True, skills=True),
    "skills-list-all": Scenario(
        "skills/list", {}, FIRST_SKILL, "floor-s3", "floor-s3", follow=True, modern=True, skills=True
    ),
    "read-1mb": Scenario("resources/read", READ, LAST_LINE, "floor-read", "floor-read", modern=True, skills=True),
}


def lacks(scenario: str, text: str, n: int) -> str | None:
    """What the first answer to a scenario lacks, of a server whose page has n skills."""
    if SCENARIOS[scenario].expect not in text:
        return f"bad answer: {text[:300]}"
    if SCENARIOS[scenario].method != "skills/list":
        return None
    entries = json.loads(text)["result"]["skills"]
    digested = [e for e in entries if sum("digest" in r and "size" in r for r in e["resources"]) == FILES_OF_A_SKILL]
    if len(digested) == n == len({e["uri"] for e in entries}):
        return None
    return f"{len(digested)} of {len(entries)} skills have the digests of their files; expected {n}"


def message(scenario: Scenario, modern: bool) -> tuple[dict[str, str], str]:
    """Headers and body of one MCP request over Streamable HTTP."""
    version = MODERN if modern or scenario.modern else LEGACY
    params = scenario.params
    headers = {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": version,
    }
    if scenario.gzip:
        headers["accept-encoding"] = "gzip"
    if version == MODERN:
        headers["mcp-method"] = scenario.method
        if name := params.get("name") or params.get("uri"):
            headers["mcp-name"] = name
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
