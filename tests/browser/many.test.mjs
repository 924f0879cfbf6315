// A gallery of 10,000 prompts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { many } from './galleries.mjs'
import { cards, eventually, open } from './page.mjs'
import { serve } from './server.mjs'

test('10,000 prompts are listed, searched and scrolled', async (t) => {
  const page = await open(t, await serve(t, many(10_000)))
  await page.getByText('10,000 prompts', { exact: true }).waitFor({ timeout: 30_000 })
  const count = await page.getByRole('listitem').count()
  assert.ok(count < 500, `${count} items are in the document`)
  const search = page.getByRole('searchbox', { name: 'Search prompts' })
  await search.fill('request-9876')
  await eventually(async () => assert.equal((await cards(page))[0], 'Review request 9876'))
  await search.fill('')
  await page.getByText('10,000 prompts', { exact: true }).waitFor()
  await page.getByRole('link', { name: /^Review request/ }).first().focus()
  await page.keyboard.press('End')
  await eventually(async () => {
    const last = page.getByRole('link', { name: /^Review request/ }).last()
    assert.ok(await last.evaluate((element) => element === document.activeElement))
    assert.match(await last.getAttribute('href'), /folder-19_request-9\d\d\d/)
  })
  await page.keyboard.press('Enter')
  await page.getByRole('textbox', { name: 'Topic' }).fill('this')
  await page.getByText('Please review this.').waitFor()
})
