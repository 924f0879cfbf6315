import { expect, test, vi } from 'vitest'

import type { Prompt } from './gallery'
import { inOrder } from './order'
import { HttpGallery } from './sources/http'
import { foldersOf, libraryOf } from './views/browse/sections'

const prompt = (name: string, title?: string): Prompt => ({ name, tags: [], arguments: [], ...(title === undefined ? {} : { title }) })

test('prompts are in the order of their titles, numbers by their value, whatever the case and accents', () => {
  const prompts = [
    prompt('a', 'Zebra'),
    prompt('b', 'Case 10'),
    prompt('c', 'case 9'),
    prompt('émile'),
    prompt('E'),
    prompt('y', 'Same'),
    prompt('x', 'same'),
  ]
  const sorted = ['c', 'b', 'E', 'émile', 'x', 'y', 'a']
  expect(inOrder(prompts).map(({ name }) => name)).toEqual(sorted)
  expect(inOrder(prompts.reverse()).map(({ name }) => name)).toEqual(sorted)
})

test('a list is sorted once, when it arrives', async () => {
  const rows = [
    { name: 'a', title: 'Zebra' },
    { name: 'b', title: 'Ant' },
  ]
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ jsonrpc: '2.0', id: 1, result: { prompts: rows, ttlMs: 60_000 } })))
  const gallery = new HttpGallery({ endpoint: 'http://127.0.0.1/mcp', address: '', hasSource: false, hasSignIn: false, token: null })
  const first = await gallery.prompts()
  expect(first.prompts.map(({ name }) => name)).toEqual(['b', 'a'])
  expect(await gallery.prompts()).toBe(first)
  vi.unstubAllGlobals()
})

test('folders have the order of titles', () => {
  const library = libraryOf([prompt('sprint-10_a'), prompt('sprint-9_a'), prompt('Sprint-1_a')], [])
  expect(foldersOf(library).map(({ name }) => name)).toEqual(['Sprint-1', 'sprint-9', 'sprint-10'])
})
