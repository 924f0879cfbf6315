// Looking around: cards, folders, tags, order, files with problems.
import assert from 'node:assert/strict'
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { hello, team } from './galleries.mjs'
import { cards, eventually, open } from './page.mjs'
import { serve } from './server.mjs'

const everything = ['Code review', 'Hello', 'Test cases', 'Translate', 'writing_plain']

test('a card tells title, description, tags and arguments', async (t) => {
  const page = await open(t, await serve(t, team))
  const card = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: 'Code review' }) })
  for (const text of ['Lists the problems of a change, worst first.', 'code', 'quality', '2 arguments']) {
    await card.getByText(text, { exact: true }).first().waitFor()
  }
  assert.deepEqual((await cards(page)).sort(), everything)
  await page.getByText('5 prompts', { exact: true }).waitFor()
})

test('folders are sections, and one of them can be shown alone', async (t) => {
  const page = await open(t, await serve(t, team))
  const section = page.getByRole('region', { name: /^code/ })
  await eventually(async () => assert.deepEqual(await cards(section), ['Code review', 'Test cases']))
  await page.getByRole('region', { name: 'Folders' }).getByRole('button', { name: /^writing/ }).click()
  await page.getByText('2 of 5 prompts').waitFor()
  assert.deepEqual((await cards(page)).sort(), ['Translate', 'writing_plain'])
})

test('tags filter, and the address keeps the filter', async (t) => {
  const page = await open(t, await serve(t, team))
  await page.getByRole('button', { name: /^quality/ }).click()
  await page.getByText('2 of 5 prompts').waitFor()
  assert.deepEqual(await cards(page), ['Code review', 'Test cases'])
  await eventually(() => assert.match(page.url(), /#.*[?&]tag=quality/))
  await page.reload()
  await page.getByText('2 of 5 prompts').waitFor()
  await page.getByRole('button', { name: 'Clear search and filters' }).click()
  await page.getByText('5 prompts', { exact: true }).waitFor()
})

test('prompts are sorted by name or by last change', async (t) => {
  const server = await serve(t, team)
  const page = await open(t, server)
  await page.getByText('5 prompts', { exact: true }).waitFor()
  const paths = ['writing/translate.prompt', 'hello.prompt', 'code/tests.prompt', 'code/review.prompt', 'writing/plain.hbs']
  paths.forEach((path, i) => utimesSync(join(server.folder, path), new Date(), new Date(2026, 0, 20 - i)))
  await page.reload()
  await page.getByRole('combobox', { name: 'Sort by' }).selectOption('Last change')
  await eventually(async () =>
    assert.deepEqual(await cards(page), ['Translate', 'Hello', 'Test cases', 'Code review', 'writing_plain']),
  )
})

test('files with problems are shown with the words of `check`', async (t) => {
  const page = await open(t, await serve(t, team))
  await page.getByText(/files? (has|have) problems/).click()
  await page.getByText('writing/broken.prompt').waitFor()
  await page.getByText('`if` is opened here and not closed by {{/if}}').waitFor()
  await page.getByText('line 5, column 1').waitFor()
})

test('an empty gallery says how to begin', async (t) => {
  const server = await serve(t)
  const page = await open(t, server)
  await page.getByRole('heading', { name: 'No prompts yet' }).waitFor()
  server.write('hello.prompt', hello['hello.prompt'])
  await page.getByRole('link', { name: 'Hello' }).waitFor()
})
