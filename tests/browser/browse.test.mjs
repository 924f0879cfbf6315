// Looking around: cards, folders, tags, order, files with problems.
import assert from 'node:assert/strict'
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { conversation, hello, many, team } from './galleries.mjs'
import { cards, eventually, open } from './page.mjs'
import { serve } from './server.mjs'

const everything = ['Code review', 'Hello', 'Test cases', 'Translate', 'writing_plain']

test('a card tells title, description, tags and arguments', async (t) => {
  const page = await open(t, await serve(t, team))
  const card = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: 'Code review' }) })
  for (const text of ['Lists the problems of a change, worst first.', 'code', 'quality', '2 arguments, 1 required']) {
    await card.getByText(text, { exact: true }).first().waitFor()
  }
  assert.deepEqual((await cards(page)).sort(), everything)
  await page.getByText('5 prompts', { exact: true }).waitFor()
  const other = await open(t, await serve(t, conversation))
  await other.getByText('1 argument', { exact: true }).waitFor()
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
  await page.getByText('if is opened here and not closed by {{/if}}').waitFor()
  await page.getByText('line 5, column 1').waitFor()
})

test('a file that cannot be read as a prompt opens with its text and its problems', async (t) => {
  const server = await serve(t, team)
  const page = await open(t, server)
  await page.getByText(/files? (has|have) problems/).click()
  await page.getByRole('link', { name: 'writing/broken.prompt' }).click()
  await page.getByRole('heading', { name: 'writing/broken.prompt', level: 1 }).waitFor()
  await page.getByText('{{#if name}}').waitFor()
  await page.getByText('if is opened here and not closed by {{/if}}').waitFor()
  server.write('writing/broken.prompt', '---\ntitle: Mended\ndescription: Whole again.\n---\nHello\n')
  await page.getByRole('link', { name: 'Open its prompt, writing_broken' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('link', { name: 'Mended' }).waitFor()
})

test('who comes back to the list finds it as it was: the search, the filter, the place', async (t) => {
  const server = await serve(t, many(400))
  const page = await open(t, server, '/', { viewport: { width: 1280, height: 700 } })
  await page.getByRole('searchbox', { name: 'Search prompts' }).fill('request')
  await page.getByRole('button', { name: /^tag-3 / }).click()
  await page.getByText('57 of 400 prompts').waitFor()
  await page.evaluate(() => window.scrollTo(0, 1500))
  const ways = {
    'the browser’s Back': () => page.goBack(),
    'the link': () => page.getByRole('link', { name: 'All prompts' }).click(),
    'Back after loading the prompt anew': async () => {
      await page.reload()
      await page.getByRole('textbox', { name: 'Topic' }).waitFor()
      await page.goBack()
    },
  }
  for (const [way, back] of Object.entries(ways)) {
    const card = page.getByRole('link', { name: /^Review request/ }).nth(20)
    const name = await card.innerText()
    const scroll = await page.evaluate(() => window.scrollY)
    // Not by Playwright's own click, which may scroll.
    await card.evaluate((link) => link.click())
    await page.getByRole('textbox', { name: 'Topic' }).waitFor()
    await back()
    await page.getByText('57 of 400 prompts').waitFor()
    assert.equal(await page.getByRole('searchbox', { name: 'Search prompts' }).inputValue(), 'request', way)
    assert.equal(await page.getByRole('button', { name: /^tag-3 / }).getAttribute('aria-pressed'), 'true', way)
    await eventually(async () => {
      assert.equal(await page.evaluate(() => window.scrollY), scroll, way)
      assert.equal(await page.evaluate(() => document.activeElement.innerText), name, way)
    })
  }
  assert.ok((await page.evaluate(() => window.scrollY)) > 1000)
})

test('an empty gallery says how to begin', async (t) => {
  const server = await serve(t)
  const page = await open(t, server)
  await page.getByRole('heading', { name: 'No prompts yet' }).waitFor()
  server.write('hello.prompt', hello['hello.prompt'])
  await page.getByRole('link', { name: 'Hello' }).waitFor()
})
