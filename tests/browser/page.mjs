// Pages in Chromium, each of a fresh profile, and each watched: a page that shows a dialog, writes an error, breaks its
// policy or asks another host fails its test.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import { cleanup } from './cleanup.mjs'

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
args.push(...JSON.parse(process.env.CHROMIUM_ARGS ?? '[]'))
let browser
after(() => browser?.close())

/**
 * Opens the page of a server; without a path, an empty one. `options` are those of Playwright's contexts (`colorScheme`, `viewport`, …), and `expected`,
 * a pattern of console messages that the test provokes, and `origins`, others that may be asked.
 */
export async function open(t, { origin }, path = '/', { expected = null, origins = [], ...options } = {}) {
  browser ??= await chromium.launch({ executablePath: '/usr/bin/chromium', args })
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  context.setDefaultTimeout(10_000)
  const page = await context.newPage()
  const seen = watch(page, [origin, ...origins], expected)
  cleanup(t, async () => {
    // A route that still waits for its answer would fail after the test.
    await context.unrouteAll({ behavior: 'ignoreErrors' })
    await page.unrouteAll({ behavior: 'ignoreErrors' })
    await context.close()
    assert.deepEqual(seen, [], 'what the page must not do')
  })
  if (path !== null) await page.goto(origin + path)
  return page
}

/** Collects what a page must not do. */
function watch(page, origins, expected) {
  const seen = []
  const context = page.context()
  page.on('dialog', async (dialog) => {
    seen.push(`dialog: ${dialog.message()}`)
    await dialog.dismiss()
  })
  page.on('pageerror', (error) => seen.push(`exception: ${error.stack}`))
  // Chromium writes each violation of the policy as an error too.
  page.on('console', (message) => {
    const text = `${message.text()} ${message.location().url}`
    if (['error', 'warning'].includes(message.type()) && !expected?.test(text)) seen.push(`console: ${text}`)
  })
  context.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (!origins.includes(origin) && !['data:', 'blob:'].includes(protocol)) seen.push(`request: ${request.url()}`)
  })
  context.on('page', (other) => {
    if (other !== page) seen.push(`window: ${other.url()}`)
  })
  return seen
}

/** Waits until an assertion holds; after ten seconds its error is the test's. */
export async function eventually(check) {
  const until = performance.now() + 10_000
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > until) throw error
    }
    await pause(20)
  }
}

/** The titles of the cards that are shown, in their order. */
export const cards = (scope) => scope.getByRole('listitem').getByRole('heading', { level: 3 }).allInnerTexts()

/** Answers a request to `/mcp` by the server at `origin`, as if that had no live lists. */
export async function withoutLiveLists(route, origin) {
  const { method } = route.request().postDataJSON()
  const response = await route.fetch({ url: `${origin}/mcp` })
  if (method !== 'server/discover') return route.fulfill({ response })
  const answer = await response.json()
  for (const of of ['prompts', 'resources']) delete answer.result.capabilities[of]?.listChanged
  return route.fulfill({ response, json: answer })
}

/** Drops a file onto an element. */
export async function dropFile(page, element, content, name) {
  await element.waitFor()
  const dataTransfer = await page.evaluateHandle(
    ([content, name]) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([new Uint8Array(content)], name))
      return transfer
    },
    [[...content], name],
  )
  for (const type of ['dragenter', 'dragover', 'drop']) await element.dispatchEvent(type, { dataTransfer })
}

/** Has the page see a server that asks for sign-in. */
export async function signedOut(page) {
  await page.route('**/assets/settings.json', async (route) => {
    const response = await route.fetch()
    const signIn = { issuer: 'https://id.example.com', clientId: 'page', scopes: ['openid'] }
    await route.fulfill({ response, json: { ...(await response.json()), signIn } })
  })
  await page.route('**/mcp', (route) => route.fulfill({ status: 401, body: '' }))
}
