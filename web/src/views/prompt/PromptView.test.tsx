// @vitest-environment jsdom
import { render } from 'preact'
import { useState } from 'preact/hooks'
import { act } from 'preact/test-utils'
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'

import type { Argument, Gallery, Message, Prompt, Values } from '../../gallery'
import { GalleryError } from '../../gallery'
import type { Tab } from '../../router'
import { argumentsOf } from '../../sources/rows'
import type { Clients } from '../../take/clients'
import { promptWords, takeWords } from '../../words'
import { PromptView } from './PromptView'

interface Call {
  values: Values
  signal: AbortSignal | undefined
  answer(text: string): Promise<void>
  fail(error: GalleryError): Promise<void>
}

let calls: Call[]
let sent: Message[][]
let changed: () => void
let reachable: (isReachable: boolean) => void

function fake(abilities: Partial<Gallery['abilities']> = {}): Gallery {
  return {
    abilities: { source: false, completion: true, find: false, send: false, signIn: false, address: null, ...abilities },
    prompts: () => Promise.reject(new Error('not asked')),
    find: () => Promise.reject(new Error('not asked')),
    details: prompt => Promise.resolve(prompt),
    render: (_, values, signal) =>
      new Promise((resolve, reject) => {
        const answer = (text: string) => settled(() => resolve([{ role: 'user', content: [{ type: 'text', text }] }]))
        calls.push({ values, signal, answer, fail: error => settled(() => reject(error)) })
      }),
    suggest: (_, argument, text) =>
      Promise.resolve(argument === 'city' ? ['Berlin', 'Bern', 'Rome'].filter(city => city.startsWith(text)) : []),
    source: () => Promise.resolve('Hi {{name}}\n'),
    files: () =>
      Promise.resolve([
        {
          uri: 'gallery:///p.prompt',
          path: 'p.prompt',
          prompt: 'p',
          version: '0f3a',
          lastModified: '2026-11-30T08:00:00Z',
          size: 12,
          problems: [{ level: 'warning', message: 'odd `x`', line: 1 }],
        },
      ]),
    onChange: callback => {
      changed = callback
      return () => {}
    },
    onReachable: callback => {
      reachable = callback
      return () => {}
    },
    send: messages => {
      sent.push(messages)
      return Promise.resolve()
    },
  }
}

const argument = (name: string, more: Partial<Argument> = {}): Argument => ({ name, required: false, type: 'string', ...more })

let page: HTMLElement
let values: Values

async function show(gallery: Gallery, list: Argument[], given: Values = {}, clients: Clients = []): Promise<void> {
  const prompt: Prompt = { name: 'p', tags: [], arguments: list }
  function Page() {
    const [current, setCurrent] = useState(given)
    const [tab, setTab] = useState<Tab>('try')
    values = current
    return (
      <PromptView gallery={gallery} prompt={prompt} tab={tab} onTab={setTab} values={current} onValues={setCurrent} clients={clients} />
    )
  }
  await act(() => render(<Page />, page))
}

const field = (at: number) => page.querySelector<HTMLInputElement>(`#argument-${at}`) ?? expect.fail(`no field ${at}`)
const button = (name: string) =>
  [...page.querySelectorAll('button')].find(other => other.textContent === name || other.ariaLabel === name) ?? expect.fail(`no ${name}`)
const type = (at: number, text: string) =>
  act(() => {
    field(at).value = text
    field(at).dispatchEvent(new Event('input', { bubbles: true }))
  })
const settled = (settle: () => void) =>
  act(async () => {
    settle()
    await vi.advanceTimersByTimeAsync(0)
  })
const later = (milliseconds = 1000) =>
  act(async () => {
    await vi.advanceTimersByTimeAsync(milliseconds)
  })
const shown = () => page.querySelector('.conversation')?.textContent ?? ''
const describedBy = (at: number) =>
  (field(at).getAttribute('aria-describedby') ?? '').split(' ').map(id => document.getElementById(id)?.textContent)

beforeAll(() => {
  // Of the browser, jsdom lacks these.
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe() {}
      disconnect() {}
    },
  )
  vi.stubGlobal('CSS', { supports: () => true })
  Element.prototype.scrollIntoView = () => {}
})

beforeEach(() => {
  vi.useFakeTimers()
  calls = []
  sent = []
  page = document.createElement('div')
  document.body.replaceChildren(page)
})

afterEach(() => {
  render(null, page)
  vi.useRealTimers()
})

test('nothing is rendered while a required argument is missing, also one named constructor', async () => {
  await show(fake(), [argument('constructor', { required: true }), argument('b')])
  await later()
  expect(calls).toEqual([])
  expect(page.textContent).toContain(promptWords.missing(1))
  await act(() => button(promptWords.goTo('constructor')).click())
  expect(document.activeElement).toBe(field(0))
  await type(0, 'x')
  await later()
  expect(calls.map(call => call.values)).toEqual([{ constructor: 'x' }])
})

test('a missing argument is marked once its field was left', async () => {
  await show(fake(), [argument('a', { required: true })])
  expect(field(0).getAttribute('aria-invalid')).toBeNull()
  await act(() => field(0).focus())
  await act(() => field(0).blur())
  expect(field(0).getAttribute('aria-invalid')).toBe('true')
  expect(describedBy(0)).toContain(promptWords.isMissing)
})

test('typing asks once, cancels what is stale and keeps the last rendering', async () => {
  await show(fake(), [argument('a')], { a: '1' })
  await later(0)
  await calls[0]?.answer('first')
  expect(page.querySelector('.conversation-stale')).toBeNull()
  for (const text of ['12', '123', '1234']) {
    await type(0, text)
    await later(100)
  }
  await later()
  expect(calls.map(call => call.values)).toEqual([{ a: '1' }, { a: '1234' }])
  expect(page.querySelector('.conversation-stale')).not.toBeNull()
  await type(0, '12345')
  expect(calls[1]?.signal?.aborted).toBe(true)
  await later()
  await calls[1]?.answer('stale')
  await calls[2]?.answer('last')
  await act(() => page.querySelectorAll<HTMLInputElement>('[name=rendered-view]')[1]?.click())
  expect(page.querySelector('.conversation-stale')).toBeNull()
  expect(shown()).toBe(`${promptWords.roles.user}last`)
})

test('what is cleared is not sent, so that the default holds', async () => {
  await show(fake(), [argument('a', { default: 'x' }), argument('b')], { a: '1', b: '2' })
  await type(0, '')
  await later()
  expect(values).toEqual({ b: '2' })
  expect(calls.at(-1)?.values).toEqual({ b: '2' })
  expect(field(0).placeholder).toBe(promptWords.defaultIs('x'))
})

test('errors are told at their arguments, and others above the rendering', async () => {
  await show(fake(), [argument('a'), argument('b')], { a: '1' })
  await later(0)
  const faults = [
    { argument: 'a', message: 'too short' },
    { argument: 'b', message: 'too long' },
  ]
  await calls[0]?.fail(new GalleryError('both', 'argument', 'a', faults))
  expect(describedBy(0)).toContain('too short')
  expect(describedBy(1)).toContain('too long')
  expect(page.querySelector('[role=alert]')).toBeNull()
  await type(0, '12')
  expect(field(0).getAttribute('aria-invalid')).toBeNull()
  await later()
  await calls[1]?.fail(new GalleryError('the template is broken', 'prompt'))
  expect(page.querySelector('[role=alert]')?.textContent).toContain('the template is broken')
  await act(() => button(promptWords.again).click())
  await later()
  expect(calls).toHaveLength(3)
})

test('an argument that the form lacks is told above', async () => {
  await show(fake(), [argument('a')])
  await later(0)
  await calls[0]?.fail(new GalleryError('missing `other`', 'argument', 'other'))
  expect(page.querySelector('[role=alert]')?.textContent).toContain('missing `other`')
})

test('it renders again after a change, and when the server is back', async () => {
  await show(fake(), [])
  await later(0)
  await calls[0]?.answer('one')
  const isDisabled = () => button(takeWords.copyText).getAttribute('aria-disabled')
  await act(() => changed())
  // What is shown is of the same values, so that it can be copied meanwhile.
  expect(isDisabled()).toBe('false')
  await later()
  expect(calls).toHaveLength(2)
  await calls[1]?.fail(new GalleryError('gone', 'unreachable'))
  expect(isDisabled()).toBe('true')
  await act(() => reachable(true))
  await later()
  expect(calls).toHaveLength(3)
  await calls[2]?.answer('two')
  await act(() => reachable(true))
  await later()
  expect(calls).toHaveLength(3)
})

test('choices: the default is sent as nothing, and what is not allowed is said', async () => {
  const list = [
    argument('a', { enum: ['x', 'y'], default: 'x' }),
    argument('b', { type: 'boolean', default: 'true' }),
    argument('c', { type: 'boolean', required: true }),
    argument('d', { enum: ['1', '2', '3', '4', '5'] }),
  ]
  await show(fake(), list, { d: '6' })
  expect(describedBy(3)).toContain(promptWords.notChoice('6', '1, 2, 3, 4, 5'))
  const radio = (at: number, value: string) => field(at).querySelector<HTMLInputElement>(`[value="${value}"]`) ?? expect.fail(value)
  expect(radio(0, 'x').checked).toBe(true)
  await act(() => radio(0, 'y').click())
  await act(() => field(1).click())
  await act(() => radio(2, 'false').click())
  expect(values).toEqual({ a: 'y', b: 'false', c: 'false', d: '6' })
  await act(() => radio(0, 'x').click())
  await act(() => field(1).click())
  expect(values).toEqual({ c: 'false', d: '6' })
})

test('a field with known values becomes a combobox that arrows and Enter work', async () => {
  await show(fake(), [argument('city'), argument('other')])
  await act(() => field(0).focus())
  await later()
  expect(field(0).getAttribute('role')).toBe('combobox')
  expect(document.activeElement).toBe(field(0))
  await type(0, 'Ber')
  await later()
  const options = () => [...page.querySelectorAll('[role=option]')].map(option => option.textContent)
  expect(options()).toEqual(['Berlin', 'Bern'])
  const press = (key: string) =>
    act(() => {
      field(0).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
    })
  await press('ArrowDown')
  await press('ArrowDown')
  expect(document.getElementById(field(0).getAttribute('aria-activedescendant') ?? '')?.textContent).toBe('Bern')
  await press('Enter')
  expect(values).toEqual({ city: 'Bern' })
  expect(field(0).getAttribute('aria-expanded')).toBe('false')
  await act(() => field(1).focus())
  await later()
  expect(field(1).localName).toBe('textarea')
})

test('“Use” sends the rendering of what is in the form', async () => {
  await show(fake({ send: true }), [argument('a')])
  await later(0)
  expect(button(takeWords.use).getAttribute('aria-disabled')).toBe('true')
  await act(() => button(takeWords.use).click())
  expect(sent).toEqual([])
  await calls[0]?.answer('hello')
  await settled(() => button(takeWords.use).click())
  expect(sent).toEqual([[{ role: 'user', content: [{ type: 'text', text: 'hello' }] }]])
  expect(page.textContent).toContain(takeWords.used)
})

test('values that are larger than a request are told, and not sent', async () => {
  await show(fake(), [argument('a')], { a: 'x'.repeat(1024 * 1024) })
  await later()
  expect(calls).toEqual([])
  expect(page.textContent).toContain(promptWords.tooLong)
})

test('the template has its problems at their lines', async () => {
  await show(fake({ source: true }), [])
  await act(() => button(promptWords.tabs.template).click())
  await later()
  expect(page.querySelector('.line-warning')?.textContent).toBe('Hi {{name}}\nWarning, line 1: odd x')
  const facts = [...page.querySelectorAll('.template-head dt')].map(fact => fact.textContent)
  expect(facts).toEqual([promptWords.changed, promptWords.size, promptWords.version])
})

test('a client without a command of its own is told how to add the server by its name', async () => {
  const other = { name: 'Kilo', version: '', seen: '2026-11-29', builtIn: [], arguments: '', messages: '', media: '' }
  await show(fake({ address: 'https://a.example/mcp' }), [], {}, [other])
  await act(() => button(promptWords.tabs.clients).click())
  const last = [...page.querySelectorAll('.client')].at(-1)
  expect(last?.textContent).toContain(`Kilo${takeWords.addTitle}In Kilo, add a server`)
})

test('a list says what its items can be', async () => {
  const schema = {
    properties: { colors: { type: 'array', items: { type: 'string', enum: ['red', 'green', 'blue'] } }, tags: { type: 'array' } },
  }
  await show(fake(), argumentsOf(schema))
  expect(describedBy(0)).toContain(`One of red, green, blue. ${promptWords.listHint}`)
  expect(describedBy(1)).toContain(promptWords.listHint)
})

test('texts of authors and readers have the direction of their own words', async () => {
  await show(fake(), [
    argument('a', { description: 'about', required: true }),
    argument('b', { type: 'object' }),
    argument('city'),
    argument('d', { enum: ['x', 'y'] }),
  ])
  await act(() => field(2).focus())
  await later()
  expect(field(2).getAttribute('role')).toBe('combobox')
  for (const selector of ['h1', '.about', 'label[for]', 'legend', '.radio span', '[role=option]', '#argument-0', '#argument-2']) {
    expect(page.querySelector(selector)?.getAttribute('dir'), selector).toBe('auto')
  }
  expect(field(1).dir).toBe('ltr')
})
