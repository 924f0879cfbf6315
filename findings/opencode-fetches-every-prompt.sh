#!/usr/bin/env bash
# npm opencode-ai 1.18.33, with a server over stdio in 30 lines: to list its commands it calls `prompts/get` for every prompt
# of the server, and gives `$1`, `$2` … as the values of all arguments, required or not. It keeps the text, and puts what a
# person types later into it. So a server renders all its prompts before anybody has called one, for arguments that are no
# numbers and no members of an enum. Exits with 1 if that has changed. Needs Node, npm and curl.
#
# Seen: plan {"city":"$1","days":"$2"}
#       translate {"text":"$1"}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . opencode-ai@1.18.33
cat >server.mjs <<'JS'
import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const prompts = [
  { name: 'plan', arguments: [{ name: 'city', required: true }, { name: 'days', description: 'a number' }] },
  { name: 'translate', arguments: [{ name: 'text', required: true }] },
]
const methods = {
  initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { prompts: {} }, serverInfo: { name: 's', version: '1' } }),
  'prompts/list': () => ({ prompts }),
  'prompts/get': ({ name, arguments: given }) => {
    appendFileSync(process.env.SEEN, `${name} ${JSON.stringify(given)}\n`)
    return { messages: [{ role: 'user', content: { type: 'text', text: name } }] }
  },
}
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line)
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result: methods[method]?.(params) ?? {} }))
}
JS
mkdir -p home/.config/opencode work
cat >home/.config/opencode/opencode.json <<JSON
{"autoupdate": false, "mcp": {"s": {"type": "local", "command": ["node", "$folder/server.mjs"], "environment": {"SEEN": "$folder/seen"}}}}
JSON
cd work
env -i HOME="$folder/home" PATH="$PATH" OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_MODELS_FETCH=1 \
  ../node_modules/.bin/opencode serve --port 0 >../log 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
for ((i = 0; i < 300; i++)); do
  url=$(grep -o 'http://127.0.0.1:[0-9]*' ../log | head -n 1) && break
  sleep 0.1
done
curl --silent --show-error --output /dev/null "$url/command"
seen=$(sort -u ../seen)
printf '%s\n' "$seen"
[[ $seen == $'plan {"city":"$1","days":"$2"}\ntranslate {"text":"$1"}' ]] || { echo 'this has changed'; exit 1; }
