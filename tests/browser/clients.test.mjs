// The lines for clients, against the table that they are from.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { hello } from './galleries.mjs'
import { open } from './page.mjs'
import { serve } from './server.mjs'

const clients = JSON.parse(readFileSync('../../web/src/clients.json', 'utf8'))

const prompt = `---
arguments:
  - {name: name, required: true}
---
Say hello to {{name}}.
`

/** What follows the form of the table for a required argument without a value, by the style of the client. */
const words = { options: ' NAME', optionsAndWords: ' NAME', positions: ' NAME', pairs: ' name=NAME', oneText: ' NAME' }

test('each client is shown the call of the table', async (t) => {
  // No client has a command of this name.
  const page = await open(t, await serve(t, { 'say-hello.prompt': prompt }), '/#/prompt/say-hello')
  await page.getByRole('tab', { name: 'In your client' }).click()
  await page.locator('details.client').first().waitFor()
  let called = 0
  for (const { name, call } of clients) {
    const client = page.locator('details.client').filter({ has: page.locator('summary').getByText(name, { exact: true }) })
    assert.equal(await client.count(), 1, name)
    const lines = await client.locator('pre').allTextContents()
    if (!call) {
      assert.match(await client.textContent(), /This client shows no prompts\./, name)
      continue
    }
    called += 1
    const typed = call.typed.replace('NAME', 'say-hello')
    assert.equal(lines.at(-1), call.style === 'code' ? typed.replace('{…}', '{}') : typed + (words[call.style] ?? ''), name)
  }
  assert.ok(called > 8, `${called} clients`)
})

test('the links to clients add this server', async (t) => {
  const server = await serve(t, hello)
  const page = await open(t, server, '/#/prompt/hello')
  await page.getByRole('tab', { name: 'In your client' }).click()
  const address = `${server.origin}/mcp`
  const code = await page.locator('a[href^="vscode:mcp/install?"]').getAttribute('href')
  const settings = JSON.parse(decodeURIComponent(code.slice(code.indexOf('?') + 1)))
  assert.deepEqual(settings, { name: 'prompt-gallery', type: 'http', url: address })
  const cursor = new URL(await page.locator('a[href^="cursor:"]').getAttribute('href'))
  assert.equal(JSON.parse(Buffer.from(cursor.searchParams.get('config'), 'base64').toString()).url, address)
})
