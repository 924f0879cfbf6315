// @vitest-environment jsdom
import * as oauth from 'oauth4webapi'
import { afterEach, expect, test, vi } from 'vitest'

import { isAnswer, pageAddress, reasonOf, SignIn } from './signIn'

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

afterEach(() => vi.unstubAllGlobals())

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
