#!/usr/bin/env bash
# @modelcontextprotocol/inspector 2.12.0: its CLI connects with the handshake by default, also to a server that speaks 2026-07-28. Methods
# of 2026-07-28 extensions then fail with "Server does not declare the … extension", for a server that declares it. FastMCP 4.2.3 serves a
# folder of skills here; `--protocol-era modern` lists them. Exits with 1 if that has changed. Needs python3 and npm.
set -euo pipefail
folder=$(mktemp -d)
server=''
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . @modelcontextprotocol/inspector@2.12.0 node@22.23.3 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check fastmcp==4.2.3
mkdir -p skills/greet
printf -- '---\nname: greet\ndescription: Greets\n---\nSay hello.\n' >skills/greet/SKILL.md
cat >serve.py <<'PY'
import sys
from pathlib import Path
from fastmcp import FastMCP
from fastmcp.skills.provider import SkillsDirectoryProvider

server = FastMCP("skills", providers=[SkillsDirectoryProvider(Path("skills").resolve())])
server.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False, stateless_http=True)
PY
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/python serve.py "$port" >server.log 2>&1 &
server=$!
for _ in {1..100}; do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break || sleep 0.2; done
export HOME=$folder
list() {
  node_modules/node/bin/node node_modules/.bin/mcp-inspector --cli "http://127.0.0.1:$port/mcp" --transport http --method skills/list "$@" 2>&1 || true
}
by_default=$(list) modern=$(list --protocol-era modern)
printf 'by default: %s\n--protocol-era modern: %s\n' "$by_default" "$modern"
[[ $by_default == *skills_unsupported* && $modern == *skill://greet/SKILL.md* ]]
