#!/usr/bin/env bash
# @modelcontextprotocol/ext-apps 2.0.4, both sides of an MCP App: the transport of the app and of the host's bridge writes each message
# to the console, with the arguments of tool calls and what tools answer. It is `console.debug`, which browsers keep and show under
# "Verbose", which Node prints like any other line, and which no option turns off. Programs that collect the console collect these.
#
# Seen, for one call of a tool with the argument `topic`:
#     Sending message: tools/call {"topic":"autumn"}
#     Parsed message: the result "a haiku about autumn"
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund @modelcontextprotocol/ext-apps@2.0.4 @modelcontextprotocol/client@2.4.0 @modelcontextprotocol/core@2.4.0
cat > seen.mjs <<'JS'
const lines = []
console.debug = (text, message) => lines.push([text, message])

// A window that answers as a host does.
const host = {
  postMessage(message) {
    const result = {
      'ui/initialize': { protocolVersion: '2026-01-26', hostInfo: { name: 'host', version: '1' }, hostCapabilities: { serverTools: {} }, hostContext: {} },
      'tools/call': { content: [{ type: 'text', text: 'a haiku about autumn' }] },
    }[message.method]
    if (!result) return
    const event = new Event('message')
    Object.assign(event, { source: host, data: { jsonrpc: '2.0', id: message.id, result } })
    queueMicrotask(() => window.dispatchEvent(event))
  },
}
globalThis.window = Object.assign(new EventTarget(), { parent: host })

const { App, PostMessageTransport } = await import('@modelcontextprotocol/ext-apps')
const app = new App({ name: 'app', version: '1' }, {}, { autoResize: false })
await app.connect(new PostMessageTransport(host, host))
await app.callServerTool({ name: 'render', arguments: { topic: 'autumn' } })
for (const [text, message] of lines) {
  if (message?.method === 'tools/call') console.log(`${text}: tools/call ${JSON.stringify(message.params.arguments)}`)
  if (message?.result?.content) console.log(`${text}: the result ${JSON.stringify(message.result.content[0].text)}`)
}
JS
seen=$(node seen.mjs)
echo "$seen"
[[ $seen == 'Sending message: tools/call {"topic":"autumn"}
Parsed message: the result "a haiku about autumn"' ]]
