import { expect, test } from 'vitest'

import { blocksOf, messagesOf } from './host'

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
  expect(blocksOf([{ role: 'user', content: [text('a')] }, { role: 'user', content: [text('b')] }])).toEqual([text('a'), text('b')])
  const [named, ...others] = blocksOf([{ role: 'user', content: [text('a')] }, { role: 'assistant', content: [text('b')] }])
  expect(others).toEqual([])
  expect(named).toMatchObject({ type: 'text', text: expect.stringMatching(/User:\na\s+Assistant:\nb/) })
})
