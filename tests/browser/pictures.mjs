// The pictures of docs/images/: a test each, so that a view that is not there makes no picture.
import assert from 'node:assert/strict'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { filesOf } from './galleries.mjs'
import { serveHost } from './host.mjs'
import { open } from './page.mjs'
import { serve } from './server.mjs'

const images = '../../docs/images'
const files = filesOf('../../prompts')
mkdirSync(images, { recursive: true })

const diff = `--- a/src/cart.ts
+++ b/src/cart.ts
@@ -12,5 +12,5 @@
 export function total(items: Item[]): number {
-  return items.reduce((sum, item) => sum + item.price, 0)
+  return items.reduce((sum, item) => sum + item.price * item.quantity, 0)
 }`
const filled = `/#/prompt/code-review?${new URLSearchParams({ code: diff, language: 'TypeScript', focus: 'correctness' })}`
const list = (page) => page.getByRole('combobox', { name: 'Sort by' }).waitFor()
const rendering = async (page) => {
  await page.getByRole('region', { name: 'Rendered prompt' }).getByText(/item\.quantity/).waitFor()
  await page.getByRole('button', { name: 'Copy text', disabled: false }).waitFor()
}

const views = {
  'page-list': { shown: list },
  'page-list-dark': { shown: list, colorScheme: 'dark' },
  'page-search': { path: '/#/?q=reveiw', shown: (page) => list(page).then(() => page.getByText(/^\d+ of \d+ prompts$/).waitFor()) },
  'page-prompt': { path: filled, shown: rendering },
  'page-prompt-dark': { path: filled, shown: rendering, colorScheme: 'dark' },
  'page-clients': { path: filled, tab: 'In your client', shown: (page) => page.getByText('Claude Code').first().waitFor() },
  'page-template': { path: filled, tab: 'Template', shown: (page) => page.getByText('code-review.prompt').first().waitFor() },
  'page-phone': { shown: list, viewport: { width: 375, height: 760 }, isMobile: true },
  'page-phone-prompt': { path: filled, shown: rendering, viewport: { width: 375, height: 760 }, isMobile: true },
}

for (const [name, { path, tab, shown, ...options }] of Object.entries(views)) {
  test(`${name}.png`, async (t) => {
    const page = await openAtDefaultPort(t, path, { viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options })
    if (tab) await page.getByRole('tab', { name: tab }).click()
    await shown(page)
    await take(page, name)
  })
}

for (const theme of ['light', 'dark']) {
  const name = theme === 'light' ? 'app-in-chat' : 'app-in-chat-dark'
  test(`${name}.png`, async (t) => {
    const server = await serve(t, files)
    const origin = await serveHost(t)
    const query = new URLSearchParams({ server: `${server.origin}/mcp`, arguments: JSON.stringify({ name: 'greeting-template' }), theme })
    const options = { origins: [server.origin], viewport: { width: 800, height: 860 }, colorScheme: theme, reducedMotion: 'reduce' }
    const page = await open(t, { origin }, `/?${query}`, options)
    const app = page.frameLocator('iframe')
    await app.getByRole('textbox', { name: /^name/ }).fill('Ada')
    await app.getByRole('textbox', { name: /^language/ }).fill('Dutch')
    await app.getByText('Write a warm, one-sentence greeting for Ada in Dutch.').waitFor()
    await app.getByRole('button', { name: 'Use in the conversation' }).click()
    await app.getByText('Sent to the conversation.').waitFor()
    await page.getByRole('log').getByText('Write a warm').waitFor()
    // The whole prompt above the bar of the lower edge.
    await app.locator('html').evaluate((html) => html.scrollTo(0, html.scrollHeight))
    await take(page, name)
  })
}

/** Pictures tell the address that the server has by default, whichever port it got here. */
async function openAtDefaultPort(t, path = '/', options) {
  const server = await serve(t, files)
  const page = await open(t, server, null, options)
  await page.route('**/assets/settings.json', async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, json: { ...(await response.json()), mcp: 'http://127.0.0.1:8080/mcp' } })
  })
  await page.goto(server.origin + path)
  return page
}

async function take(page, name) {
  await page.evaluate(() => document.fonts.ready)
  const path = join(images, `${name}.png`)
  // A blinking caret would make each picture another one.
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' })
  assert.ok(statSync(path).size < 200_000, `${path}: ${statSync(path).size} bytes`)
}
