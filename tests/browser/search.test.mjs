// Instant search.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { team } from './galleries.mjs'
import { cards, eventually, open } from './page.mjs'
import { serve } from './server.mjs'

test('search finds names, titles, descriptions and tags', async (t) => {
  const page = await open(t, await serve(t, team))
  const search = page.getByRole('searchbox', { name: 'Search prompts' })
  for (const [query, found] of [
    ['writing_plain', ['writing_plain']],
    ['code rev', ['Code review']],
    ['markup', ['Translate']],
    ['example', ['Hello']],
  ]) {
    await search.fill(query)
    await eventually(async () => assert.deepEqual(await cards(page), found, query))
  }
})

test('search finds folders, also those that the names of prompts do not tell', async (t) => {
  const folder = 'platform-engineering-and-developer-experience/quarterly-planning'
  const server = await serve(t, { ...team, [`${folder}/objectives.prompt`]: 'Write objectives.\n' })
  const { prompts } = await server.call('prompts/list')
  assert.ok(prompts.every(({ name }) => !name.includes('planning')))
  const page = await open(t, server)
  await page.getByRole('searchbox', { name: 'Search prompts' }).fill('planning')
  await page.getByText('1 of 6 prompts').waitFor()
})

test('typing mistakes are forgiven, and hits are marked', async (t) => {
  const page = await open(t, await serve(t, team))
  const search = page.getByRole('searchbox', { name: 'Search prompts' })
  await search.fill('tranlsate')
  await eventually(async () => assert.deepEqual(await cards(page), ['Translate']))
  await search.fill('transl')
  await eventually(async () => {
    const marked = await page.locator('mark').allInnerTexts()
    assert.ok(marked.length > 0 && marked.every((text) => /^transl/i.test(text)), String(marked))
  })
})

test('a search without hits says so, and can be cleared', async (t) => {
  const page = await open(t, await serve(t, team))
  const search = page.getByRole('searchbox', { name: 'Search prompts' })
  await search.fill('xylophone')
  await page.getByText('No prompt matches').waitFor()
  await page.getByRole('button', { name: 'Clear search and filters' }).click()
  await page.getByText('5 prompts', { exact: true }).waitFor()
  assert.equal(await search.inputValue(), '')
})

test('the address keeps the search in its fragment', async (t) => {
  const server = await serve(t, team)
  const page = await open(t, server)
  await page.getByRole('searchbox', { name: 'Search prompts' }).fill('review')
  await eventually(() => assert.match(new URL(page.url()).hash, /[?&]q=review/))
  assert.equal(new URL(page.url()).search, '')
  const other = await open(t, server, `/${new URL(page.url()).hash}`)
  await other.getByText('1 of 5 prompts').waitFor()
})
