import type { App } from '@modelcontextprotocol/ext-apps'
import { expect, test, vi } from 'vitest'

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
