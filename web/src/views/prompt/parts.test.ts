import { expect, test } from 'vitest'

import { rpcError } from '../../sources/errors'
import { promptWords } from '../../words'
import { count } from './count'
import { MAX_FILE_BYTES, readTextFile } from './file'
import { base64Bytes, bytesInWords, dataAddress, linkAddress } from './media'
import { tellArguments } from './faults'
import { stepped } from './step'

test('characters and tokens', () => {
  expect(count('')).toEqual({ characters: 0, tokens: 0 })
  expect(count('abcde')).toEqual({ characters: 5, tokens: 2 })
  expect(count('é€😀')).toEqual({ characters: 3, tokens: 3 })
  const text = 'a é € 😀 \ud800'.repeat(100)
  expect(count(text).tokens).toBe(Math.ceil(new TextEncoder().encode(text).length / 4))
})

test('files of text are taken', async () => {
  const text = async (...parts: BlobPart[]) => readTextFile(new Blob(parts))
  expect(await text('é\r\nb\rc')).toEqual({ text: 'é\nb\nc' })
  expect(await text(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))).toEqual({ text: 'a' })
  expect(await text(new Uint8Array([0xff, 0xfe, 0x61, 0]))).toEqual({ fault: 'notText' })
  expect(await text('a\0b')).toEqual({ fault: 'notText' })
  expect(await text('a'.repeat(MAX_FILE_BYTES))).toHaveProperty('text')
  expect(await text('a'.repeat(MAX_FILE_BYTES + 1))).toEqual({ fault: 'tooLarge' })
  const gone = { size: 1, arrayBuffer: () => Promise.reject(new Error('gone')) } as unknown as Blob
  expect(await readTextFile(gone)).toEqual({ fault: 'unreadable' })
})

test('only known types become data addresses', () => {
  expect(dataAddress('image', 'image/png', 'AAAA')).toBe('data:image/png;base64,AAAA')
  expect(dataAddress('image', 'IMAGE/SVG+XML; charset=utf-8', 'AA\nAA')).toBe('data:image/svg+xml;base64,AAAA')
  expect(dataAddress('image', 'text/html', 'AAAA')).toBeUndefined()
  expect(dataAddress('image', 'image/png', '"><script>')).toBeUndefined()
  expect(dataAddress('image', 'image/png', '')).toBeUndefined()
  expect(dataAddress('audio', 'audio/mpeg', 'AAAA')).toBe('data:audio/mpeg;base64,AAAA')
  expect(dataAddress('audio', 'image/png', 'AAAA')).toBeUndefined()
  expect(dataAddress('audio', 'audio/"x', 'AAAA')).toBeUndefined()
  expect(base64Bytes('AAAAAA==')).toBe(4)
  expect([70, 1234, 2_000_000].map(bytesInWords)).toEqual(['70 bytes', '1.2 KB', '2 MB'])
})

test('numbers are stepped in their last decimal place', () => {
  expect(stepped('3', 1, true)).toBe('4')
  expect(stepped('0', -1, true)).toBe('-1')
  expect(stepped('0.5', 1, false)).toBe('0.6')
  expect(stepped('0.10', -1, false)).toBe('0.09')
  expect(stepped('2.5', 1, true)).toBe('4')
  expect(stepped('', 1, false)).toBe('1')
  for (const text of ['x', '1e999', '9007199254740993']) expect(stepped(text, 1, true)).toBeUndefined()
})

test('links lead to the web or to mail', () => {
  expect(linkAddress('https://a.example/x')).toBe('https://a.example/x')
  expect(linkAddress('mailto:a@b.example')).toBe('mailto:a@b.example')
  for (const uri of ['javascript:alert(1)', 'data:text/html,x', 'gallery:///a', '//a.example', '#/x', 'https://', ' https://a.example']) {
    expect(linkAddress(uri)).toBeUndefined()
  }
})

const told = (message: string, ...names: string[]): Record<string, string | null> => {
  const { atFields, above } = tellArguments(names, rpcError(-32602, message))
  return { ...Object.fromEntries(atFields), above }
}

test('a wrong part of a value is told at the field of its argument', () => {
  expect(told('argument `xs[1]` must be a whole number such as 42, not "b"', 'xs', 'x')).toEqual({
    xs: 'Item 2 must be a whole number such as 42.',
    above: null,
  })
  expect(told('argument `order.items[2].price` must be a number, not {"a":1}', 'order')).toEqual({
    order: 'items[2].price must be a number.',
    above: null,
  })
  expect(told('argument `a.b` must be text, not 5; argument `a.b[0]` must be text, not null', 'a', 'a.b')).toEqual({
    'a.b': 'Must be text.',
    above: null,
  })
  // Only what has no field is told above.
  const other = 'unknown argument `other`: this prompt has xs'
  expect(told(`${other}; argument \`xs[0]\` must be text, not 5`, 'xs')).toEqual({ xs: 'Item 1 must be text.', above: other })
})

test('at a field, a message has neither the name nor the value, and formats have an example', () => {
  expect(told('argument `d` must be text in the format date, not "31.12.2026"', 'd')['d']).toBe(
    'Must be text in the format date, such as 2026-12-31.',
  )
  expect(told('Argument `d` must be text in the format ipv4, not "a \\" b, not …', 'd')['d']).toBe('Must be text in the format ipv4.')
  expect(told('argument `d` must be one of a, not b, c, not "x, not "', 'd')['d']).toBe('Must be one of a, not b, c.')
  expect(told('missing required argument `d` (When)', 'd')['d']).toBe(promptWords.isMissing)
  for (const format of ['date', 'date-time', 'time', 'email', 'uri']) {
    expect(told(`argument \`d\` must be text in the format ${format}, not "x"`, 'd')['d']).toMatch(/, such as \S+\.$/)
  }
  expect(told('argument `d` must be text in the format constructor, not "x"', 'd')['d']).toBe('Must be text in the format constructor.')
})
