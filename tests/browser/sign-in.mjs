// Signing in, in Chromium: sign-in.mjs PAGE MCP_URL SIGN_IN_ORIGIN ISSUER CLIENT_ID EMAIL PASSWORD EXPIRED_TOKEN, where EXPIRED_TOKEN
// is one of the issuer's. It needs a server whose callers sign in, so tests/aws/checks.py calls it, and `run` does not.
// CHROMIUM_ARGS lead the names of AWS to the emulator.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cards, eventually, open } from './page.mjs'

const [address, resource, signInOrigin, issuer, clientId, email, password, expiredToken] = process.argv.slice(2)
const { origin } = new URL(address)
const server = { origin }
const issuerOrigin = new URL(issuer).origin
const prompt = '/#/prompt/greeting-template?name=Ada'
const rendered = (name) => `Write a warm, one-sentence greeting for ${name}.`
// Chromium writes each refused request: calls without a token, and a refresh token that is revoked.
// The sign-in page of the emulator has no icon.
const expected = /Failed to load resource: the server responded with a status of (401 .*\/mcp|400 .*\/oauth2\/token|404 .*\/favicon\.ico)$/

/** A page that is signed out, with what it sends to the server and to the sign-in server. */
async function visit(t, path, clock = false) {
  const page = await open(t, server, null, { expected, origins: [signInOrigin, issuerOrigin] })
  const sent = { calls: [], grants: [], tokens: [], revoked: [], addresses: [] }
  page.context().on('request', (request) => {
    const url = new URL(request.url())
    const form = () => Object.fromEntries(new URLSearchParams(request.postData()))
    sent.addresses.push(request.url())
    if (url.origin === origin && url.pathname === '/mcp') sent.calls.push(request.headers().authorization ?? null)
    if (url.pathname === '/oauth2/token') sent.grants.push(form())
    if (url.pathname === '/oauth2/revoke') sent.revoked.push(form())
  })
  page.context().on('response', async (response) => {
    if (new URL(response.url()).pathname === '/oauth2/token' && response.ok()) sent.tokens.push(await response.json())
  })
  if (clock) await page.clock.install()
  await page.goto(origin + path)
  await signedOut(page)
  return { page, sent }
}

async function signedOut(page) {
  await page.getByRole('heading', { name: 'Sign in to see the prompts' }).waitFor()
  assert.deepEqual(await cards(page), [])
}

/** Leaves for the sign-in page, and answers what it was asked. */
async function leave(page) {
  await page.getByRole('button', { name: 'Sign in' }).last().click()
  await page.waitForURL((url) => url.origin === signInOrigin)
  return new URL(page.url()).searchParams
}

async function signIn(page) {
  const asked = await leave(page)
  await page.getByLabel('Username').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL((url) => url.origin === origin && url.search === '')
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
  return asked
}

/** No token is where it would outlive the page, or be seen. */
async function keepsNothing(page, sent) {
  const kept = await page.evaluate(async () => ({
    local: { ...localStorage },
    session: { ...sessionStorage },
    databases: await indexedDB.databases(),
    caches: await caches.keys(),
    history: history.state,
    window: window.name,
  }))
  assert.deepEqual(kept, { local: {}, session: {}, databases: [], caches: [], history: null, window: '' })
  assert.deepEqual(await page.context().cookies(origin), [])
  const secrets = sent.tokens.flatMap((answer) => [answer.access_token, answer.refresh_token, answer.id_token]).filter(Boolean)
  assert.ok(secrets.length > 0)
  for (const url of [page.url(), ...sent.addresses]) {
    assert.ok(!secrets.some((secret) => url.includes(secret)), `a token in ${url}`)
  }
}

test('signing in leads back to the same prompt with its arguments', async (t) => {
  const { page, sent } = await visit(t, prompt)
  assert.equal(await page.getByText('greeting').count(), 0)
  const asked = await signIn(page)
  const { state, code_challenge, ...others } = Object.fromEntries(asked)
  assert.match(state, /^[\w-]{43}$/)
  assert.match(code_challenge, /^[\w-]{43}$/)
  assert.deepEqual(others, {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: `${origin}/`,
    scope: others.scope,
    resource,
    code_challenge_method: 'S256',
  })
  assert.match(others.scope, /^openid \S+\/invoke$/)
  assert.equal(page.url(), origin + prompt)
  await page.getByText(rendered('Ada')).waitFor()
  assert.equal(await page.getByRole('textbox', { name: 'name' }).inputValue(), 'Ada')
  await page.getByRole('link', { name: 'All prompts' }).click()
  await eventually(async () => assert.ok((await cards(page)).includes('Greeting')))

  const [{ code_verifier, code, ...grant }] = sent.grants
  assert.match(code_verifier, /^[\w-]{43}$/)
  assert.ok(!('client_secret' in grant))
  assert.deepEqual(grant, {
    grant_type: 'authorization_code',
    client_id: clientId,
    redirect_uri: `${origin}/`,
    resource,
  })
  const [{ access_token }] = sent.tokens
  assert.deepEqual([...new Set(sent.calls)], [null, `Bearer ${access_token}`], 'without a token first, and then with this one')
  assert.equal(sent.grants.length, 1)
  await keepsNothing(page, sent)
})

test('a token that is about to expire is renewed unseen', async (t) => {
  const { page, sent } = await visit(t, prompt, true)
  await signIn(page)
  await page.getByText(rendered('Ada')).waitFor()
  await page.clock.fastForward('01:00:00')
  await page.getByRole('textbox', { name: 'name' }).fill('Grace')
  await page.getByText(rendered('Grace')).waitFor()
  const [first, second] = sent.tokens
  assert.deepEqual(
    sent.grants.slice(1).map(({ grant_type, refresh_token }) => [grant_type, refresh_token]),
    [['refresh_token', first.refresh_token]],
  )
  assert.notEqual(second.access_token, first.access_token)
  assert.equal(sent.calls.at(-1), `Bearer ${second.access_token}`)
  await keepsNothing(page, sent)
})

test('a token that the server refuses is renewed once, for all who need it', async (t) => {
  const { page, sent } = await visit(t, prompt)
  await signIn(page)
  await page.getByText(rendered('Ada')).waitFor()
  const before = `Bearer ${sent.tokens[0].access_token}`
  let refused = 0
  await page.route('**/mcp', async (route) => {
    const headers = route.request().headers()
    if (headers.authorization !== before) return route.continue()
    refused += 1
    // One of them is refused when there is another token already.
    if (refused === 2) await eventually(() => assert.equal(sent.tokens.length, 2))
    return route.continue({ headers: { ...headers, authorization: `Bearer ${expiredToken}` } })
  })
  // A look at the page asks for the list, and whether the server answers.
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  await eventually(() => assert.ok(refused >= 2, `${refused} calls with the first token`))
  await page.getByRole('textbox', { name: 'name' }).fill('Grace')
  await page.getByText(rendered('Grace')).waitFor()
  assert.deepEqual(sent.grants.map(({ grant_type }) => grant_type), ['authorization_code', 'refresh_token'])
  assert.equal(await page.getByRole('button', { name: 'Sign out' }).count(), 1)
  assert.equal(await page.getByRole('textbox', { name: 'name' }).inputValue(), 'Grace')
})

test('signing out revokes the tokens, and ends at the page, signed out', async (t) => {
  const { page, sent } = await visit(t, prompt)
  await signIn(page)
  await page.getByText(rendered('Ada')).waitFor()
  const logout = page.waitForRequest((request) => new URL(request.url()).pathname === '/logout')
  await page.getByRole('button', { name: 'Sign out' }).click()
  const { searchParams } = new URL((await logout).url())
  assert.deepEqual([searchParams.get('client_id'), searchParams.get('logout_uri')], [clientId, `${origin}/`])
  await page.waitForURL(`${origin}/`)
  await signedOut(page)
  await keepsNothing(page, sent)
  const { refresh_token } = sent.tokens[0]
  assert.deepEqual(sent.revoked, [{ token: refresh_token, token_type_hint: 'refresh_token', client_id: clientId }])
  assert.deepEqual(await page.evaluate(renew, { signInOrigin, clientId, refresh_token }), { error: 'invalid_grant' })
})

/** Within the page: what the token endpoint says of a refresh token. */
async function renew({ signInOrigin, clientId, refresh_token }) {
  const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: clientId, refresh_token })
  const { error } = await (await fetch(`${signInOrigin}/oauth2/token`, { method: 'POST', body })).json()
  return { error }
}

test('a sign-in that the sign-in server has ended is told, and can be had again', async (t) => {
  const { page, sent } = await visit(t, prompt)
  await signIn(page)
  await page.getByText(rendered('Ada')).waitFor()
  const { refresh_token } = sent.tokens[0]
  await page.evaluate(
    ([url, body]) => fetch(url, { method: 'POST', mode: 'no-cors', body: new URLSearchParams(body) }),
    [`${signInOrigin}/oauth2/revoke`, { token: refresh_token, client_id: clientId }],
  )
  await page.route('**/mcp', (route) => {
    const headers = { ...route.request().headers(), authorization: `Bearer ${expiredToken}` }
    return route.continue({ headers })
  })
  await page.getByRole('textbox', { name: 'name' }).fill('Grace')
  await page.getByText('Your sign-in has ended. Sign in again to go on.').waitFor()
  await page.unroute('**/mcp')
  await signIn(page)
  // What was typed counts, and not what the link had.
  await page.getByText(rendered('Grace')).waitFor()
  assert.equal(page.url(), `${origin}/#/prompt/greeting-template?name=Grace`)
  await keepsNothing(page, sent)
})

test('a refused sign-in says so, and the prompt is still asked for', async (t) => {
  const { page, sent } = await visit(t, prompt)
  const state = (await leave(page)).get('state')
  const refusal = new URLSearchParams({ error: 'access_denied', error_description: 'Ada may not', state })
  await page.goto(`${origin}/?${refusal}`)
  await page.getByText('Signing in failed: access was denied (Ada may not)').waitFor()
  await signedOut(page)
  assert.equal(page.url(), origin + prompt)
  assert.deepEqual(sent.grants, [])
})

test('an answer with another state is not taken', async (t) => {
  const { page, sent } = await visit(t, '/')
  const state = (await leave(page)).get('state')
  for (const query of ['code=stolen&state=another', `code=stolen&state=${state}`]) {
    await page.goto(`${origin}/?${query}`)
    await page.getByText('Signing in failed: the answer belongs to another sign-in than this page’s. Sign in again.').waitFor()
    await signedOut(page)
    assert.equal(page.url(), `${origin}/`)
  }
  // A state counts once, and no code was tried.
  assert.deepEqual(sent.grants, [])
})
