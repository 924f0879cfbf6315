// @vitest-environment jsdom
import * as oauth from 'oauth4webapi'
import { afterEach, expect, test, vi } from 'vitest'

// jsdom has a Uint8Array of its own, which the digest of Node does not return.
vi.mock('oauth4webapi', async original => ({ ...(await original<typeof oauth>()), calculatePKCECodeChallenge: async () => 'challenge' }))

import { isAnswer, keptOf, pageAddress, reasonOf, SignIn, takeStored } from './signIn'

test('the page is found again below a stage, without what its address asked', () => {
  for (const [address, page] of [
    ['https://p.example.com/?code=a&state=b#/prompt/x', 'https://p.example.com/'],
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080/'],
    ['https://p.example.com/prod/?code=a&state=b', 'https://p.example.com/prod/'],
    ['https://p.example.com/prod/index.html', 'https://p.example.com/prod/'],
  ] as const) {
    expect(pageAddress(new URL(address))).toBe(page)
  }
})

test('an answer of the sign-in page has a state, and a code or an error', () => {
  for (const search of ['?code=a&state=b', '?state=b&error=access_denied']) expect(isAnswer(search), search).toBe(true)
  for (const search of ['', '?code=a', '?state=b', '?error=x']) expect(isAnswer(search), search).toBe(false)
})

/** What the library throws of an answer of the sign-in page. */
function refused(query: string): unknown {
  try {
    oauth.validateAuthResponse({ issuer: 'https://id.example.com' }, { client_id: 'c' }, new URLSearchParams(`state=s&${query}`), 's')
  } catch (e) {
    return e
  }
  throw new Error('the answer was taken')
}

test('a refused sign-in is told in words', () => {
  expect(reasonOf(refused('error=access_denied'))).toBe('access was denied')
  expect(reasonOf(refused('error=access_denied&error_description=Ada+said+no'))).toBe('access was denied (Ada said no)')
  expect(reasonOf(refused('error=invalid_request&error_description=invalid_scope'))).toBe('invalid_scope')
  expect(reasonOf(refused('error=server_error'))).toBe('server_error')
  expect(reasonOf(refused('iss=https://evil.example.com'))).toMatch(/^the answer of the sign-in server is not as expected: /)
  expect(reasonOf(new TypeError('Failed to fetch'))).toBe('the sign-in server does not answer')
  expect(reasonOf(new Error('it has no page'))).toBe('it has no page')
})

/** Signs in by an answer that is in the address, against these answers of the token endpoint. */
async function signedIn(...answers: (object | null)[]) {
  const issuer = 'https://id.example.com'
  const grants: Record<string, string>[] = []
  vi.stubGlobal('fetch', async (address: string, init: RequestInit) => {
    if (address.endsWith('/.well-known/openid-configuration')) return Response.json({ issuer, token_endpoint: `${issuer}/token` })
    grants.push(Object.fromEntries(new URLSearchParams(String(init.body))))
    const answer = answers.shift()
    if (!answer) throw new TypeError('Failed to fetch')
    return Response.json({ token_type: 'Bearer', ...answer }, { status: 'error' in answer ? 400 : 200 })
  })
  sessionStorage.setItem('prompt-gallery/sign-in', JSON.stringify({ state: 's', verifier: 'v', fragment: '#/prompt/x', typed: { a: '1' } }))
  history.replaceState(null, '', '/?code=c&state=s')
  const changed = vi.fn()
  const signIn = new SignIn({ issuer, clientId: 'c', scopes: ['openid'] }, 'c', 'https://p.example.com/mcp', changed)
  await signIn.finish()
  return { signIn, grants, changed }
}

test('an issuer may have the metadata of OAuth alone', async () => {
  for (const refuse of [() => new Response('', { status: 404 }), () => Promise.reject(new TypeError('Failed to fetch'))]) {
    vi.stubGlobal('fetch', async (address: string) => {
      if (address.endsWith('/.well-known/openid-configuration')) return refuse()
      const issuer = 'https://id.example.com'
      if (address === `${issuer}/.well-known/oauth-authorization-server`)
        return Response.json({ issuer, token_endpoint: `${issuer}/token` })
      return Response.json({ token_type: 'Bearer', access_token: 'a1' })
    })
    sessionStorage.setItem('prompt-gallery/sign-in', JSON.stringify({ state: 's', verifier: 'v', fragment: '', typed: null }))
    history.replaceState(null, '', '/?code=c&state=s')
    const settings = { issuer: 'https://id.example.com', clientId: 'c', scopes: ['openid'] }
    const signIn = new SignIn(settings, 'c', 'https://p.example.com/mcp', () => {})
    await signIn.finish()
    expect(await signIn.current()).toBe('a1')
  }
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  sessionStorage.clear()
})

test('a sign-in ends where it began, and nothing of it is left', async () => {
  const { signIn, grants, changed } = await signedIn({ access_token: 'a1' })
  expect([await signIn.current(), signIn.typed, changed.mock.calls.length]).toEqual(['a1', { a: '1' }, 1])
  expect(grants).toEqual([
    {
      grant_type: 'authorization_code',
      client_id: 'c',
      code: 'c',
      code_verifier: 'v',
      redirect_uri: `${location.origin}/`,
      resource: 'https://p.example.com/mcp',
    },
  ])
  expect([location.search, location.hash, sessionStorage.length]).toEqual(['', '#/prompt/x', 0])
})

test('the refresh token of the last answer counts, and each token is renewed once', async () => {
  const { signIn, grants } = await signedIn(
    { access_token: 'a1', refresh_token: 'r1' },
    { access_token: 'a2', refresh_token: 'r2' },
    { access_token: 'a3' },
    { access_token: 'a4' },
  )
  expect(await Promise.all([signIn.renew('a1'), signIn.renew('a1')])).toEqual([true, true])
  expect(await signIn.renew('a1')).toBe(true)
  expect(await signIn.current()).toBe('a2')
  await signIn.renew('a2')
  await signIn.renew('a3')
  expect(await signIn.current()).toBe('a4')
  expect(grants.slice(1).map(grant => grant['refresh_token'])).toEqual(['r1', 'r2', 'r2'])
})

test('a sign-in server that is away ends nothing; its word does', async () => {
  const { signIn, changed } = await signedIn({ access_token: 'a1', refresh_token: 'r1' }, null, { error: 'invalid_grant' })
  expect([await signIn.renew('a1'), signIn.isSignedIn]).toEqual([false, true])
  expect([await signIn.renew('a1'), signIn.isSignedIn, changed.mock.calls.length]).toEqual([false, false, 2])
})

test('what is kept while somebody signs in has no secret, also none of a link, and has its bounds', () => {
  const known = [{ name: 'a' }, { name: 'db', title: 'Password of the database' }]
  const fragment = '#/prompt/x/template?a=1&db=hunter2&apiToken=t'
  expect(keptOf({ fragment, values: null, arguments: known })).toEqual({ fragment: '#/prompt/x/template?a=1', typed: { a: '1' } })
  // What was typed counts more than the link.
  const long = 'x'.repeat(201)
  expect(keptOf({ fragment, values: { a: long, db: 'typed' }, arguments: known })).toEqual({
    fragment: '#/prompt/x/template',
    typed: { a: long },
  })
  expect(keptOf({ fragment: '#/prompt/x', values: { a: 'x'.repeat(100_000), b: '2' }, arguments: known })).toEqual({
    fragment: '#/prompt/x?b=2',
    typed: null,
  })
  expect(keptOf({ fragment: '#/?q=token', values: null, arguments: [] })).toEqual({ fragment: '#/?q=token', typed: null })
})

/** Begins a sign-in at an issuer with this metadata. jsdom leaves for no other page: it says so, and nothing else is written. */
async function begun(metadata: object, typed: Record<string, string> = {}) {
  const issuer = 'https://id.example.com'
  vi.stubGlobal('fetch', async () => Response.json({ issuer, authorization_endpoint: `${issuer}/authorize`, ...metadata }))
  const assign = vi.fn<(address: URL) => void>()
  vi.stubGlobal('location', { ...location, origin: location.origin, pathname: '/', assign })
  const signIn = new SignIn({ issuer, clientId: 'c', scopes: ['openid', 'p/invoke'] }, 'c', 'https://p.example.com/mcp', () => {})
  await signIn.begin({ fragment: '#/prompt/x', values: typed, arguments: [] })
  return Object.fromEntries(assign.mock.calls[0]?.[0].searchParams ?? [])
}

test('a refresh token is asked for by its scope, where the issuer has that scope', async () => {
  expect((await begun({ scopes_supported: ['openid', 'offline_access'] }))['scope']).toBe('openid p/invoke offline_access')
  expect((await begun({ scopes_supported: ['openid'] }))['scope']).toBe('openid p/invoke')
  expect((await begun({}))['scope']).toBe('openid p/invoke')
})

test('a storage that is full keeps what a sign-in needs, and one that is closed is told', async () => {
  const setItem = Storage.prototype.setItem
  const full = vi.spyOn(Storage.prototype, 'setItem').mockImplementation(function (this: Storage, key, text) {
    if (text.includes('typed text')) throw new DOMException('full', 'QuotaExceededError')
    setItem.call(this, key, text)
  })
  const asked = await begun({}, { a: `typed text${'x'.repeat(300)}` })
  expect(full).toHaveBeenCalledTimes(2)
  expect(takeStored()).toMatchObject({ state: asked['state'], fragment: '#/prompt/x', typed: null })
  expect(takeStored()).toBeNull()
  full.mockImplementation(() => {
    throw new DOMException('closed', 'SecurityError')
  })
  await expect(begun({})).rejects.toThrow('this browser keeps nothing for the page')
})

test('signing out leaves for the issuer only where it has an address for that', async () => {
  const { signIn } = await signedIn({ access_token: 'a1', refresh_token: 'r1' })
  expect([await signIn.end(), signIn.isSignedIn, signIn.typed, location.hash]).toEqual([false, false, null, ''])
})
