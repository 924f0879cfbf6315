// A host of MCP Apps: it calls the tool `open_gallery`, shows the app that the tool names, and passes its tools to the server.
// The address has the server, the arguments of the tool, and the theme: /?server=URL&arguments=JSON&theme=dark.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { AppBridge, getToolUiResourceUri, PostMessageTransport } from '@modelcontextprotocol/ext-apps/app-bridge'

// What hosts allow an app that asks for nothing, by the specification of MCP Apps.
const policy =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "media-src 'self' data:; connect-src 'none'"

const query = new URLSearchParams(location.search)
const theme = query.get('theme') ?? 'light'
const input = JSON.parse(query.get('arguments') ?? '{}')
document.documentElement.style.colorScheme = theme

const client = new Client({ name: 'host', version: '1' })
await client.connect(new StreamableHTTPClientTransport(new URL(query.get('server'))))
const { tools } = await client.listTools()
const tool = tools.find(({ name }) => name === 'open_gallery')
const uri = getToolUiResourceUri(tool)
const { contents } = await client.readResource({ uri })

const bridge = new AppBridge(client, { name: 'host', version: '1' }, capabilities(), {
  hostContext: { theme, toolInfo: { tool }, displayMode: 'inline', availableDisplayModes: ['inline'] },
})
// What the test reads.
window.host = { resource: contents[0], messages: [], bridge }
bridge.onmessage = async (message) => {
  window.host.messages.push(message)
  const said = document.createElement('p')
  said.className = 'said'
  said.textContent = message.content.map(({ text }) => text).join('\n')
  document.querySelector('[role=log]').append(said)
  return {}
}
bridge.addEventListener('sizechange', ({ height }) => {
  if (height) frame.style.height = `${Math.min(height, 640)}px`
})
bridge.addEventListener('initialized', async () => {
  await bridge.sendToolInput({ arguments: input })
  await bridge.sendToolResult(await client.callTool({ name: tool.name, arguments: input }))
})

const frame = document.querySelector('iframe')
await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow))
frame.srcdoc = contents[0].text.replace(/<head>/, `<head><meta http-equiv="Content-Security-Policy" content="${policy}">`)

function capabilities() {
  return { serverTools: {}, serverResources: {}, message: { text: {} }, logging: {} }
}
