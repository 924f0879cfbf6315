import { expect, test } from 'vitest'

import { callError, faultsOf, rpcError } from './errors'

test('each argument that a message names has its own sentence', () => {
  const message =
    'missing required argument `code` (What to review; a diff, say); argument `n` must be a whole number such as 42, not "x"; ' +
    'unknown argument `languag`, did you mean `language`?'
  expect(faultsOf(message)).toEqual([
    { argument: 'code', message: 'missing required argument `code` (What to review; a diff, say)' },
    { argument: 'n', message: 'argument `n` must be a whole number such as 42, not "x"' },
    { argument: 'languag', message: 'unknown argument `languag`, did you mean `language`?' },
  ])
})

test('the server’s words are kept, and the kind tells what they are about', () => {
  const missing = rpcError(-32602, 'missing required argument `code`')
  expect([missing.message, missing.kind, missing.argument]).toEqual(['missing required argument `code`', 'argument', 'code'])
  expect(rpcError(-32602, 'unknown prompt `x`, did you mean `y`?').kind).toBe('unknownPrompt')
  expect(rpcError(-32603, 'prompt store unavailable').kind).toBe('server')
  expect(rpcError(-32603, 'prompt `x` cannot be rendered: x.prompt:3:1: expected {{/if}}, found {{/each}}').kind).toBe('prompt')
})

test('an internal error names no argument, also one that quotes a name', () => {
  expect(callError('missing required argument `x`', false).argument).toBeUndefined()
})
