import { expect, test } from 'vitest'

import { valuesAt } from './address'

const known = [{ name: 'a' }, { name: 'b' }, { name: 'token' }]

test('an address without values leads to what was typed last', () => {
  expect(valuesAt({}, { a: '1', token: 't' }, known)).toEqual({ a: '1', token: 't' })
})

test('the values of an address count more than typed ones, and what addresses lack is kept', () => {
  const long = 'x'.repeat(201)
  expect(valuesAt({ a: '2' }, { a: '1', b: long, token: 't', other: '3' }, known)).toEqual({ a: '2', b: long, token: 't' })
  expect(valuesAt({ token: 'of a link' }, { token: 't' }, known)).toEqual({ token: 'of a link' })
})
