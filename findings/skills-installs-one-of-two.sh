#!/usr/bin/env bash
# npm skills 1.7.4: `skills add URL` of a site whose index has two skills of one name finds "2 skills" and installs "all 2 skills" into one
# folder: the second is written over the first, and the exit code is 0. Exits with 1 if that has changed. Needs npm and python3.
set -euo pipefail
folder=$(mktemp -d)
server=''
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . skills@1.7.4 node@22.23.3 >/dev/null
mkdir -p site/.well-known/agent-skills/{a,b}/refunds project
for team in a b; do printf -- '---\nname: refunds\ndescription: Refunds of %s\n---\nDo as %s.\n' $team $team >site/.well-known/agent-skills/$team/refunds/SKILL.md; done
python3 - <<'PY'
import hashlib, json, pathlib
root = pathlib.Path("site/.well-known/agent-skills")
def row(team):
    data = (root / team / "refunds/SKILL.md").read_bytes()
    return {"name": "refunds", "type": "skill-md", "description": f"Refunds of {team}", "url": f"{team}/refunds/SKILL.md",
            "digest": "sha256:" + hashlib.sha256(data).hexdigest()}
index = {"$schema": "https://schemas.agentskills.io/discovery/0.2.0/schema.json", "skills": [row("a"), row("b")]}
(root / "index.json").write_text(json.dumps(index))
PY
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 -m http.server "$port" --bind 127.0.0.1 --directory site >/dev/null 2>&1 &
server=$!
for _ in {1..100}; do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break || sleep 0.1; done
export HOME=$folder
code=0
seen=$(cd project && ../node_modules/node/bin/node ../node_modules/skills/bin/cli.mjs add "http://127.0.0.1:$port" --agent claude-code -y --copy 2>&1) || code=$?
installed=$(find project -name SKILL.md -exec cat {} +)
printf '%s\n' "$seen" | grep -oE 'Found [0-9]+ skills?|Installing all [0-9]+ skills|Installed [0-9]+ skills?'
printf 'exit %s\n%s\n' "$code" "$installed"
[[ $code == 0 && $seen == *'Found 2 skills'* && $seen == *'Installing all 2 skills'* && $installed == *'Do as b.'* && $installed != *'Do as a.'* ]]
