// The source of a prompt.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { team } from './galleries.mjs'
import { open } from './page.mjs'
import { serve } from './server.mjs'

test('the template is shown as it is in its file', async (t) => {
  const page = await open(t, await serve(t, team), '/#/prompt/code_review')
  await page.getByRole('tab', { name: 'Template' }).click()
  const panel = page.getByRole('tabpanel', { name: 'Template' })
  await panel.getByText('code/review.prompt').waitFor()
  const shown = await panel.innerText()
  for (const line of team['code/review.prompt'].split('\n')) assert.ok(shown.includes(line), `${line} in ${shown}`)
})

test('PAGE_SOURCE=off shows no template', async (t) => {
  const page = await open(t, await serve(t, team, { PAGE_SOURCE: 'off' }), '/#/prompt/code_review')
  await page.getByRole('tab', { name: 'Try' }).waitFor()
  assert.equal(await page.getByRole('tab', { name: 'Template' }).count(), 0)
})
