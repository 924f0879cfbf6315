/**
 * A client of MCP 2026-07-28 over HTTP, for this page's own server. The official client weighs 69 KB by brotli, more than half of what
 * the page may weigh in all; a server without sessions needs one POST a request.
 */

import { GalleryError } from '../gallery'
import { mcpWords } from '../words'
import { rpcError } from './errors'
import { events } from './events'

const VERSION = '2026-07-28'

/** A stream says something every 15 seconds at least. A longer silence is a connection that broke unseen, as after a laptop's sleep. */
const MAX_SILENCE_MS = 45_000

/** Answers of proxies whose server is away. A server without room for another stream says 503, so that is no such answer. */
const AWAY = new Set([502, 504])

export interface Token {
  /** The token for the next request; `null` without sign-in. */
  current(): Promise<string | null>
  /** Replaces a token that the server refused, unless that was done already. Answers whether there is another one. */
  renew(refused: string | null): Promise<boolean>
}

type Params = Record<string, unknown>

interface RequestOptions {
  /** What the header `Mcp-Name` mirrors. */
  name?: string
  signal?: AbortSignal | undefined
}

interface Answer {
  result?: unknown
  error?: { code: number; message: string }
}

export class McpClient {
  #lastId = 0

  constructor(
    private readonly address: string,
    private readonly token: Token | null,
  ) {}

  /** Sends a request, and returns its result. */
  async request<T>(method: string, params: Params = {}, options: RequestOptions = {}): Promise<T> {
    const response = await this.#send(method, params, options)
    let answer: Answer
    try {
      answer = (await response.json()) as Answer
    } catch (e) {
      if (isAbort(e)) throw e
      throw AWAY.has(response.status) ? unreachable() : new GalleryError(mcpWords.notMcp(response.status), 'server')
    }
    if (answer.error) throw rpcError(answer.error.code, answer.error.message)
    if (answer.result === undefined) throw new GalleryError(mcpWords.notMcp(response.status), 'server')
    return answer.result as T
  }

  /**
   * Listens for changed lists until the stream ends. `told` gets the method of each notification: first
   * `notifications/subscriptions/acknowledged`.
   */
  async listen(notifications: Record<string, true>, told: (method: string) => void, signal: AbortSignal): Promise<void> {
    const silence = new AbortController()
    const response = await this.#send('subscriptions/listen', { notifications }, { signal: AbortSignal.any([signal, silence.signal]) })
    if (!response.ok || !response.body || !response.headers.get('content-type')?.startsWith('text/event-stream')) {
      await response.body?.cancel()
      throw AWAY.has(response.status) ? unreachable() : new GalleryError(mcpWords.notMcp(response.status), 'server')
    }
    let timer: ReturnType<typeof setTimeout> | undefined
    const heard = () => {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), MAX_SILENCE_MS)
    }
    try {
      heard()
      for await (const data of events(response.body, heard)) {
        const { method } = JSON.parse(data) as { method?: string }
        if (method) told(method)
      }
    } finally {
      clearTimeout(timer)
    }
  }

  async #send(method: string, params: Params, options: RequestOptions): Promise<Response> {
    const token = (await this.token?.current()) ?? null
    const response = await this.#post(method, params, options, token)
    if (response.status !== 401) return response
    await response.body?.cancel()
    if (this.token && (await this.token.renew(token))) {
      const again = await this.#post(method, params, options, await this.token.current())
      if (again.status !== 401) return again
      await again.body?.cancel()
    }
    throw new GalleryError(mcpWords.signInNeeded, 'signIn')
  }

  async #post(method: string, params: Params, { name, signal }: RequestOptions, token: string | null): Promise<Response> {
    const headers: Record<string, string> = {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': VERSION,
      'Mcp-Method': method,
    }
    if (name !== undefined) headers['Mcp-Name'] = headerValue(name)
    if (token) headers['Authorization'] = `Bearer ${token}`
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': VERSION,
      'io.modelcontextprotocol/clientInfo': { name: 'prompt-gallery-page', version: '1' },
      // Without forms, required arguments stay required in `prompts/list`.
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    this.#lastId += 1
    const body = JSON.stringify({ jsonrpc: '2.0', id: this.#lastId, method, params: { ...params, _meta } })
    try {
      return await fetch(this.address, { method: 'POST', headers, body, signal: signal ?? null, credentials: 'omit', cache: 'no-store' })
    } catch (e) {
      throw isAbort(e) ? e : unreachable()
    }
  }
}

export function isAbort(e: unknown): boolean {
  return e instanceof DOMException && e.name === 'AbortError'
}

function unreachable(): GalleryError {
  return new GalleryError(mcpWords.unreachable, 'unreachable')
}

/** A header has visible ASCII alone: other names go as base64. */
function headerValue(name: string): string {
  if (/^[\x21-\x7e]+(?: +[\x21-\x7e]+)*$/.test(name) && !name.startsWith('=?base64?')) return name
  const bytes = new TextEncoder().encode(name)
  return `=?base64?${btoa(String.fromCharCode(...bytes))}?=`
}
