import * as oauth from 'oauth4webapi'
import { expect, test } from 'vitest'

import { isAnswer, pageAddress, reasonOf } from './signIn'

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
  expect(reasonOf(new TypeError('Failed to fetch'))).toBe('the sign-in server does not answer')
  expect(reasonOf(new Error('it has no page'))).toBe('it has no page')
})
