// How the page is served.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hello } from './galleries.mjs'
import { eventually, open } from './page.mjs'
import { serve } from './server.mjs'

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src data: blob:; " +
  "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

test('each file has the policy, and only files with a hash in their name are kept by browsers', async (t) => {
  const server = await serve(t, hello)
  const answers = []
  const page = await open(t, server, null)
  page.on('response', (response) => answers.push(response))
  await page.goto(server.origin)
  await page.getByRole('heading', { name: 'Hello' }).waitFor()
  const files = answers.filter((answer) => !answer.url().endsWith('/mcp'))
  assert.ok(files.length >= 4, 'the page, its script, its styles and its settings')
  for (const file of files) {
    const { pathname } = new URL(file.url())
    const headers = file.headers()
    assert.equal(headers['content-security-policy'], policy, pathname)
    assert.equal(headers['x-content-type-options'], 'nosniff', pathname)
    const isHashed = /^\/assets\/.+-[\w-]{8}\.\w+$/.test(pathname)
    assert.equal(headers['cache-control'], isHashed ? 'public, max-age=31536000, immutable' : 'no-cache', pathname)
  }
})

test('the whole page weighs 120 KB at most', async (t) => {
  const server = await serve(t, hello)
  const page = await open(t, server)
  await page.getByRole('link', { name: /^Hello/ }).click()
  await page.getByRole('textbox', { name: 'name' }).fill('Ada')
  await page.getByText('Say hello to Ada.').waitFor()
  const sizes = await page.evaluate(() =>
    ['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type)).map(({ name, encodedBodySize }) => [name, encodedBodySize]),
  )
  const assets = sizes.filter(([name]) => !name.endsWith('/mcp'))
  for (const kind of [/\/$/, /\/index-.*\.js$/, /\/markdown-.*\.js$/, /\.css$/, /settings\.json$/]) {
    assert.ok(assets.some(([name, size]) => kind.test(name.split('#')[0]) && size > 0), `${kind} in ${JSON.stringify(assets)}`)
  }
  const total = assets.reduce((sum, [, size]) => sum + size, 0)
  assert.ok(total > 10_000 && total <= 120_000, `${total} bytes: ${JSON.stringify(assets)}`)
})

test('the page works below a path, as at the stage of an API', async (t) => {
  const server = await serve(t, hello)
  const page = await open(t, server, null, { permissions: ['clipboard-read', 'clipboard-write'] })
  const others = []
  await page.route('**', (route) => {
    const url = route.request().url()
    if (!url.startsWith(`${server.origin}/prod/`)) others.push(url)
    return route.continue({ url: url.replace('/prod/', '/') })
  })
  await page.goto(`${server.origin}/prod/`)
  await page.getByRole('link', { name: 'Hello' }).click()
  await page.getByRole('textbox', { name: 'name' }).fill('Ada')
  await page.getByText('Say hello to Ada.').waitFor()
  await page.getByRole('button', { name: 'Copy link with values' }).click()
  const link = `${server.origin}/prod/#/prompt/hello?name=Ada`
  await eventually(async () => assert.equal(await page.evaluate(() => navigator.clipboard.readText()), link))
  await page.getByRole('tab', { name: 'Template' }).click()
  await page.getByText('Say hello to {{name}}.').waitFor()
  await page.getByRole('link', { name: 'All prompts' }).click()
  await page.getByText('1 prompt', { exact: true }).waitFor()
  assert.deepEqual(others, [])
})

test('GALLERY_PAGE=off leaves the server without a page', async (t) => {
  const server = await serve(t, hello, { GALLERY_PAGE: 'off' })
  for (const path of ['/', '/assets/settings.json']) {
    assert.equal((await fetch(server.origin + path)).status, 404, path)
  }
  assert.equal((await server.call('prompts/list')).prompts.length, 1)
})

test('a page that the server has given no client says that it cannot sign in', async (t) => {
  const issuer = { OAUTH_ISSUER: 'https://id.example.com', OAUTH_AUDIENCE: 'prompts', PUBLIC_URL: 'https://prompts.example.com/mcp' }
  const server = await serve(t, hello, issuer)
  const page = await open(t, server, '/', { expected: /Failed to load resource: the server responded with a status of 401 .*\/mcp$/ })
  await page.getByText('This page cannot sign you in: its server names no client for that.').waitFor()
  assert.equal(await page.getByRole('button', { name: 'Sign in' }).count(), 0)
})
