import type { App } from '@modelcontextprotocol/ext-apps'
import { expect, test, vi } from 'vitest'

import type { GalleryError, Message } from '../gallery'
import { mcpWords } from '../words'
import { blocksOf, HostGallery, messagesOf } from './host'

const text = (text: string) => ({ type: 'text' as const, text })

test('labels of roles are taken off, and lines that only look like them stay', () => {
  const image = { type: 'image', data: 'AA==', mimeType: 'image/png' }
  const blocks = [text('[user]\nHi\n\\[assistant]\nstill the user'), text('\n[assistant]\nYes'), text('\n[user]'), image]
  expect(messagesOf(blocks, ['user', 'assistant', 'user', 'user'])).toEqual([
    { role: 'user', content: [text('Hi\n[assistant]\nstill the user')] },
    { role: 'assistant', content: [text('Yes')] },
    { role: 'user', content: [image] },
  ])
  expect(messagesOf([text('[user]\nas it is')], ['user'])).toEqual([{ role: 'user', content: [text('[user]\nas it is')] }])
})

test('a prompt of one role is sent as it is, and several roles are named in one message', () => {
  expect(
    blocksOf([
      { role: 'user', content: [text('a')] },
      { role: 'user', content: [text('b')] },
    ]),
  ).toEqual([text('a'), text('b')])
  const [named, ...others] = blocksOf([
    { role: 'user', content: [text('a')] },
    { role: 'assistant', content: [text('b')] },
  ])
  expect(others).toEqual([])
  expect(named).toMatchObject({ type: 'text', text: expect.stringMatching(/User:\na\s+Assistant:\nb/) })
})

test('a block that the host does not take is sent as text', async () => {
  const picture = { type: 'image' as const, data: 'AA==', mimeType: 'image/png' }
  const link = { type: 'link' as const, uri: 'https://a.example', name: 'a' }
  const resource = { type: 'resource' as const, uri: 'gallery:///a.txt', text: 'x' }
  const user = { role: 'user' as const, content: [text('see'), picture, link, resource] }
  const sendMessage = vi.fn(() => Promise.resolve({}))
  const sent = async (message: object | undefined, ...messages: Message[]) => {
    await new HostGallery({ sendMessage, getHostCapabilities: () => ({ message }) } as unknown as App).send(messages)
    return (sendMessage.mock.lastCall as unknown as [{ content: { type: string }[] }])[0].content
  }
  expect(await sent({ text: {} }, user)).toEqual([text('see'), text('[image/png]'), text('a: https://a.example'), text('x')])
  expect((await sent({ text: {}, image: {}, resourceLink: {} }, user)).map(({ type }) => type)).toEqual([
    'text',
    'image',
    'resource_link',
    'text',
  ])
  for (const silent of [undefined, {}]) {
    expect((await sent(silent, user)).map(({ type }) => type)).toEqual(['text', 'image', 'resource_link', 'resource'])
  }
  const assistant = { role: 'assistant' as const, content: [text('ok')] }
  expect(await sent({ text: {} }, user, assistant)).toEqual([
    text('User:\nsee\n\n[image/png]\n\na: https://a.example\n\nx\n\nAssistant:\nok'),
  ])
})

test('an error of the host is told as a server that does not answer, and the server’s own words are kept', async () => {
  const failing = (error: object) => {
    const app = { callServerTool: () => Promise.reject(Object.assign(new Error(), error)) }
    return new HostGallery(app as unknown as App).prompts().catch((e: GalleryError) => [e.kind, e.message])
  }
  const away = ['unreachable', mcpWords.unreachable]
  expect(await failing({ code: -32603, message: 'Failed to fetch' })).toEqual(away)
  expect(await failing({ code: -32603, message: 'MCP error -32603: fetch failed', data: {} })).toEqual(away)
  expect(await failing({ code: -32001, message: 'MCP error -32001: Request timed out' })).toEqual(away)
  expect(await failing({ code: 'REQUEST_TIMEOUT', message: 'Request timed out' })).toEqual(away)
  expect(await failing({ code: -32603, message: 'internal error', data: { requestId: 'a' } })).toEqual(['server', 'internal error'])
  expect(await failing({ code: -32603, message: 'prompt store unavailable' })).toEqual(['server', 'prompt store unavailable'])
  const broken = 'prompt `x` cannot be rendered: x.prompt:3:1: expected {{/if}}'
  expect(await failing({ code: -32603, message: `MCP error -32603: MCP error -32603: ${broken}` })).toEqual(['prompt', broken])
  expect(await failing({ code: -32602, message: 'unknown tool `search_prompts`' })).toEqual(['server', 'unknown tool `search_prompts`'])
})

/** A host whose server has so many prompts, 20 a page; a search finds those whose name has the words. */
function hostOf(count: number): App {
  const all = Array.from({ length: count }, (_, i) => ({ name: `p${i}`, arguments: {} }))
  const callServerTool = ({ arguments: { query = '', cursor = '0' } }: { arguments: { query?: string; cursor?: string } }) => {
    const matches = all.filter(({ name }) => name.includes(query))
    const next = Number(cursor) + 20
    const more = next < matches.length ? { nextCursor: String(next) } : {}
    const structuredContent = { prompts: matches.slice(Number(cursor), next), total: matches.length, ...more }
    return Promise.resolve({ content: [], structuredContent })
  }
  return { callServerTool } as unknown as App
}

test('of a large gallery a part is listed, the rest is counted, and a search finds it', async () => {
  const gallery = new HostGallery(hostOf(1_200))
  await vi.waitFor(async () => expect(await gallery.prompts()).toMatchObject({ isPartial: false, unlisted: 200 }))
  expect((await gallery.prompts()).prompts).toHaveLength(1_000)
  const changed = vi.fn()
  gallery.onChange(changed)
  expect(await gallery.find('p1199')).toEqual({ names: ['p1199'], hasMore: false })
  expect(changed).toHaveBeenCalledOnce()
  expect(await gallery.prompts()).toMatchObject({
    unlisted: 199,
    prompts: expect.arrayContaining([expect.objectContaining({ name: 'p1199' })]),
  })
  const { names, hasMore } = await gallery.find('p11')
  expect([names.length, hasMore]).toEqual([40, true])
})

test('a gallery that is listed in full is not asked again', async () => {
  const app = hostOf(30)
  const gallery = new HostGallery(app)
  await gallery.prompts()
  await vi.waitFor(async () => expect((await gallery.prompts()).prompts).toHaveLength(30))
  const call = vi.spyOn(app, 'callServerTool')
  expect(await gallery.find('p1')).toEqual({ names: [], hasMore: false })
  expect(call).not.toHaveBeenCalled()
})
