// The source of a prompt.
import assert from 'node:assert/strict'
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { team } from './galleries.mjs'
import { eventually, open } from './page.mjs'
import { serve } from './server.mjs'

test('the template is shown as it is in its file', async (t) => {
  const page = await open(t, await serve(t, team), '/#/prompt/code_review')
  await page.getByRole('tab', { name: 'Template' }).click()
  const panel = page.getByRole('tabpanel', { name: 'Template' })
  await panel.getByText('code/review.prompt').waitFor()
  const shown = await panel.innerText()
  for (const line of team['code/review.prompt'].split('\n')) assert.ok(shown.includes(line), `${line} in ${shown}`)
})

test('the template has colours, its version and its last change', async (t) => {
  const server = await serve(t, team)
  utimesSync(join(server.folder, 'code/review.prompt'), new Date(), new Date(2026, 0, 20, 15, 4))
  const page = await open(t, server, '/#/prompt/code_review')
  await page.getByRole('tab', { name: 'Template' }).click()
  const panel = page.getByRole('tabpanel', { name: 'Template' })
  const facts = async () => Object.fromEntries((await panel.locator('dl > div').allInnerTexts()).map((fact) => fact.replaceAll('\u202f', ' ').split(/\s*\n\s*/)))
  const { resources } = await server.call('resources/list')
  const { _meta, size } = resources.find(({ name }) => name === 'code/review.prompt')
  await eventually(async () =>
    assert.deepEqual(await facts(), { Version: _meta.version, Changed: 'Jan 20, 2026, 3:04 PM', Size: `${size} bytes` }),
  )
  const colours = new Set()
  for (const [token, text] of [
    ['mark', '---'],
    ['key', 'title'],
    ['literal', 'true'],
    ['name', 'focus'],
  ]) {
    const shown = panel.locator(`.token-${token}`).filter({ hasText: new RegExp(`^\\s*${text}\\s*$`) }).first()
    colours.add(await shown.evaluate((element) => getComputedStyle(element).color))
  }
  assert.ok(colours.size > 2, [...colours].join())
})

test('a problem is shown at its line', async (t) => {
  const page = await open(t, await serve(t, team), '/#/file/writing%2Fbroken.prompt')
  const line = page.locator('pre.source .line').nth(4)
  await line.getByText('{{#if name}}').waitFor()
  const problem = line.locator('.trouble')
  assert.match(await problem.innerText(), /^Error, line 5: .*if is opened here and not closed by \{\{\/if\}\}/)
  assert.equal(await page.locator('pre.source .trouble').count(), 1)
})

test('PAGE_SOURCE=off shows no template', async (t) => {
  const page = await open(t, await serve(t, team, { PAGE_SOURCE: 'off' }), '/#/prompt/code_review')
  await page.getByRole('tab', { name: 'Try' }).waitFor()
  assert.equal(await page.getByRole('tab', { name: 'Template' }).count(), 0)
})
