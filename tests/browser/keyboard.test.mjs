// The whole way without a mouse.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { team } from './galleries.mjs'
import { eventually, open } from './page.mjs'
import { serve } from './server.mjs'

const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement
    return element.getAttribute('aria-label') ?? element.labels?.[0]?.innerText ?? (element === document.body ? '' : element.innerText)
  })

test('/ searches, arrows move, Enter opens, Esc goes back', async (t) => {
  const page = await open(t, await serve(t, team))
  await page.getByText('5 prompts', { exact: true }).waitFor()
  const search = page.getByRole('searchbox', { name: 'Search prompts' })
  await page.keyboard.press('/')
  await eventually(async () => assert.ok(await search.evaluate((element) => element === document.activeElement)))
  await page.keyboard.type('code')
  await eventually(async () => assert.equal(await search.inputValue(), 'code'))
  await page.getByText('2 of 5 prompts').waitFor()
  await page.keyboard.press('ArrowDown')
  await eventually(async () => assert.match(await focused(page), /Code review/))
  await page.keyboard.press('ArrowRight')
  await eventually(async () => assert.match(await focused(page), /Test cases/))
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Code review', level: 1 }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByText('2 of 5 prompts').waitFor()
  await eventually(async () => assert.match(await focused(page), /Code review/))
})

test('Tab reaches the form, its fields and the copies in their order', async (t) => {
  const page = await open(t, await serve(t, team), '/#/prompt/code_review')
  await page.getByRole('textbox', { name: 'Code or diff' }).waitFor()
  const order = []
  for (let i = 0; i < 20; i++) {
    await page.keyboard.press('Tab')
    order.push(await focused(page))
  }
  const at = (pattern) => order.findIndex((text) => pattern.test(text ?? ''))
  const stops = [/^Try$/, /^Code or diff/, /everything/, /Copy text/, /^Skip to/, /^All prompts/].map(at)
  assert.ok(stops.every((stop) => stop >= 0) && stops.every((stop, i) => i === 0 || stop > stops[i - 1]), `${stops}: ${order}`)
})

test('Esc clears the search', async (t) => {
  const page = await open(t, await serve(t, team))
  const search = page.getByRole('searchbox', { name: 'Search prompts' })
  await search.fill('code')
  await page.getByText('2 of 5 prompts').waitFor()
  await search.press('Escape')
  await page.getByText('5 prompts', { exact: true }).waitFor()
})

test('/ on a prompt leads to the search, but not in a field', async (t) => {
  const page = await open(t, await serve(t, team))
  const search = page.getByRole('searchbox', { name: 'Search prompts' })
  const isInSearch = async () => assert.ok(await search.evaluate((element) => element === document.activeElement))
  await search.fill('translate')
  await page.getByRole('link', { name: 'Translate' }).click()
  const field = page.getByRole('textbox', { name: 'Text' })
  await field.fill('either')
  await field.press('/')
  assert.equal(await field.inputValue(), 'either/')
  await page.keyboard.press('Escape')
  await page.keyboard.press('/')
  await eventually(isInSearch)
  // What was searched for is selected, so that typing replaces it.
  await page.keyboard.type('hello')
  await eventually(async () => assert.equal(await search.inputValue(), 'hello'))
  await page.goto(page.url().replace(/#.*/, '#/prompt/hello'))
  await page.getByRole('textbox', { name: 'name' }).waitFor()
  await page.reload()
  await page.getByRole('textbox', { name: 'name' }).waitFor()
  await page.keyboard.press('/')
  await eventually(isInSearch)
})

test('arrows move between the tabs of a prompt', async (t) => {
  const page = await open(t, await serve(t, team), '/#/prompt/code_review')
  await page.getByRole('tab', { name: 'Try' }).focus()
  await page.keyboard.press('ArrowRight')
  await eventually(async () =>
    assert.equal(await page.getByRole('tab', { name: 'In your client' }).getAttribute('aria-selected'), 'true'),
  )
})
