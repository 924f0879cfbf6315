#!/usr/bin/env bash
# npm @google/gemini-cli 0.61.0, with a server over stdio in 30 lines and a model that only records: white space of any length
# in what is typed after an MCP prompt becomes one blank before the prompt is called, line breaks too, and also between the
# quotes of `--text="…"`. Code, tables and lists that a person pastes there arrive as one line. Exits with 1 if that has
# changed. Needs Node 20 and npm.
#
# Seen: "one two", of lines with two line breaks and two blanks between the words
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . @google/gemini-cli@0.61.0
cat >server.mjs <<'JS'
import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const prompts = [{ name: 'shorten', arguments: [{ name: 'text', required: true }] }]
const methods = {
  initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { prompts: {} }, serverInfo: { name: 's', version: '1' } }),
  'prompts/list': () => ({ prompts }),
  'prompts/get': ({ arguments: { text } }) => {
    appendFileSync(process.env.SEEN, `${JSON.stringify(text)}\n`)
    return { messages: [{ role: 'user', content: { type: 'text', text } }] }
  },
}
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line)
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result: methods[method]?.(params) ?? {} }))
}
JS
cat >model.mjs <<'JS'
import { createServer } from 'node:http'
const part = { candidates: [{ content: { role: 'model', parts: [{ text: 'ok' }] }, finishReason: 'STOP' }] }
createServer((request, response) => {
  response.setHeader('content-type', request.url.includes('alt=sse') ? 'text/event-stream' : 'application/json')
  response.end(request.url.includes('alt=sse') ? `data: ${JSON.stringify(part)}\n\n` : JSON.stringify(part))
}).listen(0, '127.0.0.1', function () { console.log(this.address().port) })
JS
node model.mjs >port &
model=$!
trap 'kill "$model" 2>/dev/null || true; rm -rf "$folder"' EXIT
for ((i = 0; i < 100; i++)); do [[ -s port ]] && break; sleep 0.1; done
mkdir -p home/.gemini work
cat >home/.gemini/settings.json <<JSON
{"mcpServers": {"s": {"command": "node", "args": ["$folder/server.mjs"], "env": {"SEEN": "$folder/seen"}}},
 "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": false}}, "general": {"enableAutoUpdate": false}}
JSON
cd work
for line in $'/shorten one\n\n  two' $'/shorten --text="one\n\n  two"'; do
  env -i HOME="$folder/home" PATH="$PATH" GEMINI_API_KEY=none GOOGLE_GEMINI_BASE_URL="http://127.0.0.1:$(<../port)" \
    GEMINI_CLI_TRUST_WORKSPACE=true GEMINI_CLI_NO_RELAUNCH=true timeout 60 ../node_modules/.bin/gemini -m gemini-2.5-flash -p "$line" \
    >>../log 2>&1 </dev/null || true
done
seen=$(cat ../seen)
printf '%s\n' "$seen"
[[ $seen == $'"one two"\n"one two"' ]] || { echo 'this has changed'; exit 1; }
