// The pictures of docs/images/: a test each, so that a view that is not there makes no picture.
import assert from 'node:assert/strict'
import { mkdirSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { filesOf } from './galleries.mjs'
import { openInHost, serveHost } from './host.mjs'
import { open, signedOut } from './page.mjs'
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

const phone = { viewport: { width: 375, height: 760 }, isMobile: true }
const middle = { viewport: { width: 768, height: 900 } }
const dark = { colorScheme: 'dark' }
const clients = { path: filled, tab: 'In your client', shown: (page) => page.getByText('Claude Code').first().waitFor() }
const template = { path: filled, tab: 'Template', shown: (page) => page.getByText('code-review.prompt').first().waitFor() }

const broken = `---
title: Broken
description: Has a block without an end.
---
Hello {{name}}.
{{#if language}}
Write in {{language}}.
`
const forty = `---
title: Forty arguments
description: A form that asks for much.
arguments:
${Array.from({ length: 40 }, (_, at) => `  - {name: argument_${at + 1}, title: Argument ${at + 1}, required: ${at % 4 === 0}}`).join('\n')}
---
{{argument_1}} and {{argument_40}}
`

const views = {
  'page-list': { shown: list },
  'page-list-dark': { shown: list, ...dark },
  'page-list-768': { shown: list, ...middle },
  'page-search': { path: '/#/?q=reveiw', shown: (page) => list(page).then(() => page.getByText(/^\d+ of \d+ prompts$/).waitFor()) },
  'page-no-match': { path: '/#/?q=xylophone', shown: (page) => page.getByText('No prompt matches').waitFor() },
  'page-empty': { files: {}, shown: (page) => page.getByText('No prompts yet').waitFor() },
  'page-prompt': { path: filled, shown: rendering },
  'page-prompt-dark': { path: filled, shown: rendering, ...dark },
  'page-prompt-768': { path: filled, shown: rendering, ...middle },
  'page-forty': { files: { 'forty.prompt': forty }, path: '/#/prompt/forty', shown: (page) => page.getByText('10 required arguments are missing:').waitFor() },
  'page-clients': clients,
  'page-clients-dark': { ...clients, ...dark },
  'page-template': template,
  'page-template-dark': { ...template, ...dark },
  'page-broken': {
    files: { ...files, 'broken.prompt': broken },
    path: '/#/file/broken.prompt',
    shown: (page) => page.getByText('is opened here and not closed by').first().waitFor(),
  },
  'page-away': {
    before: (page) => page.route('**/mcp', (route) => route.abort()),
    expected: /Failed to load resource: net::ERR_FAILED/,
    shown: (page) => page.getByRole('heading', { name: 'The server does not answer' }).waitFor(),
  },
  'page-sign-in': {
    before: signedOut,
    expected: /status of 401/,
    shown: (page) => page.getByRole('heading', { name: 'Sign in to see the prompts' }).waitFor(),
  },
  'page-phone': { shown: list, ...phone },
  'page-phone-prompt': { path: filled, shown: rendering, ...phone },
}

for (const [name, { files: own = files, path, tab, before, shown, ...options }] of Object.entries(views)) {
  test(`${name}.png`, async (t) => {
    const all = { viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', timezoneId: 'UTC', ...options }
    const page = await openAtDefaultPort(t, own, path, before, all)
    if (tab) await page.getByRole('tab', { name: tab }).click()
    await shown(page)
    await take(page, name)
  })
}

test('app-list.png', async (t) => {
  const { page, app } = await openInHost(t, files, { viewport: { width: 800, height: 860 }, reducedMotion: 'reduce' })
  await app.getByText(/^\d+ prompts$/).waitFor()
  await app.getByRole('listitem').first().waitFor()
  await take(page, 'app-list')
})

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

/**
 * Pictures tell the address that the server has by default, whichever port it got here. Their files changed on the same day, and have
 * the same version, which a server makes from the file's number on the disk and the time too.
 */
async function openAtDefaultPort(t, files, path = '/', before, options) {
  const server = await serve(t, files)
  const day = new Date('2026-11-30T09:00:00Z')
  for (const path of Object.keys(files)) utimesSync(join(server.folder, path), day, day)
  const page = await open(t, server, null, options)
  await page.route('**/mcp', async (route) => {
    if (!/"resources\/list"/.test(route.request().postData() ?? '')) return route.continue()
    const response = await route.fetch()
    const body = await response.text()
    await route.fulfill({ response, body: body.replaceAll(/"version":"[^"]*"/g, '"version":"188c78ad72c5c000-130"') })
  })
  await before?.(page)
  if (before !== signedOut) await page.route('**/assets/settings.json', atDefaultPort)
  await page.goto(server.origin + path)
  return page
}

async function atDefaultPort(route) {
  const response = await route.fetch()
  await route.fulfill({ response, json: { ...(await response.json()), mcp: 'http://127.0.0.1:8080/mcp' } })
}

async function take(page, name) {
  await page.evaluate(() => document.fonts.ready)
  const path = join(images, `${name}.png`)
  // A blinking caret would make each picture another one.
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' })
  assert.ok(statSync(path).size < 150_000, `${path}: ${statSync(path).size} bytes`)
}
