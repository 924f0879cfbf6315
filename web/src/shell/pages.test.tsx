// @vitest-environment jsdom
import { render } from 'preact'
import { act } from 'preact/test-utils'
import { beforeAll, beforeEach, expect, test } from 'vitest'

import type { Gallery, Problem, SourceFile } from '../gallery'
import { fileHref } from '../router'
import { shellWords } from '../words'
import { FilePage } from './FilePage'
import { PromptPage } from './PromptPage'

const error: Problem = { level: 'error', message: 'expected {{/if}}, found the end', line: 3, column: 1 }
const warning: Problem = { level: 'warning', message: 'odd' }
const file = (path: string, ...problems: Problem[]): SourceFile => ({ uri: `gallery:///${path}`, path, problems })
const broken = (brokenPrompt: string, ...of: Parameters<typeof file>): SourceFile => ({ ...file(...of), brokenPrompt })
const header = { isApp: false, account: null }
const gallery = { files: () => Promise.resolve([]), onChange: () => () => {} } as unknown as Gallery

let page: HTMLElement

beforeAll(() => {
  window.scrollTo = () => {}
})

beforeEach(() => {
  page = document.createElement('div')
  document.body.replaceChildren(page)
})

async function prompt(name: string, files: SourceFile[]): Promise<string> {
  const list = { prompts: [], isPartial: false, unlisted: 0 }
  const state = { tab: 'try' as const, values: {} }
  const frame = { header, gallery, list, files, name, state, onState: () => {}, back: '#/', onBack: () => {}, onSearch: () => {} }
  await act(() => render(<PromptPage {...frame} />, page))
  return page.querySelector('.message')?.textContent ?? ''
}

test('a prompt whose file is broken is told with the first error and a way to the file', async () => {
  const files = [broken('a', 'a.prompt', error), broken('team_review', 'team/review.prompt', warning, error)]
  const text = await prompt('team_review', files)
  expect(text).toContain('This prompt has an error: line 3, column 1: expected {{/if}}, found the end')
  expect(page.querySelector(`a[href="${fileHref('team/review.prompt')}"]`)).not.toBeNull()
  expect(text).not.toContain(shellWords.unknownPromptTitle)
})

test('a prompt whose partial is broken leads to its file', async () => {
  const text = await prompt('uses', [broken('uses', 'uses.prompt', warning), file('_part.prompt', error)])
  expect(text).toContain(shellWords.brokenElsewhere)
  expect(page.querySelector(`a[href="${fileHref('uses.prompt')}"]`)).not.toBeNull()
})

test('a prompt without such a file is unknown', async () => {
  const files = [broken('a', 'a.prompt', error), { ...file('team/review.prompt', error), prompt: 'team_review' }]
  expect(await prompt('team_review', files)).toContain(shellWords.unknownPrompt('team_review').replaceAll('`', ''))
})

test('a file says why it makes no prompt', async () => {
  const said = async (of: SourceFile) => {
    const frame = { header, gallery, files: [of], path: of.path, back: '#/', onBack: () => {}, onSearch: () => {} }
    await act(() => render(<FilePage {...frame} />, page))
    return page.querySelector('.prompt-description')?.textContent
  }
  expect(await said(file('_part.prompt'))).toBe(shellWords.filePartial)
  expect(await said(file('team/_part.prompt', error))).toBe(shellWords.filePartial)
  expect(await said(broken('a', 'a.prompt', error))).toBe(shellWords.fileNotServed)
  expect(await said(broken('a', 'a.prompt', warning))).toBeUndefined()
  expect(await said({ ...file('a.prompt'), prompt: 'a' })).toBe(shellWords.toPrompt('a'))
})
