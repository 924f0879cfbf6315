import { expect, test } from 'vitest'

import { highlight } from './highlight'

/** `type(text)` of what is not text. */
function marked(source: string): string[] {
  const line = (tokens: ReturnType<typeof highlight>[number]) =>
    tokens.map(({ type, text }) => (type === 'text' ? text : `${type}(${text})`)).join('')
  return highlight(source).map(line)
}

test('front matter', () => {
  expect(marked('---\ntitle: "A: b"\nn: 1 # note\nlist: [a, true]\nitems:\n  - name: x-y\n---\ntext')).toEqual([
    'mark(---)',
    'key(title)mark(:) string("A: b")',
    'key(n)mark(:) literal(1) comment(# note)',
    'key(list)mark(:) mark([)amark(,) literal(true)mark(])',
    'key(items)mark(:)',
    '  mark(-) key(name)mark(:) x-y',
    'mark(---)',
    'text',
  ])
})

test('a block of text in front matter is text up to its end', () => {
  expect(marked('---\ndescription: |\n  key: no\n\n  more\ntags: [a]\n---\n')).toEqual([
    'mark(---)',
    'key(description)mark(:) mark(|)',
    'string(  key: no)',
    'string()',
    'string(  more)',
    'key(tags)mark(:) mark([)amark(])',
    'mark(---)',
    '',
  ])
})

test('a line of dashes later is text, and a file without front matter too', () => {
  expect(marked('a: 1\n---\nb')).toEqual(['a: 1', '---', 'b'])
  expect(marked('---\na: 1\nnever closed {{x}}')).toEqual(['---', 'a: 1', 'never closed mark({{)name(x)mark(}})'])
})

test('Handlebars', () => {
  expect(marked('Hi {{name}}, {{#if (eq a "b")}}x{{else}}y{{/if}} {{{raw}}} {{~x~}}')).toEqual([
    'Hi mark({{)name(name)mark(}}), mark({{)keyword(#if) (name(eq) name(a) string("b"))mark(}})xmark({{)keyword(else)mark(}})' +
      'ymark({{)keyword(/if)mark(}}) mark({{{)name(raw)mark(}}}) mark({{~)name(x)~mark(}})',
  ])
  expect(marked('{{> only-data as="x" n=3}} {{@index}} {{../a}}')).toEqual([
    'mark({{)keyword(> only-data) key(as)=string("x") key(n)=literal(3)mark(}}) mark({{)name(@index)mark(}}) mark({{)name(../a)mark(}})',
  ])
})

test('comments go over lines', () => {
  expect(marked('{{!-- a }} \nb --}}c{{! d }}')).toEqual(['comment({{!-- a }} )', 'comment(b --}})ccomment({{! d }})'])
})

test('what is not closed is text, and stays fast', () => {
  expect(marked('{{#if x}}a {{b')).toEqual(['mark({{)keyword(#if) name(x)mark(}})a {{b'])
  const many = '{{'.repeat(100_000)
  const start = performance.now()
  highlight(`---\n${' '.repeat(200_000)}a\n---\n{{${' '.repeat(200_000)}}}`)
  expect(highlight(many)).toEqual([[{ type: 'text', text: many }]])
  expect(performance.now() - start).toBeLessThan(2000)
})

test('nothing is lost', () => {
  for (const source of ['', '\n', '---\n---', '---\na: "b\n---\n{{x}}\n', '{{!--', '---\n- {a: b, "c": d}\n---\n{{"}}"}}']) {
    const joined = highlight(source)
      .map(line => line.map(({ text }) => text).join(''))
      .join('\n')
    expect(joined).toBe(source)
  }
})
