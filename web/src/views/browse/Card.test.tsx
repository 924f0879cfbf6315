// @vitest-environment jsdom
import { render } from 'preact'
import { act } from 'preact/test-utils'
import { expect, test } from 'vitest'

import { Card } from './Card'

test('the texts of a card have the direction of their own words', async () => {
  const prompt = { name: 'p', title: 'سؤال', description: 'وصف', tags: ['وسم'], arguments: [] }
  const page = document.createElement('ul')
  const frame = { place: 0, count: 1, found: null, file: undefined, isCurrent: true, onFocus: () => {}, onOpen: () => {} }
  await act(() => render(<Card prompt={prompt} {...frame} />, page))
  for (const part of ['title', 'name', 'text']) expect(page.querySelector(`.card-${part}`)?.getAttribute('dir'), part).toBe('auto')
  expect(page.querySelector('.tag')?.getAttribute('dir')).toBe('auto')
})
