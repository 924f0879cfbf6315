"""Deploys template.yaml on the emulator and checks what a team relies on: checks.py FOLDER, where FOLDER/Function has the
function's program. One line a check; exits with 1 if one failed. `run` starts the emulator and ends it."""

import hashlib
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import traceback
from pathlib import Path

import boto3

import emulator
from emulator import PORT, RESULTS, Answer, Cognito, CognitoOverTls, claims, mcp, now, paste, request, resource

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "tests/clients"
BROWSER = ROOT / "tests/browser"
HANDSHAKE, MODERN = "2025-11-25", "2026-07-28"
EMAIL, PASSWORD = "ada@example.com", "Correct-horse-7"
GREETING = "Write a warm, one-sentence greeting for Ada."

passed = failed = 0


def check(name: str, todo, *args) -> None:
    global passed, failed
    try:
        todo(*args)
    except Exception as e:
        failed += 1
        print(f"FAILED  {name}", flush=True)
        text = str(e) if isinstance(e, AssertionError) and str(e) else traceback.format_exc()
        print("\n".join(f"        {line}" for line in text.strip().splitlines()[-40:]), flush=True)
    else:
        passed += 1
        print(f"ok      {name}", flush=True)


def same(got, expected) -> None:
    assert got == expected, f"got      {got}\nexpected {expected}"


def status(answer: Answer, expected: int) -> None:
    assert answer.status == expected, f"{answer.status} instead of {expected}: {answer.body}"


# --- The stack ---

build = Path(sys.argv[1])
template = build / "template.yaml"
template.write_text(emulator.emulated_template((ROOT / "template.yaml").read_text()))
out: dict[str, str] = {}


def deploys() -> None:
    # Every client and alarm, and each request sees the bucket as it is. The rest is as by default.
    options = {"Architecture": "x86_64", "MachineClient": "true", "AlarmEmail": EMAIL, "CacheTtlSeconds": "0"}
    out.update(emulator.deploy(template, **options))


check("the stack is created", deploys)
if failed:
    sys.exit(1)

URL = out["McpUrl"]
ORIGIN = URL.removesuffix("/mcp")
SCOPE = f"{URL}/invoke"
CLIENT, MACHINE = out["ClientId"], resource("MachineUserPoolClient")
BUCKET = out["BucketName"]
INDEX = ".gallery/index.json"
cognito = Cognito(resource("UserPool"), resource("SignInPage"))
tokens: dict[str, str] = {}


def routes() -> None:
    api = boto3.client("apigatewayv2").get_routes(ApiId=resource("Api"))["Items"]
    guarded = [r for r in api if r["AuthorizationType"] == "JWT"]
    same(sorted(r["RouteKey"] for r in guarded), ["DELETE /mcp", "GET /mcp", "POST /mcp", "POST /mcp/"])
    # API Gateway takes 64 characters, which its own addresses exceed in every region. The function checks the scope.
    same([r.get("AuthorizationScopes") or [] for r in guarded], [[]] * 4)
    session = boto3.Session()
    for partition, domain in (("aws", "amazonaws.com"), ("aws-cn", "amazonaws.com.cn"), ("aws-us-gov", "amazonaws.com")):
        for region in session.get_available_regions("apigatewayv2", partition):
            scope = f"https://{'a' * 10}.execute-api.{region}.{domain}/mcp/invoke"
            assert len(scope) > 64, f"{scope} would fit: RouteScopes could be true in {region}"
    metadata = ["oauth-protected-resource", "oauth-protected-resource/mcp", "oauth-authorization-server", "openid-configuration"]
    open = [f"GET /.well-known/{path}" for path in [*metadata, "ai-catalog.json"]] + ["GET /mcp/server-card"]
    open += ["GET /", "GET /assets/{file}"]
    same(
        sorted(r["RouteKey"] for r in api if r["AuthorizationType"] == "NONE"),
        sorted([*open, "GET /health", "GET /ready", "POST /register"]),
    )
    same(len(api), len(guarded) + len(open) + 3)


# What API Gateway or Cognito writes. Values of callers, and messages that repeat them, are not escaped: they could end the JSON.
LOGGED = {
    "requestTime", "apiId", "requestId", "identity.sourceIp", "routeKey", "status", "responseLength", "responseLatency",
    "integration.latency", "integration.status", "integration.integrationStatus", "error.responseType",
    "authorizer.claims.sub", "authorizer.claims.client_id",
}  # fmt: skip


def access_log() -> None:
    (stage,) = boto3.client("apigatewayv2").get_stages(ApiId=resource("Api"))["Items"]
    format = stage["AccessLogSettings"]["Format"]
    assert "\n" not in format, format
    named = re.findall(r"\$context\.([A-Za-z_.]+)", format)
    same(sorted(named), sorted(LOGGED))
    # Each value is a text of its own; a variable without a value is written as a hyphen.
    line = json.loads(re.sub(r"\$context\.[A-Za-z_.]+", "-", format))
    same(set(line.values()), {"-"})


def encryption(**parameters: str) -> dict:
    (rule,) = emulator.declared(template, "Bucket", "BucketEncryption", **parameters)["ServerSideEncryptionConfiguration"]
    return rule


def without_a_key() -> None:
    same(encryption(), {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}})
    policy = boto3.client("iam").get_role_policy(RoleName=resource("FunctionRole"), PolicyName="prompts")["PolicyDocument"]
    assert "kms:" not in json.dumps(policy), policy
    same(emulator.declared(template, "Function", "ReservedConcurrentExecutions"), None)


def role() -> None:
    arn = boto3.client("iam").get_role(RoleName=resource("FunctionRole"))["Role"]["Arn"]

    def decides(action: str, at: str) -> str:
        simulated = boto3.client("iam").simulate_principal_policy(
            PolicySourceArn=arn, ActionNames=[action], ResourceArns=[at]
        )
        return simulated["EvaluationResults"][0]["EvalDecision"]

    inside, outside = f"arn:aws:s3:::{BUCKET}/prompts/a.prompt", f"arn:aws:s3:::{BUCKET}/other/a.prompt"
    skill = f"arn:aws:s3:::{BUCKET}/skills/a/SKILL.md"
    index = f"arn:aws:s3:::{BUCKET}/{INDEX}"
    reads = [("s3:GetObject", at) for at in (inside, skill, index, f"{index}.skills")]
    for action, at in [*reads, ("s3:PutObject", index), ("s3:PutObject", f"{index}.skills")]:
        same(decides(action, at), "allowed")
    for action, at in [
        ("s3:PutObject", f"{index}2"),
        ("s3:DeleteObject", index),
        ("s3:GetObject", outside),
        ("s3:PutObject", inside),
        ("s3:PutObject", skill),
        ("s3:DeleteObject", inside),
        ("s3:GetObject", "arn:aws:s3:::another/prompts/a.prompt"),
        ("dynamodb:Scan", "*"),
    ]:
        assert decides(action, at) != "allowed", f"{action} {at}"


def files(folder: str) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*") if path.is_file())


def uploads() -> None:
    paste(out["UploadCommand"], cwd=ROOT)
    listed = boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    same(sorted(item["Key"] for item in listed), files("prompts"))
    paste(out["UploadSkillsCommand"], cwd=ROOT)
    listed = boto3.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="skills/")["Contents"]
    same(sorted(item["Key"] for item in listed), files("skills"))


def invites() -> None:
    paste(out["CreateUserCommand"], stdin=f"{EMAIL}\n")
    users = cognito.idp.list_users(UserPoolId=cognito.pool)["Users"]
    same([user["UserStatus"] for user in users], ["FORCE_CHANGE_PASSWORD"])
    # What the user does with the invitation.
    cognito.idp.admin_set_user_password(UserPoolId=cognito.pool, Username=EMAIL, Password=PASSWORD, Permanent=True)


def user_token() -> None:
    got = cognito.sign_in(CLIENT, f"openid {SCOPE}", EMAIL, PASSWORD, resource=URL)
    tokens.update(user=got["access_token"], id=got["id_token"], refresh=got["refresh_token"])
    Cognito.header = got["access_token"].split(".")[0]
    status(mcp(URL, tokens["user"], HANDSHAKE, "tools/list"), 200)


def refreshed_token() -> None:
    form = {"grant_type": "refresh_token", "client_id": CLIENT, "refresh_token": tokens["refresh"]}
    status(mcp(URL, cognito.token(**form)["access_token"], HANDSHAKE, "tools/list"), 200)


def machine_token() -> None:
    tokens["machine"] = paste(f"{out['TokenCommand']}; printf %s \"$TOKEN\"")
    status(mcp(URL, tokens["machine"], HANDSHAKE, "tools/list"), 200)
    listed = paste(f"TOKEN={shlex.quote(tokens['machine'])}; {out['ListCommand']}")
    assert "greeting-template" in listed, listed


check("what is open is discovery, the page, health and registration", routes)
check("the access log names no value that a caller writes", access_log)
check("without parameters there is no key and no reserved concurrency", without_a_key)
check("the function may read below the prefix and no more", role)
check("UploadCommand publishes prompts/, UploadSkillsCommand skills/", uploads)
check("CreateUserCommand invites a user", invites)
check("a user's token, by code and PKCE, is let in", user_token)
check("a refreshed token is let in", refreshed_token)
check("a machine's token, by TokenCommand, is let in", machine_token)

# --- Who is not let in ---


def refuses(expected: int, token: str | None) -> None:
    for era in (HANDSHAKE, MODERN):
        status(mcp(URL, token, era, "tools/list"), expected)


def tampered() -> None:
    header, payload, signature = tokens["user"].split(".")
    other = emulator.base64url(json.dumps(claims(tokens["user"]) | {"sub": "someone-else"}).encode())
    refuses(401, f"{header}.{other}.{signature}")
    refuses(401, f"{header}.{payload}.{signature[:-8]}AAAAAAAA")
    refuses(401, f"{header}.{payload}.")
    refuses(401, "not-a-token")


def resigned(expected: int, **changed) -> None:
    """A token by the pool's own key, whose claims are the user's but for some."""
    refuses(expected, cognito.sign({**claims(tokens["user"]), **changed}))


def foreign_pool() -> None:
    pool = cognito.idp.create_user_pool(PoolName="foreign")["UserPool"]["Id"]
    scopes = [{"ScopeName": "invoke", "ScopeDescription": "the same"}]
    cognito.idp.create_resource_server(UserPoolId=pool, Identifier=URL, Name="the same", Scopes=scopes)
    refuses(401, cognito.machine(pool, SCOPE))


def wrong_client() -> None:
    refuses(401, cognito.machine(cognito.pool, SCOPE))


def other_algorithms() -> None:
    refuses(401, cognito.unsigned(claims(tokens["user"])))
    refuses(401, cognito.sign_with_public_key(claims(tokens["user"])))


def wrong_scope() -> None:
    refuses(403, cognito.sign_in(CLIENT, "openid", EMAIL, PASSWORD)["access_token"])


def every_method() -> None:
    for method in ("GET", "DELETE", "POST"):
        status(request(method, URL), 401)
    status(request("POST", f"{URL}/"), 401)
    # These have no route.
    for method in ("PUT", "PATCH"):
        status(request(method, URL), 404)
    for path in ("/mcp/x", "/", "/x", "/.well-known", "/.well-known/x"):
        status(request("POST", ORIGIN + path), 404)


def in_query() -> None:
    status(mcp(URL, None, HANDSHAKE, "tools/list", f"?access_token={tokens['user']}"), 401)


def invoke(event: dict) -> dict:
    function = resource("Function")
    answer = boto3.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    return json.loads(answer["Payload"].read())


def not_authorized_event() -> None:
    event = json.loads((ROOT / "tests/data/signed_in.json").read_text())
    event["body"] = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    event["requestContext"]["authorizer"]["jwt"]["claims"].update(scope=SCOPE, token_use="access")
    same(invoke(event)["statusCode"], 200)
    del event["requestContext"]["authorizer"]
    same(invoke(event)["statusCode"], 401)


check("no token: 401", refuses, 401, None)
check("a tampered token: 401", tampered)
check("the same token, signed anew: 200", lambda: resigned(200))
check("an expired token: 401", lambda: resigned(401, exp=now() - 60))
check("a token of tomorrow: 401", lambda: resigned(401, nbf=now() + 86400))
check("a foreign pool's token: 401", foreign_pool)
check("another client's token: 401", wrong_client)
check("alg none and HS256: 401", other_algorithms)
check("a token for this resource: 200", lambda: resigned(200, aud=URL, client_id="any"))
check("a token for another resource: 401", lambda: resigned(401, aud="https://elsewhere.example/mcp"))
# Its audience is the client, so the authorizer lets it pass.
check("an ID token: 401, by the function", lambda: refuses(401, tokens["id"]))
check("a token of another scope: 403", wrong_scope)
check("every method of /mcp asks for a token, other paths are 404", every_method)
check("a token in the query string: 401", in_query)
check("an event that no authorizer has seen: 401", not_authorized_event)

# --- The protocol ---


def lists_and_gets(era: str) -> None:
    names = [p["name"] for p in mcp(URL, tokens["user"], era, "prompts/list").json()["result"]["prompts"]]
    assert "greeting-template" in names and "incidents_summary" in names, names
    got = mcp(URL, tokens["user"], era, "prompts/get", name="greeting-template", arguments={"name": "Ada"}).json()
    same([m["content"]["text"].rstrip() for m in got["result"]["messages"]], [GREETING])


def calls(era: str) -> None:
    got = mcp(URL, tokens["machine"], era, "tools/call", name="add", arguments={"a": 2, "b": 3}).json()
    same(got["result"]["structuredContent"], {"result": 5})


def opens() -> None:
    asked = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    got = mcp(URL, tokens["user"], HANDSHAKE, "initialize", **asked).json()
    same(got["result"]["protocolVersion"], HANDSHAKE)
    assert MODERN in mcp(URL, tokens["user"], MODERN, "server/discover").json()["result"]["supportedVersions"]


def fresh() -> None:
    def get() -> dict:
        return mcp(URL, tokens["user"], HANDSHAKE, "prompts/get", name="fresh").json()

    def text() -> str:
        return get()["result"]["messages"][0]["content"]["text"].rstrip()

    at = f"s3://{BUCKET}/prompts/fresh.prompt"
    assert "error" in get(), get()
    for version in ("Version one.", "Version two."):
        local = RESULTS / "fresh.prompt"
        local.write_text(version)
        emulator.aws("s3", "cp", str(local), at)
        same(text(), version)
    emulator.aws("s3", "rm", at)
    assert "error" in get(), get()


def indexed() -> None:
    s3 = boto3.client("s3")
    for number in range(20):
        s3.put_object(Bucket=BUCKET, Key=f"prompts/many/{number}.prompt", Body=f"Number {number}.")
    listed = mcp(URL, tokens["user"], HANDSHAKE, "prompts/list").json()["result"]["prompts"]
    same(sum(p["name"].startswith("many_") for p in listed), 20)
    index = json.load(s3.get_object(Bucket=BUCKET, Key=INDEX)["Body"])["index"]
    same(sorted(p["listed"]["name"] for p in index["prompts"]), sorted(p["name"] for p in listed))


check("initialize and server/discover", opens)


def skills() -> None:
    listed = mcp(URL, tokens["user"], MODERN, "skills/list").json()["result"]["skills"]
    uris = {file["uri"] for skill in listed for file in skill["resources"]}
    assert {f"skill://{path.removeprefix('skills/')}" for path in files("skills")} <= uris, uris
    for skill in listed:
        for file in skill["resources"]:
            read = mcp(URL, tokens["user"], MODERN, "resources/read", uri=file["uri"]).json()["result"]["contents"]
            same(hashlib.sha256(read[0]["text"].encode()).hexdigest(), file["digest"].removeprefix("sha256:"))
    boto3.client("s3").head_object(Bucket=BUCKET, Key=f"{INDEX}.skills")
    status(request("GET", f"{ORIGIN}/.well-known/agent-skills/index.json"), 404)


for era in (HANDSHAKE, MODERN):
    check(f"prompts/list and prompts/get, {era}", lists_and_gets, era)
    check(f"tools/call, {era}", calls, era)
check("an upload, a change and a deletion are seen at once", fresh)
check("the function writes its index", indexed)
check("skills are listed and read, and their digests are kept", skills)

# --- Discovery and registration, which ask for no token ---

RESOURCE = {
    "resource": URL,
    "authorization_servers": [ORIGIN],
    "scopes_supported": [SCOPE],
    "bearer_methods_supported": ["header"],
    "resource_name": "Prompt gallery",
}
SERVER = {
    "issuer": ORIGIN,
    "authorization_endpoint": f"{cognito.origin}/oauth2/authorize",
    "token_endpoint": f"{cognito.origin}/oauth2/token",
    "jwks_uri": f"{out['Issuer']}/.well-known/jwks.json",
    "scopes_supported": [SCOPE],
    "response_types_supported": ["code"],
    "response_modes_supported": ["query"],
    "grant_types_supported": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_methods_supported": ["none"],
    "code_challenge_methods_supported": ["S256"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "revocation_endpoint": f"{cognito.origin}/oauth2/revoke",
    "revocation_endpoint_auth_methods_supported": ["none"],
    "registration_endpoint": f"{ORIGIN}/register",
}


def serves(document: dict, *names: str) -> None:
    for name in names:
        answer = request("GET", f"{ORIGIN}/.well-known/{name}")
        status(answer, 200)
        same(answer.headers["content-type"], "application/json")
        same(answer.body, json.dumps(document, separators=(",", ":")))


def card() -> None:
    catalogue = request("GET", f"{ORIGIN}/.well-known/ai-catalog.json")
    status(catalogue, 200)
    same(catalogue.headers["content-type"], "application/ai-catalog+json")
    (entry,) = json.loads(catalogue.body)["entries"]
    same(entry["url"], f"{URL}/server-card")
    answer = request("GET", entry["url"])
    status(answer, 200)
    same(answer.headers["content-type"], "application/mcp-server-card+json")
    same(json.loads(answer.body)["remotes"][0]["url"], URL)
    status(request("GET", entry["url"], {"If-None-Match": answer.headers["etag"]}), 304)


SETTINGS = "assets/settings.json"


def page() -> None:
    same(out["PageUrl"], f"{ORIGIN}/")
    answer = request("GET", out["PageUrl"])
    status(answer, 200)
    same(answer.headers["content-type"], "text/html; charset=utf-8")
    same(answer.headers["cache-control"], "no-cache")
    policy = answer.headers["content-security-policy"]
    assert f" {cognito.origin}" in policy and "frame-ancestors 'none'" in policy, policy
    status(request("GET", out["PageUrl"], {"If-None-Match": answer.headers["etag"]}), 304)
    named = set(re.findall(r'"\./(assets/[^"]+)"', answer.body))
    # All other files have a hash in their name.
    assert SETTINGS in named and {Path(path).suffix for path in named} == {".js", ".css", ".json"}, named
    for path in named - {SETTINGS}:
        asset = request("GET", f"{ORIGIN}/{path}", {"Accept-Encoding": "gzip"})
        status(asset, 200)
        same(asset.headers["cache-control"], "public, max-age=31536000, immutable")
        same(asset.headers["content-encoding"], "gzip")
        same(asset.headers["content-security-policy"], policy)
        plain = request("GET", f"{ORIGIN}/{path}")
        same(asset.body, plain.body)
    status(request("GET", f"{ORIGIN}/assets/none.js"), 404)
    answer = request("GET", f"{ORIGIN}/{SETTINGS}")
    same(answer.headers["cache-control"], "no-cache")
    settings = answer.json()
    same(settings["mcp"], URL)
    same(settings["signIn"], {"issuer": out["Issuer"], "clientId": CLIENT, "scopes": ["openid", SCOPE]})
    client = cognito.idp.describe_user_pool_client(UserPoolId=cognito.pool, ClientId=CLIENT)["UserPoolClient"]
    assert out["PageUrl"] in client["CallbackURLs"], client["CallbackURLs"]
    same(client["LogoutURLs"], [out["PageUrl"]])


def register(*redirect_uris: str) -> Answer:
    body = {"client_name": "test", "redirect_uris": redirect_uris, "token_endpoint_auth_method": "none"}
    return request("POST", f"{ORIGIN}/register", {"Content-Type": "application/json"}, json.dumps(body))


def registers() -> None:
    allowed = cognito.idp.describe_user_pool_client(UserPoolId=cognito.pool, ClientId=CLIENT)
    allowed = allowed["UserPoolClient"]["CallbackURLs"]
    assert "https://claude.ai/api/mcp/auth_callback" in allowed and "https://vscode.dev/redirect" in allowed, allowed
    for redirect_uris in [*([uri] for uri in allowed), allowed]:
        answer = register(*redirect_uris)
        assert answer.status == 201, f"{redirect_uris}: {answer.status} {answer.body}"
        got = answer.json()
        same(
            [got["client_id"], got["redirect_uris"], got["token_endpoint_auth_method"], "client_secret" in got],
            [CLIENT, redirect_uris, "none", False],
        )


def refuses_to_register() -> None:
    good = emulator.REDIRECT
    for bad in ("https://evil.example/callback", "https://claude.ai/", f"{good}/", good.replace("http:", "HTTP:")):
        for redirect_uris in ([bad], [good, bad]):
            answer = register(*redirect_uris)
            status(answer, 400)
            same(answer.json()["error"], "invalid_redirect_uri")
            assert good in answer.json()["error_description"], answer.body
    status(register(), 400)
    status(register(good, "x" * 2_000_000), 413)


check("protected-resource metadata, byte for byte", serves, RESOURCE, "oauth-protected-resource/mcp")
check("the same of the origin names the origin", serves, {**RESOURCE, "resource": ORIGIN}, "oauth-protected-resource")
check("authorization-server metadata, byte for byte", serves, SERVER, "oauth-authorization-server")
check("the same by its OpenID name", serves, SERVER, "openid-configuration")
check("the catalogue of the domain leads to the server card", card)
check("the page and its files need no token, and its settings lead to the sign-in", page)
check("/register gives the shared client to addresses on the list", registers)
check("/register refuses others, and names what it allows", refuses_to_register)
check("/health", lambda: same(request("GET", f"{ORIGIN}/health").body, "ok\n"))


def ready() -> None:
    answer = request("GET", f"{ORIGIN}/ready")
    status(answer, 200)
    same(set(answer.json()), {"age", "prompts", "broken"})


check("/ready has age and counts", ready)

# --- Real clients ---

node = CLIENTS / "node_modules/node/bin/node"


def runs(*command: str | Path, cwd: Path = CLIENTS, **more: str) -> None:
    env = {**os.environ, "HOME": str(RESULTS), "NODE_OPTIONS": f"--require={CLIENTS / 'names.cjs'}", **more}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
    )
    output = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    assert done.returncode == 0, output or f"exit code {done.returncode}"


for package, version in (("sdk", "1.32.2"), ("client", "2.4.0")):
    arguments = [URL, CLIENT, SCOPE, EMAIL, PASSWORD]
    name = f"@modelcontextprotocol/{package} {version} signs in by the URL alone"
    check(name, runs, node, CLIENTS / "oauth.mjs", package, *arguments)
for era in ("legacy", "modern"):
    check(f"inspector {era}, with a bearer token", runs, node, CLIENTS / "inspector.mjs", URL, era, tokens.get("user", ""))


def bruno() -> None:
    secret = cognito.idp.describe_user_pool_client(UserPoolId=cognito.pool, ClientId=MACHINE)
    variables = {
        "mcpUrl": URL,
        "tokenUrl": f"{cognito.origin.replace('https:', 'http:')}:{PORT}/oauth2/token",
        "clientId": MACHINE,
        "clientSecret": secret["UserPoolClient"]["ClientSecret"],
    }
    options = [part for name, value in variables.items() for part in ("--env-var", f"{name}={value}")]
    cli = CLIENTS / "node_modules/@usebruno/cli/bin/bru.js"
    runs(node, cli, "run", "--env", "aws", *options, cwd=ROOT / "bruno")


check("bruno, environment aws", bruno)

# --- The page in a browser ---


def signs_in(page: str, url: str, client: str) -> None:
    expired = cognito.sign({**claims(tokens["user"]), "exp": now() - 60})
    arguments = [page, url, cognito.origin, out["Issuer"], client, EMAIL, PASSWORD, expired]
    with CognitoOverTls(cognito) as server:
        options = ["--test-reporter=./reporter.mjs", "sign-in.mjs"]
        runs(node, *options, *arguments, cwd=BROWSER, CHROMIUM_ARGS=json.dumps(server.chromium_args))


def signs_in_off_aws() -> None:
    """The server of a folder, by a name of its own and with the same issuer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    page = f"http://gallery.localhost:{port}/"
    client = cognito.idp.create_user_pool_client(
        UserPoolId=cognito.pool,
        ClientName="off AWS",
        AllowedOAuthFlows=["code"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["openid", SCOPE],
        CallbackURLs=[page],
        LogoutURLs=[page],
    )["UserPoolClient"]["ClientId"]
    settings = {
        "PUBLIC_URL": f"{page}mcp",
        "OAUTH_ISSUER": out["Issuer"],
        "OAUTH_AUDIENCE": client,
        "OAUTH_SCOPE": SCOPE,
        "OAUTH_AUTHORIZE_URL": SERVER["authorization_endpoint"],
        "OAUTH_TOKEN_URL": SERVER["token_endpoint"],
        "OAUTH_REVOKE_URL": SERVER["revocation_endpoint"],
        "OAUTH_JWKS_URL": f"http://127.0.0.1:{PORT}/{cognito.pool}/.well-known/jwks.json",
        "OAUTH_CLIENT_ID": client,
        "OAUTH_REDIRECT_URIS": page,
    }
    program = [os.environ["SERVER"], "--addr", f"127.0.0.1:{port}", "--dir", str(ROOT / "prompts")]
    with (
        open(RESULTS / "server.log", "w") as log,
        subprocess.Popen(program, env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=log, text=True) as server,
    ):
        try:
            assert any("/mcp" in line for line in server.stdout), (RESULTS / "server.log").read_text()
            signs_in(page, f"{page}mcp", client)
        finally:
            server.terminate()


check("the page in Chromium: sign-in, refresh, sign-out", lambda: signs_in(out["PageUrl"], URL, CLIENT))
check("the page of a server off AWS, by the same sign-in", signs_in_off_aws)

# --- What is left behind ---


def log_messages() -> list[str]:
    """What the function has logged. Each of its processes has a stream."""
    client = boto3.client("logs")
    group = resource("FunctionLogs")
    pages = client.get_paginator("describe_log_streams").paginate(logGroupName=group)
    streams = [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
    messages = []
    for stream in streams:
        got = client.get_log_events(logGroupName=group, logStreamName=stream, limit=10000)
        messages += [event["message"] for event in got["events"]]
    return messages


def logs() -> None:
    lines = log_messages()
    assert any("prompts/get" in line for line in lines), f"no request in {len(lines)} lines"
    secret = [*tokens.values(), *(token.split(".")[-1] for token in tokens.values()), PASSWORD]
    assert not any(part in line for line in lines for part in secret), "a token in the log"


def deleted() -> None:
    emulator.aws("cloudformation", "delete-stack", "--stack-name", emulator.STACK)
    emulator.aws("cloudformation", "wait", "stack-delete-complete", "--stack-name", emulator.STACK)
    assert boto3.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] > 0


# --- What operators see ---


def extracted(lines: list[dict]) -> list[dict]:
    """What CloudWatch makes of records in the embedded metric format; the emulator does not."""
    data = []
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            same(directive["Namespace"], "PromptGallery")
            for names in directive["Dimensions"]:
                dimensions = [{"Name": name, "Value": line[name]} for name in names]
                for metric in directive["Metrics"]:
                    value = {"MetricName": metric["Name"], "Unit": metric["Unit"], "Value": line[metric["Name"]]}
                    data.append({**value, "Dimensions": dimensions})
    return data


def alarm_goes_off(logical_id: str, data: list[dict], value: float | None = None, times: int = 1) -> None:
    """With what the stack wrote of the alarm's own metric; with `value` where that is not to be waited for."""
    client = boto3.client("cloudwatch")

    def described() -> dict:
        return client.describe_alarms(AlarmNames=[resource(logical_id)])["MetricAlarms"][0]

    alarm = described()
    assert alarm["StateValue"] != "ALARM", alarm
    assert alarm["AlarmActions"] and alarm["AlarmDescription"], alarm

    def dimensions(of: dict) -> list[tuple]:
        return sorted((dimension["Name"], dimension["Value"]) for dimension in of["Dimensions"])

    mine = [item for item in data if item["MetricName"] == alarm["MetricName"] and dimensions(item) == dimensions(alarm)]
    if value is None:
        assert mine, f"no {alarm['MetricName']} with {dimensions(alarm)} in {data}"
    else:
        mine = [{"MetricName": alarm["MetricName"], "Dimensions": alarm["Dimensions"], "Value": value}] * times
    for start in range(0, len(mine), 100):
        client.put_metric_data(Namespace=alarm["Namespace"], MetricData=mine[start : start + 100])
    same(described()["StateValue"], "ALARM")


def alarms() -> None:
    s3 = boto3.client("s3")
    s3.put_object(Bucket=BUCKET, Key="prompts/broken.prompt", Body="{{#if x}}no end")
    mcp(URL, tokens["user"], HANDSHAKE, "prompts/list")
    same(mcp(URL, tokens["user"], HANDSHAKE, "prompts/get", name="broken").json()["error"]["code"], -32603)
    s3.delete_object(Bucket=BUCKET, Key="prompts/broken.prompt")
    data = extracted([json.loads(line) for line in log_messages() if line.startswith("{")])
    alarm_goes_off("InternalErrorsAlarm", data)
    alarm_goes_off("BrokenPromptsAlarm", data)
    # tests/lambda_process.rs has the names of these metrics, from a function whose bucket is away.
    alarm_goes_off("StalePromptsAlarm", data, 901)
    alarm_goes_off("StoreFailuresAlarm", data, 1)
    alarm_goes_off("RequestsPerDayAlarm", data, 100_001)
    # In the emulator API Gateway writes no access log.
    filters = boto3.client("logs").describe_metric_filters(logGroupName=resource("AccessLogs"))["metricFilters"]
    (written,) = filters[0]["metricTransformations"]
    same([written["metricNamespace"], list(written["dimensions"])], ["PromptGallery", ["ApiId"]])
    refused = {"MetricName": written["metricName"], "Dimensions": [{"Name": "ApiId", "Value": resource("Api")}], "Value": 1}
    alarm_goes_off("RefusedSignInsAlarm", [refused] * 100)


def dashboard() -> None:
    (name,) = [entry["DashboardName"] for entry in boto3.client("cloudwatch").list_dashboards()["DashboardEntries"]]
    body = json.loads(boto3.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])
    titles = {widget["properties"]["title"] for widget in body["widgets"]}
    assert {"Most used prompts and tools", "Failing prompts", "Errors by code"} <= titles, titles
    shown = next(widget for widget in body["widgets"] if widget["type"] == "alarm")["properties"]["alarms"]
    same(len(shown), 10)


check("alarms go off by what the function logs", alarms)
check("the dashboard has the used and the failing prompts, and every alarm", dashboard)
check("the function's log has its requests and no token", logs)
check("a deleted stack leaves the bucket and its prompts", deleted)

# --- A stack whose prompts are at the root of the bucket ---


def whole_bucket() -> None:
    options = {"Architecture": "x86_64", "MachineClient": "true", "CacheTtlSeconds": "0"}
    stack = emulator.deploy(template, **options, PromptPrefix="/")
    bucket, role = stack["BucketName"], resource("FunctionRole")
    paste(stack["UploadCommand"], cwd=ROOT)
    keys = {item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket=bucket)["Contents"]}
    assert "greeting-template.prompt" in keys, keys
    policy = boto3.client("iam").get_role_policy(RoleName=role, PolicyName="prompts")["PolicyDocument"]
    reads, lists = policy["Statement"][:2]
    same(reads["Resource"], [f"arn:aws:s3:::{bucket}/*", f"arn:aws:s3:::{bucket}/skills/*"])
    assert "Condition" not in lists, lists
    listed = paste(f"{stack['TokenCommand']}; {stack['ListCommand']}")
    assert "greeting-template" in listed, listed
    emulator.aws("cloudformation", "delete-stack", "--stack-name", emulator.STACK)
    emulator.aws("cloudformation", "wait", "stack-delete-complete", "--stack-name", emulator.STACK)


check("with PromptPrefix=/ the whole bucket is served", whole_bucket)

# --- A stack with a key, reserved concurrency and a domain name ---


def with_a_key() -> None:
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    certificate = boto3.client("acm").request_certificate(DomainName="prompts.example.com")["CertificateArn"]
    domain = {"DomainName": "prompts.example.com", "CertificateArn": certificate, "RouteScopes": "true"}
    emulator.deploy(template, Architecture="x86_64", KmsKeyArn=key, ReservedConcurrency="5", **domain)
    encrypted = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    same(encryption(KmsKeyArn=key), {"ServerSideEncryptionByDefault": encrypted, "BucketKeyEnabled": True})
    same(emulator.declared(template, "Function", "ReservedConcurrentExecutions", ReservedConcurrency="5"), "5")
    policy = boto3.client("iam").get_role_policy(RoleName=resource("FunctionRole"), PolicyName="prompts")["PolicyDocument"]
    (statement,) = [one for one in policy["Statement"] if "kms" in json.dumps(one["Action"])]
    same([statement["Action"], statement["Resource"]], [["kms:Decrypt", "kms:GenerateDataKey"], key])
    same(statement["Condition"]["StringEquals"], {"kms:ViaService": f"s3.{emulator.REGION}.amazonaws.com"})
    api = boto3.client("apigatewayv2").get_routes(ApiId=resource("Api"))["Items"]
    scopes = {scope for route in api for scope in route.get("AuthorizationScopes") or []}
    same(scopes, {"https://prompts.example.com/mcp/invoke"})


def scope_of_the_first_address() -> None:
    emulator.aws("cloudformation", "delete-stack", "--stack-name", emulator.STACK)
    emulator.aws("cloudformation", "wait", "stack-delete-complete", "--stack-name", emulator.STACK)
    try:
        emulator.deploy(template, Architecture="x86_64", RouteScopes="true")
    except AssertionError as refused:
        assert "RouteScopes=true needs DomainName" in str(refused), refused
    else:
        raise AssertionError("the stack was created")


check("with a key, reserved concurrency and a domain name", with_a_key)
check("no scope that is too long for API Gateway is written", scope_of_the_first_address)

print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
