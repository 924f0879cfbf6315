import { afterEach, expect, test, vi } from 'vitest'

import { events } from './events'
import { HttpGallery } from './http'
import { McpClient } from './mcp'

type Sent = { headers: Record<string, string>; method: string; params: Record<string, unknown> }

/** Answers each POST by `answer`, and keeps what was sent. */
function serve(answer: (sent: Sent) => Response): Sent[] {
  const all: Sent[] = []
  vi.stubGlobal('fetch', (_url: string, init: { headers: Record<string, string>; body: string }) => {
    const { method, params } = JSON.parse(init.body) as Sent
    const sent = { headers: init.headers, method, params }
    all.push(sent)
    return Promise.resolve().then(() => answer(sent))
  })
  return all
}

const result = (result: unknown) => Response.json({ jsonrpc: '2.0', id: 1, result })
const gallery = () => new HttpGallery({ endpoint: '/mcp', address: 'http://x/mcp', hasSource: false, hasSignIn: false, token: null })

afterEach(() => vi.unstubAllGlobals())

test('a request has the headers that mirror its body, and declares no capabilities', async () => {
  const sent = serve(() => result({ messages: [{ role: 'user', content: { type: 'text', text: 'Hi' } }] }))
  expect(await gallery().render('prüfung', { a: '1' })).toEqual([{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }])
  expect(sent[0]?.headers).toMatchObject({
    'MCP-Protocol-Version': '2026-07-28',
    'Mcp-Method': 'prompts/get',
    'Mcp-Name': '=?base64?cHLDvGZ1bmc=?=',
  })
  expect(sent[0]?.params).toMatchObject({
    name: 'prüfung',
    arguments: { a: '1' },
    _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} },
  })
})

test('pages are read to the end, and kept while the shortest of them is fresh', async () => {
  const sent = serve(({ params }) =>
    params['cursor']
      ? result({ prompts: [{ name: 'a' }], ttlMs: 60_000 })
      : result({ prompts: [{ name: 'b' }], nextCursor: 'x', ttlMs: 90_000 }),
  )
  const one = gallery()
  expect((await one.prompts()).prompts.map(prompt => prompt.name)).toEqual(['a', 'b'])
  await one.prompts()
  expect(sent.length).toBe(2)
})

test('a page that fails leaves the pages before, as a part', async () => {
  serve(({ params }) =>
    params['cursor'] ? new Response('', { status: 502 }) : result({ prompts: [{ name: 'a' }], nextCursor: 'x', ttlMs: 0 }),
  )
  expect(await gallery().prompts()).toMatchObject({ prompts: [{ name: 'a' }], isPartial: true })
})

test('a server that is away is told from one that does not speak MCP', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')))
  await expect(gallery().prompts()).rejects.toMatchObject({ kind: 'unreachable' })
  serve(() => new Response('<html>', { status: 200 }))
  await expect(gallery().prompts()).rejects.toMatchObject({ kind: 'server' })
})

test('a refused token is renewed once', async () => {
  let token = 'old'
  const sent = serve(({ headers }) => (headers['Authorization'] === 'Bearer new' ? result({}) : new Response('', { status: 401 })))
  const renew = vi.fn((_refused: string | null) => Promise.resolve(Boolean((token = 'new'))))
  await new McpClient('/mcp', { current: () => Promise.resolve(token), renew }).request('server/discover')
  expect([sent.length, renew.mock.calls]).toEqual([2, [['old']]])
  serve(() => new Response('', { status: 401 }))
  await expect(new McpClient('/mcp', null).request('server/discover')).rejects.toMatchObject({ kind: 'signIn' })
})

test('types come from the tool that the server has', async () => {
  const schema = { properties: { n: { type: 'integer', default: 3 }, tone: { type: 'string', enum: ['a', 'b'] } }, required: ['n'] }
  const sent = serve(({ params }) =>
    params['name'] === 'open_gallery'
      ? Response.json({ error: { code: -32602, message: 'unknown tool `open_gallery`' } })
      : result({
          structuredContent: {
            prompts: [
              { name: 'other', arguments: {} },
              { name: 'p', arguments: schema },
            ],
            total: 2,
          },
        }),
  )
  const one = gallery()
  const argument = { name: 'n', required: true, type: 'string' as const }
  const prompt = { name: 'p', tags: ['t'], arguments: [argument] }
  const typed = [
    { name: 'n', required: true, type: 'integer', default: '3' },
    { name: 'tone', required: false, type: 'string', enum: ['a', 'b'] },
  ]
  expect(await one.details(prompt)).toEqual({ name: 'p', tags: ['t'], arguments: typed })
  await one.details(prompt)
  expect(sent.map(({ params }) => params['name'])).toEqual(['open_gallery', 'search_prompts', 'search_prompts'])
})

test('events arrive whole, however the bytes are cut', async () => {
  const text = ': comment\n\nevent: message\ndata: {"a":"ü"}\n\ndata: 1\r\ndata: 2\r\n\r\ndata: cut'
  const bytes = new TextEncoder().encode(text)
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size))
        controller.close()
      },
    })
    const got: string[] = []
    for await (const data of events(body, () => {})) got.push(data)
    expect(got).toEqual(['{"a":"ü"}', '1\n2'])
  }
})
