// Serves the host of host/, built from ext-apps' own bridge, on a free port of this computer.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { rolldown } from 'rolldown'
import { cleanup } from './cleanup.mjs'

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
