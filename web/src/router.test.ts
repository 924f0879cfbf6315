import { expect, test } from 'vitest'

import { browseHref, EVERYTHING, fileHref, promptHref, routeOf } from './router'

test('a prompt and its values come back from a link', () => {
  const values = { code: 'a & b\n#?%=+ü', empty: '' }
  for (const tab of ['try', 'clients', 'template'] as const) {
    expect(routeOf(promptHref('team_review--v2', values, tab))).toEqual({ view: 'prompt', name: 'team_review--v2', tab, values })
  }
})

test('a file comes back from a link', () => {
  const path = 'team/a b#?%.prompt'
  expect(routeOf(fileHref(path))).toEqual({ view: 'file', path })
})

test('a search comes back from a link, and all prompts need none', () => {
  const state = { query: 'a b', tags: ['x', 'y&z'], folder: '', sort: 'change' as const }
  expect(routeOf(browseHref(state))).toEqual({ view: 'browse', state })
  expect(browseHref(EVERYTHING)).toBe('#/')
  for (const fragment of ['', '#', '#/']) expect(routeOf(fragment)).toEqual({ view: 'browse', state: EVERYTHING })
})

test('an address that leads nowhere is told', () => {
  for (const fragment of [
    '#/prompt/',
    '#/prompt/%',
    '#/prompt/a/b',
    '#/prompt/a/clients/b',
    '#/file/',
    '#/file/a/clients',
    '#/elsewhere',
  ]) {
    expect(routeOf(fragment)).toEqual({ view: 'unknown' })
  }
})
