// @vitest-environment jsdom
import { afterEach, expect, test, vi } from 'vitest'

import { Connection } from './connection'
import type { McpClient } from './mcp'

afterEach(() => vi.useRealTimers())

/** A server with live lists; the test says what its stream tells. */
function server() {
  let tell: ((method: string) => void) | undefined
  const client = {
    request: async () => ({ capabilities: { prompts: { listChanged: true } } }),
    listen: (_: unknown, told: (method: string) => void, signal: AbortSignal) => {
      tell = told
      return new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
  }
  const stream = () => vi.waitUntil(() => tell)
  return { client: client as unknown as McpClient, stream }
}

test('a change between the first list and the stream is not missed', async () => {
  const { client, stream } = server()
  const changed = vi.fn()
  const stop = new Connection(client).onChange(changed)
  const tell = await stream()
  expect(changed).not.toHaveBeenCalled()
  tell('notifications/subscriptions/acknowledged')
  expect(changed).toHaveBeenCalledTimes(1)
  tell('notifications/prompts/list_changed')
  expect(changed).toHaveBeenCalledTimes(2)
  tell('notifications/progress')
  expect(changed).toHaveBeenCalledTimes(2)
  stop()
})

test('without live lists a window that gets the focus asks again, once in some seconds', async () => {
  vi.useFakeTimers()
  const client = { request: async () => ({ capabilities: { prompts: {} } }) } as unknown as McpClient
  const changed = vi.fn()
  const stop = new Connection(client).onChange(changed)
  const focus = async (milliseconds: number) => {
    await vi.advanceTimersByTimeAsync(milliseconds)
    window.dispatchEvent(new Event('focus'))
  }
  await focus(10)
  expect(changed).toHaveBeenCalledTimes(1)
  await focus(1_000)
  expect(changed).toHaveBeenCalledTimes(1)
  await focus(3_000)
  expect(changed).toHaveBeenCalledTimes(2)
  stop()
  await focus(10_000)
  expect(changed).toHaveBeenCalledTimes(2)
})

test('with live lists the focus asks for nothing', async () => {
  const { client, stream } = server()
  const changed = vi.fn()
  const stop = new Connection(client).onChange(changed)
  await stream()
  window.dispatchEvent(new Event('focus'))
  expect(changed).not.toHaveBeenCalled()
  stop()
})
