import { expect, test } from 'vitest'

import type { Prompt } from '../../gallery'
import { fold, indexOf, search } from './search'

const prompt = (name: string, title: string, description: string, tags: string[] = []): Prompt => ({
  name,
  title,
  description,
  tags,
  arguments: [],
})

const index = indexOf([
  prompt('code-review', 'Code review', 'Review a diff and list the problems.', ['quality']),
  prompt('release-notes', 'Release notes', 'Write notes for the code of a release.', ['writing']),
  prompt('team_translate', 'Übersetzung', 'Translate a text, and review the outcome.', ['language']),
  prompt('russian', 'Перевод', 'Для команды.'),
])
const names = (query: string) => search(index, query)?.order.map(i => index.prompts[i]!.name)
const marked = (query: string, text: string) =>
  search(index, query)!
    .marks(text)
    .map(([start, end]) => text.slice(start, end))

test('names and titles come before tags, and tags before descriptions', () => {
  expect(names('code')).toEqual(['code-review', 'release-notes'])
  expect(names('review')).toEqual(['code-review', 'team_translate'])
  expect(names('language')).toEqual(['team_translate'])
})

test('folders are searched too, also those that names do not tell', () => {
  const prompts = [prompt('long-folder-1a2b', 'Plan', 'Plans a quarter.'), prompt('other', 'Other', '')]
  const found = search(indexOf(prompts, new Map([['long-folder-1a2b', 'planning/quarterly']])), 'quarterly')
  expect(found?.order).toEqual([0])
})

test('all words must be there, in any order and any field', () => {
  expect(names('notes code')).toEqual(['release-notes'])
  expect(names('code-review')).toEqual(['code-review'])
  expect(names('quality notes')).toEqual([])
  expect(names('  ')).toBeUndefined()
})

test('one typing mistake a word is forgiven', () => {
  for (const mistaken of ['reveiw', 'rewiew', 'reiew', 'revieew']) expect(names(mistaken)).toEqual(['code-review', 'team_translate'])
  expect(names('relase notse')).toEqual(['release-notes'])
  expect(names('перевд')).toEqual(['russian'])
})

test('a word that is right finds nothing by mistake', () => {
  const near = indexOf([prompt('form', 'Form', ''), prompt('from', 'From', '')])
  expect(search(near, 'form')?.order).toEqual([0])
})

test('case and accents do not matter', () => {
  expect(names('ubersetzung')).toEqual(['team_translate'])
  expect(names('ÜBER')).toEqual(['team_translate'])
  expect(fold('İÜß').length).toBe(3)
})

test('hits are marked where they are', () => {
  expect(marked('rev cod', 'Code review, reviewed')).toEqual(['Cod', 'rev', 'rev'])
  expect(marked('uber', 'Übersetzung')).toEqual(['Über'])
  expect(marked('reveiw', 'A review.')).toEqual(['review'])
  expect(marked('reveiw', 'Nothing of it')).toEqual([])
  expect(marked('e', 'every release')).toEqual(['e'])
})
