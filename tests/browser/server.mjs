// The server under test, on a free port of this computer, with a folder of its own.
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { cleanup } from './cleanup.mjs'

const program = process.env.PROGRAM ?? '../../target/debug/prompt-gallery'
const running = new Set()
// A runner that ends early ends its servers.
process.on('exit', () => running.forEach((child) => child.kill()))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

/** Starts a server of these files, `{path: text}`, and stops it after the test. */
export async function serve(t, files = {}, env = {}) {
  const server = new Server(files, env)
  cleanup(t, () => server.remove())
  await server.start()
  return server
}

class Server {
  constructor(files, env) {
    this.folder = mkdtempSync(join(tmpdir(), 'prompt-gallery-'))
    this.env = env
    this.port = 0
    for (const [path, text] of Object.entries(files)) this.write(path, text)
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`
  }

  write(path, text) {
    const file = join(this.folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  delete(path) {
    rmSync(join(this.folder, path))
  }

  /** Starts it on the port that it had before, if it has had one. */
  async start() {
    const env = { ...process.env, ...this.env }
    const args = ['--addr', `127.0.0.1:${this.port}`, '--dir', this.folder]
    const child = spawn(program, args, { env, cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] })
    this.child = child
    running.add(child)
    const log = createWriteStream(`results/server-${child.pid}.log`)
    child.stderr.pipe(log)
    const ended = new Promise((resolve) => child.once('exit', resolve))
    this.ended = ended.then(() => running.delete(child))
    const address = new Promise((resolve) => {
      createInterface(child.stdout).on('line', (line) => {
        const port = / (?:at http:\/\/|listening on )127\.0\.0\.1:(\d+)/.exec(line)?.[1]
        if (port) resolve(Number(port))
      })
    })
    this.port = await Promise.race([
      address,
      ended.then((code) => Promise.reject(new Error(`${program} did not start: ${code}, ${log.path}`))),
    ])
  }

  async stop() {
    this.child.kill()
    await this.ended
  }

  async remove() {
    await this.stop()
    rmSync(this.folder, { recursive: true })
  }

  /** A request of JSON-RPC, as any client of 2025-11-25 sends it. */
  async call(method, params = {}) {
    const response = await fetch(`${this.origin}/mcp`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    const { result, error } = await response.json()
    if (error) throw new Error(error.message)
    return result
  }

  /** The text of a prompt of one message. */
  async render(name, values) {
    const { messages } = await this.call('prompts/get', { name, arguments: values })
    return messages.map((message) => message.content.text).join('\n')
  }
}
