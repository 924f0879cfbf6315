import { expect, test } from 'vitest'

import type { Argument, Prompt } from '../../gallery'
import { choicesOf, controlOf, faultOf, missingArguments, sentValues, unknownNames, valueOf, withValue } from './values'

const argument = (name: string, more: Partial<Argument> = {}): Argument => ({ name, required: false, type: 'string', ...more })
const prompt = (...list: Argument[]): Prompt => ({ name: 'p', tags: [], arguments: list })

test('names of properties of objects are names of arguments too', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    expect(valueOf({}, name)).toBe('')
    const values = withValue({ a: '1' }, name, 'x')
    expect(valueOf(values, name)).toBe('x')
    expect(valueOf(withValue(values, name, 'y'), name)).toBe('y')
    expect(Object.keys(withValue(values, name, ''))).toEqual(['a'])
    const sent = sentValues(prompt(argument(name)), values)
    expect(JSON.stringify(sent)).toBe(`{"${name}":"x"}`)
    expect(missingArguments(prompt(argument(name, { required: true })), {})).toHaveLength(1)
    expect(unknownNames(prompt(argument('a')), values)).toEqual([name])
  }
})

test('what is empty is not sent, and order is that of the arguments', () => {
  const two = prompt(argument('b'), argument('a'), argument('c'))
  expect(Object.entries(sentValues(two, { a: '1', b: ' ', c: '', other: 'x' }))).toEqual([
    ['b', ' '],
    ['a', '1'],
  ])
})

test('white space is no value of a required argument, unless it is a choice', () => {
  const required = (more: Partial<Argument> = {}) => prompt(argument('a', { required: true, ...more }))
  expect(missingArguments(required(), { a: ' \n' })).toHaveLength(1)
  expect(missingArguments(required(), { a: 'x' })).toHaveLength(0)
  expect(missingArguments(required({ enum: ['\n', ','] }), { a: '\n' })).toHaveLength(0)
  expect(missingArguments(prompt(argument('a')), {})).toHaveLength(0)
})

test('controls', () => {
  expect(controlOf(argument('a'))).toBe('text')
  expect(controlOf(argument('a', { enum: ['x', 'y'] }))).toBe('radios')
  expect(controlOf(argument('a', { enum: ['1', '2', '3', '4', '5'] }))).toBe('select')
  expect(controlOf(argument('a', { enum: ['x'.repeat(41)] }))).toBe('select')
  expect(controlOf(argument('a', { enum: [] }))).toBe('text')
  expect(controlOf(argument('a', { type: 'boolean' }))).toBe('switch')
  expect(controlOf(argument('a', { type: 'boolean', required: true }))).toBe('radios')
  expect(controlOf(argument('a', { type: 'integer' }))).toBe('number')
  expect(controlOf(argument('a', { type: 'array' }))).toBe('list')
  expect(controlOf(argument('a', { type: 'object' }))).toBe('json')
  expect(choicesOf(argument('a', { enum: ['', 'x'] }))).toEqual(['x'])
})

test('faults are those that the server would find too', () => {
  const fault = (more: Partial<Argument>, value: string) => faultOf(argument('a', more), value)?.kind
  expect(fault({ type: 'integer' }, '42.0')).toBeUndefined()
  expect(fault({ type: 'integer' }, '4.5')).toBe('notInteger')
  expect(fault({ type: 'integer' }, 'x')).toBe('notInteger')
  expect(fault({ type: 'number' }, '-2.5e3')).toBeUndefined()
  expect(fault({ type: 'number' }, '1e999')).toBe('notNumber')
  expect(fault({ type: 'boolean' }, 'TRUE')).toBeUndefined()
  expect(fault({ type: 'boolean' }, 'yes')).toBe('notChoice')
  expect(fault({ enum: ['a', 'b'] }, ' a ')).toBeUndefined()
  expect(fault({ enum: ['a', 'b'] }, 'A')).toBe('notChoice')
  expect(fault({ type: 'object' }, '{"a": 1}')).toBeUndefined()
  expect(fault({ type: 'object' }, '[1]')).toBe('notObject')
  expect(fault({ type: 'object' }, 'null')).toBe('notObject')
  expect(fault({ type: 'object' }, '{a}')).toBe('notJson')
  expect(fault({ type: 'array' }, 'a, b')).toBeUndefined()
  expect(fault({ type: 'array' }, '["a"]')).toBeUndefined()
  expect(fault({ type: 'array' }, '["a"')).toBe('notJson')
  expect(fault({ type: 'array' }, '{}')).toBe('notList')
  expect(fault({ type: 'integer' }, ' ')).toBeUndefined()
})
