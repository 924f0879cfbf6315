// The host of host/, built from ext-apps' own bridge, on a free port of this computer.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { rolldown } from 'rolldown'
import { cleanup } from './cleanup.mjs'
import { open } from './page.mjs'
import { serve } from './server.mjs'

const files = {
  '/': ['text/html', () => readFileSync('host/index.html')],
  '/host.css': ['text/css', () => readFileSync('host/host.css')],
  '/host.js': ['text/javascript', bundle],
}

/** Starts the host, stops it after the test, and returns its origin. */
export async function serveHost(t) {
  const server = createServer(async (request, response) => {
    const file = files[new URL(request.url, 'http://host').pathname]
    response.writeHead(file ? 200 : 404, { 'Content-Type': file?.[0] ?? 'text/plain' })
    response.end(await file?.[1]())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanup(t, () => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${server.address().port}`
}

async function bundle() {
  const built = await rolldown({ input: 'host/host.js', platform: 'browser' })
  const { output } = await built.generate({ format: 'esm' })
  await built.close()
  return output[0].code
}

/** Opens the app of these prompts in the host. `input` are the arguments of the tool, and the frame may not ask any server itself. */
export async function openInHost(t, files, { arguments: input = {}, theme = 'light', ...options } = {}) {
  const server = await serve(t, files)
  const origin = await serveHost(t)
  const query = new URLSearchParams({ server: `${server.origin}/mcp`, arguments: JSON.stringify(input), theme })
  const page = await open(t, { origin }, `/?${query}`, { origins: [server.origin], ...options })
  const asked = []
  page.on('request', (request) => {
    if (request.frame() !== page.mainFrame()) asked.push(request.url())
  })
  // Its messages have the values of arguments. The bridge in the host writes its own.
  const written = []
  page.on('console', (message) => {
    if (!message.location().url.endsWith('/host.js') && !options.expected?.test(message.text())) written.push(message.text())
  })
  cleanup(t, () => {
    assert.deepEqual(asked, [], 'requests of the app itself')
    assert.deepEqual(written, [], 'what the app writes to the console')
  })
  return { server, page, app: page.frameLocator('iframe[title="Prompt gallery"]') }
}
