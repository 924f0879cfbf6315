"""What the checks need of the emulator: the stack, requests to its API, tokens."""

import base64
import gzip
import hashlib
import http.client
import json
import os
import re
import secrets
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import boto3
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509.oid import NameOID
from ministack.services.cloudformation import engine

PORT = int(os.environ["GATEWAY_PORT"])
REGION = os.environ["AWS_REGION"]
RESULTS = Path(os.environ["RESULTS"])
STACK = "gallery"
# One of the redirect addresses that the stack allows.
REDIRECT = "http://localhost:6274/oauth/callback"


# --- The stack ---


def emulated_template(template: str) -> str:
    """template.yaml, where the function is a folder beside it and not yet to be built, without the one resource that
    the emulator does not know. Everything else is deployed as it stands."""
    template, replaced = re.subn(r"^      CodeUri: crates/function$", "      CodeUri: Function", template, flags=re.M)
    template, removed = re.subn(
        r"^  ClientBranding:\n    Type: AWS::Cognito::ManagedLoginBranding\n(?:    .*\n)+", "", template, flags=re.M
    )
    assert (replaced, removed) == (1, 1), f"template.yaml is not as expected: {replaced}, {removed}"
    return template


def aws(*command: str) -> str:
    done = subprocess.run(["aws", *command], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"aws {' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


def deploy(template: Path, **parameters: str) -> dict[str, str]:
    """Creates the stack, as `sam deploy` does, and tells its outputs."""
    boto3.client("s3").create_bucket(Bucket="artifacts")
    packaged = template.with_name("packaged.yaml")
    package = ["--s3-bucket", "artifacts", "--output-template-file", str(packaged)]
    aws("cloudformation", "package", "--template-file", str(template), *package)
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    options = ["--stack-name", STACK, "--capabilities", "CAPABILITY_IAM", "--parameter-overrides", *overrides]
    # Over 51,200 bytes a template is uploaded, as `sam deploy` always does.
    aws("cloudformation", "deploy", "--template-file", str(packaged), "--s3-bucket", "artifacts", *options)
    return outputs()


def outputs() -> dict[str, str]:
    stack = boto3.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def resource(logical_id: str) -> str:
    resource = boto3.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
    return resource["StackResourceDetail"]["PhysicalResourceId"]


def paste(line: str, stdin: str = "", cwd: Path | None = None) -> str:
    """What a shell prints when this line, an output of the stack, is pasted into it."""
    done = subprocess.run(["bash", "-c", line], input=stdin, capture_output=True, text=True, timeout=120, cwd=cwd)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def declared(template: Path, resource: str, name: str, **parameters: str):
    """A property of a resource as CloudFormation reads it with these parameters: the emulator does not know each one."""
    document = engine._parse_template(template.read_text())
    given = [{"Key": key, "Value": value} for key, value in parameters.items()]
    values = engine._resolve_parameters(document, given)
    conditions = engine._evaluate_conditions(document, values)
    properties = document["Resources"][resource]["Properties"]
    return engine._resolve_refs(properties, {}, values, conditions, {}, STACK, "").get(name)


# --- Requests ---


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str

    def json(self):
        return json.loads(self.body)


def request(method: str, url: str, headers: dict[str, str] | None = None, body: str | None = None) -> Answer:
    """One request, without redirects. Whatever the host's name, the emulator answers; it tells services by that name."""
    parts = urlsplit(url)
    # The emulator answers this path itself on every host; the same route by the API's other address.
    if parts.path == "/health":
        parts = parts._replace(path=f"/_aws/execute-api/{parts.netloc.split('.')[0]}/$default/health", netloc="localhost")
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body and body.encode(), {"Host": parts.netloc, **(headers or {})})
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        read = response.read()
        if headers.get("content-encoding") == "gzip":
            read = gzip.decompress(read)
        return Answer(response.status, headers, read.decode())
    finally:
        connection.close()


def meta() -> dict:
    return {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }


def mcp(url: str, token: str | None, era: str, method: str, query: str = "", **params) -> Answer:
    """One MCP request of a handshake revision or of 2026-07-28, as a well-made client sends it."""
    headers = {"Content-Type": "application/json", "MCP-Protocol-Version": era}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    if era == "2026-07-28":
        mirrored = params.get("uri" if method == "resources/read" else "name")
        headers |= {"Mcp-Method": method} | ({"Mcp-Name": mirrored} if mirrored else {})
        params["_meta"] = meta()
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    return request("POST", url + query, headers, body)


# --- Sign-in ---


class Cognito:
    """The sign-in page of the stack, as a browser and a client use it."""

    def __init__(self, pool: str, domain: str):
        self.pool = pool
        self.origin = f"https://{domain}.auth.{REGION}.amazoncognito.com"
        self.idp = boto3.client("cognito-idp")

    def sign_in(self, client: str, scope: str, email: str, password: str, **more: str) -> dict:
        """Code and PKCE; answers what the token endpoint does."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64url(hashlib.sha256(verifier.encode()).digest())
        asked = {"response_type": "code", "client_id": client, "redirect_uri": REDIRECT, "scope": scope, "state": "s"}
        asked |= {"code_challenge": challenge, "code_challenge_method": "S256", **more}
        page = request("GET", f"{self.origin}/oauth2/authorize?{urlencode(asked)}")
        assert page.status == 200 and "<form" in page.body, f"authorize: {page}"
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        filled = urlencode({**asked, "username": email, "password": password})
        back = request("POST", f"{self.origin}/login", form, filled)
        assert back.status == 302, f"login: {back}"
        query = parse_qs(urlsplit(back.headers["location"]).query)
        assert query["state"] == ["s"], query
        return self.token(
            grant_type="authorization_code",
            client_id=client,
            redirect_uri=REDIRECT,
            code=query["code"][0],
            code_verifier=verifier,
        )

    def token(self, basic: str | None = None, **form: str) -> dict:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if basic:
            headers["Authorization"] = f"Basic {base64.b64encode(basic.encode()).decode()}"
        answer = request("POST", f"{self.origin}/oauth2/token", headers, urlencode(form))
        assert answer.status == 200, f"token: {answer}"
        return answer.json()

    def machine(self, pool: str, scope: str) -> str:
        """A token of a machine client that the stack does not know, in this or another pool."""
        client = self.idp.create_user_pool_client(
            UserPoolId=pool,
            ClientName="another",
            GenerateSecret=True,
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthScopes=[scope],
        )["UserPoolClient"]
        basic = f"{client['ClientId']}:{client['ClientSecret']}"
        return self.token(basic, grant_type="client_credentials", scope=scope)["access_token"]

    def sign(self, claims: dict) -> str:
        """A token over these claims by the pool's own key for access tokens, which the emulator keeps in a file."""
        header, pem = self._key()
        key = serialization.load_pem_private_key(pem, None)
        signed = f"{header}.{base64url(json.dumps(claims).encode())}"
        return f"{signed}.{base64url(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def sign_with_public_key(self, claims: dict) -> str:
        """HS256 with the public key as the secret: good to a verifier that believes `alg`."""
        header, pem = self._key()
        header = base64url(json.dumps({**decode(header), "alg": "HS256"}).encode())
        public = serialization.load_pem_private_key(pem, None).public_key()
        format = serialization.PublicFormat.SubjectPublicKeyInfo
        mac = hmac.HMAC(public.public_bytes(serialization.Encoding.PEM, format), hashes.SHA256())
        signed = f"{header}.{base64url(json.dumps(claims).encode())}"
        mac.update(signed.encode())
        return f"{signed}.{base64url(mac.finalize())}"

    def unsigned(self, claims: dict) -> str:
        header = base64url(json.dumps({**decode(self._key()[0]), "alg": "none"}).encode())
        return f"{header}.{base64url(json.dumps(claims).encode())}."

    def _key(self) -> tuple[str, bytes]:
        return self.header, (Path(os.environ["STATE_DIR"]) / "cognito-pool-keys" / f"{self.pool}-access.pem").read_bytes()

    # The header of the pool's access tokens, taken from one of them.
    header = ""


class CognitoOverTls(ThreadingHTTPServer):
    """The sign-in page and the issuer as a browser reaches them: by HTTPS, on a port of this machine. It adds what Cognito
    has and the emulator has not: the addresses of the sign-in page's domain in the issuer's metadata, and /oauth2/revoke."""

    daemon_threads = True

    def __init__(self, cognito: Cognito):
        super().__init__(("127.0.0.1", 0), CognitoHandler)
        self.cognito = cognito
        certificate, self.key_hash = self_signed()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error) -> None:
        self.shutdown()
        super().__exit__(*error)

    @property
    def chromium_args(self) -> list[str]:
        """These names lead here, the key here is trusted, and no other name leaves this machine."""
        hosts = [urlsplit(self.cognito.origin).netloc, f"cognito-idp.{REGION}.amazonaws.com"]
        maps = [f"MAP {host}:443 127.0.0.1:{self.server_port}" for host in hosts]
        rules = ",".join([*maps, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1", "EXCLUDE *.localhost"])
        return [f"--host-resolver-rules={rules}", f"--ignore-certificate-errors-spki-list={self.key_hash}"]


class CognitoHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        cognito, headers = self.server.cognito, {}
        origin = f"https://{self.headers['Host']}"
        is_metadata = self.path.endswith("/.well-known/openid-configuration")
        if is_metadata:
            # The emulator names the host that it was asked by.
            origin, headers = cognito.origin, {"X-Forwarded-Proto": "https"}
        answer = request("GET", origin + self.path, headers)
        if is_metadata and answer.status == 200:
            answer.body = json.dumps({**answer.json(), "revocation_endpoint": f"{origin}/oauth2/revoke"})
        self.answer(answer)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/oauth2/revoke":
            return self.answer(self.revoked(parse_qs(body)))
        headers = {"Content-Type": self.headers["Content-Type"]}
        self.answer(request("POST", f"https://{self.headers['Host']}{self.path}", headers, body))

    def revoked(self, form: dict[str, list[str]]) -> Answer:
        # No header lets other origins read the answer: Cognito's documentation promises none.
        try:
            self.server.cognito.idp.revoke_token(Token=form["token"][0], ClientId=form["client_id"][0])
        except (KeyError, ClientError):
            return Answer(400, {}, '{"error":"invalid_request"}')
        return Answer(200, {}, "")

    def answer(self, answer: Answer) -> None:
        body = answer.body.encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name not in ("connection", "content-encoding", "content-length", "date", "server", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass


def self_signed() -> tuple[Path, str]:
    """A file with a key and its certificate, and the hash of the public key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "emulator")])
    today = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(today - timedelta(days=1)).not_valid_after(today + timedelta(days=1))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = RESULTS / "tls.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *private)
        + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem, base64.b64encode(hashlib.sha256(public).digest()).decode()


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(part: str) -> dict:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def claims(token: str) -> dict:
    return decode(token.split(".")[1])


def now() -> int:
    return int(time.time())
