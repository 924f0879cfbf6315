// Signing in at an issuer that the test plays. `tests/aws` signs in at another one, by sign-in.mjs.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually, open, withoutLiveLists } from './page.mjs'
import { serve } from './server.mjs'

const issuer = 'https://id.example.com'
const settings = {
  OAUTH_ISSUER: issuer,
  OAUTH_AUDIENCE: 'prompts',
  OAUTH_AUTHORIZE_URL: `${issuer}/authorize`,
  OAUTH_TOKEN_URL: `${issuer}/token`,
  OAUTH_JWKS_URL: `${issuer}/keys`,
  OAUTH_CLIENT_ID: 'the-page',
  OAUTH_REDIRECT_URIS: 'https://prompts.example.com/',
  PUBLIC_URL: 'https://prompts.example.com/mcp',
}
const prompts = {
  'hello.prompt': `---
title: Hello
arguments:
  - {name: name, title: Name}
  - {name: db, title: Password of the database}
---
Say hello to {{name}}.
`,
}
const signInPage = '<!doctype html><link rel="icon" href="data:,"><h1>The sign-in page</h1>'
const expected = /Failed to load resource: the server responded with a status of 401 .*\/mcp$/

/** A page of a server whose callers sign in. With a token, another server answers it: this one would ask the issuer for its keys. */
async function visit(t, path, metadata = {}) {
  const server = await serve(t, prompts, settings)
  const other = await serve(t, prompts)
  const page = await open(t, server, null, { expected, origins: [issuer] })
  const asked = []
  const headers = { 'Access-Control-Allow-Origin': '*' }
  const discovered = { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, ...metadata }
  await page.route(`${issuer}/**`, (route) => {
    const url = new URL(route.request().url())
    asked.push(url)
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return route.fulfill({ headers, json: discovered })
      case '/token':
        return route.fulfill({ headers, json: { access_token: 'a1', token_type: 'Bearer', expires_in: 3600 } })
      default:
        return route.fulfill({ contentType: 'text/html', body: signInPage })
    }
  })
  await page.route('**/mcp', (route) =>
    route.request().headers().authorization === 'Bearer a1' ? withoutLiveLists(route, other.origin) : route.continue(),
  )
  const kept = []
  await page.exposeFunction('isKept', (text) => kept.push(JSON.parse(text)))
  await page.addInitScript(() => {
    const { setItem } = Storage.prototype
    Storage.prototype.setItem = function (key, text) {
      setItem.call(this, key, text)
      window.isKept(text)
    }
  })
  await page.goto(server.origin + path)
  return { page, server, asked, kept }
}

async function leave(page) {
  await page.getByRole('button', { name: 'Sign in' }).last().click()
  await page.getByRole('heading', { name: 'The sign-in page' }).waitFor()
}

async function signIn({ page, server, asked }) {
  await leave(page)
  const state = asked.findLast(({ pathname }) => pathname === '/authorize').searchParams.get('state')
  await page.goto(`${server.origin}/?${new URLSearchParams({ code: 'c', state })}`)
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
}

test('the way through the sign-in keeps the prompt, its tab and its values, but for secret ones', async (t) => {
  const visited = await visit(t, '/#/prompt/hello/clients?name=Ada&api_key=hunter2')
  const { page, server, kept } = visited
  await signIn(visited)
  assert.deepEqual(kept.map(({ fragment, typed }) => ({ fragment, typed })), [{ fragment: '#/prompt/hello/clients?name=Ada', typed: { name: 'Ada' } }])
  assert.equal(page.url(), `${server.origin}/#/prompt/hello/clients?name=Ada`)
  await page.getByRole('tab', { name: 'Try' }).click()
  await page.getByText('Say hello to Ada.').waitFor()
  // Of a prompt that is shown, the titles of the arguments are known too.
  await page.getByRole('textbox', { name: 'Password of the database' }).fill('hunter3')
  await page.route('**/mcp', (route) => route.fulfill({ status: 401 }))
  await page.getByRole('textbox', { name: 'Name' }).fill('Grace')
  await page.getByText('Your sign-in has ended. Sign in again to go on.').waitFor()
  await leave(page)
  assert.deepEqual([kept[1].fragment, kept[1].typed], ['#/prompt/hello?name=Grace', { name: 'Grace' }])
})

test('a sign-in that was given up leaves nothing in the storage', async (t) => {
  const { page, server } = await visit(t, '/#/prompt/hello?name=Ada')
  await leave(page)
  await page.goto(`${server.origin}/#/prompt/hello`)
  await page.getByRole('heading', { name: 'Sign in to see the prompts' }).waitFor()
  assert.equal(await page.evaluate(() => sessionStorage.length), 0)
})

test('a sign-out that the issuer has no address for says what goes on, and leaves nothing of the prompts', async (t) => {
  const visited = await visit(t, '/#/prompt/hello?name=Ada')
  const { page, server } = visited
  await signIn(visited)
  await page.getByText('Say hello to Ada.').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
  await page.getByText('the next “Sign in” may ask for no password').waitFor()
  assert.equal(page.url(), `${server.origin}/`)
  assert.doesNotMatch(await page.locator('body').innerText(), /Ada|hello/)
  await signIn(visited)
  await page.getByText('1 prompt', { exact: true }).waitFor()
})

test('the frame is painted while the settings and the sign-in are still loading', async (t) => {
  const server = await serve(t, prompts, settings)
  for (const [path, held] of [
    ['/', '**/assets/settings.json'],
    ['/#/prompt/hello', '**/assets/signIn-*.js'],
  ]) {
    const page = await open(t, server, null, { expected })
    const requests = []
    page.on('request', (request) => requests.push(request.url()))
    const { promise, resolve: release } = Promise.withResolvers()
    await page.route(held, async (route) => {
      await promise
      await route.continue()
    })
    await page.goto(server.origin + path, { waitUntil: 'commit' })
    await page.locator('main[aria-busy="true"] .ghost').first().waitFor()
    await eventually(async () => {
      const painted = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint').length)
      assert.equal(painted, 1)
      // Neither waits for the other.
      for (const part of ['/assets/settings.json', '/assets/signIn-']) assert.ok(requests.some((url) => url.includes(part)), part)
    })
    release()
    await page.getByRole('heading', { name: 'Sign in to see the prompts' }).waitFor()
  }
})
