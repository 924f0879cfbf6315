// @vitest-environment jsdom
import { readdirSync, readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { Budget, markdownToHtml, renderMarkdown, TooMuchWork } from './markdown'

function html(text: string): string {
  const holder = document.createElement('div')
  holder.append(renderMarkdown(text))
  return holder.innerHTML.trim()
}

const ELEMENTS = new Set([
  ...['p', 'br', 'hr', 'h4', 'h5', 'h6', 'blockquote', 'pre', 'code', 'ul', 'ol', 'li', 'em', 'strong', 'del', 'a'],
  ...['table', 'thead', 'tbody', 'tr', 'th', 'td'],
])
const ATTRIBUTES = new Set(['href', 'rel', 'target', 'start', 'align'])

/** What a hostile prompt, argument or description may try. */
const HOSTILE = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg onload=alert(1)>',
  '<svg><animate onbegin=alert(1) attributeName=x dur=1s>',
  '<iframe src="https://evil.example"></iframe>',
  '<object data="https://evil.example"></object><embed src="https://evil.example">',
  '<link rel=stylesheet href="https://evil.example/x.css">',
  '<style>@import "https://evil.example/x.css"</style>',
  '<base href="https://evil.example/">',
  '<meta http-equiv=refresh content="0;url=https://evil.example">',
  '<form action="https://evil.example"><input name=password autofocus onfocus=alert(1)></form>',
  '<a href="javascript:alert(1)">x</a>',
  '<div style="background:url(https://evil.example/x.png)">x</div>',
  '<p id=root name=root class=root>x</p>',
  '<form id=getElementById><input name=children><input name=attributes></form>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<template><script>alert(1)</script></template>',
  '<video src="https://evil.example/x.mp4" autoplay></video><audio src="https://evil.example/x.mp3" autoplay></audio>',
  '<a href="https://evil.example" ping="https://evil.example/ping">x</a>',
  '<!--><script>alert(1)</script>-->',
  '<x onclick=alert(1)>click</x>',
  '![x](https://evil.example/x.png)',
  '![x](https://evil.example/x.png "title")',
  '![x][r]\n\n[r]: https://evil.example/x.png',
  '[![x](https://evil.example/x.png)](https://evil.example)',
  '![x](javascript:alert(1))',
  '![x](data:image/svg+xml;base64,PHN2Zz4=)',
  '![" onerror="alert(1)](x)',
  '![x](x" onerror="alert(1))',
  '[x](javascript:alert(1))',
  '[x](JaVaScRiPt:alert(1))',
  '[x](java\tscript:alert(1))',
  '[x](&#106;avascript:alert(1))',
  '[x](&#x6A;avascript&colon;alert(1))',
  '[x](\u0001javascript:alert(1))',
  '[x](vbscript:msgbox(1))',
  '[x](data:text/html,<script>alert(1)</script>)',
  '[x](file:///etc/passwd)',
  '[x](blob:https://evil.example/1)',
  '[x](//evil.example)',
  '[x](/mcp)',
  '[x](#/prompt/other)',
  '[x](?q)',
  '[x](<javascript:alert(1)>)',
  '<javascript:alert(1)>',
  '[x](https://evil.example "t\\" onmouseover=\\"alert(1)")',
  "[x](https://evil.example 'onmouseover=alert(1)')",
  '[a](https://a.example/"onmouseover="alert(1))',
  '```"><script>alert(1)</script>\n</code></pre><script>alert(1)</script>\n```',
  '``` onmouseover=alert(1)\nx\n```',
  '`<img src=x onerror=alert(1)>`',
  '|<img src=x onerror=alert(1)>|b|\n|-|-|\n|<script>alert(1)</script>|[x](javascript:alert(1))|',
  '1. <img src=x onerror=alert(1)>',
  '9999999999. x',
  '# <script>alert(1)</script>',
  '# x {#root onclick=alert(1)}',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  '[^1]\n\n[^1]: <script>alert(1)</script>',
  '[__proto__]: https://evil.example\n[x][__proto__] [x][constructor]',
  '<a\nhref="javascript:alert(1)"\n>x</a>',
  '- [ ] <input onfocus=alert(1) autofocus>',
  '<notes>\n<script>\nalert(1)\n</script>\n</notes>',
]

describe('hostile Markdown', () => {
  test.each(HOSTILE)('%s', text => {
    const holder = document.createElement('div')
    holder.append(renderMarkdown(text))
    for (const element of holder.querySelectorAll('*')) {
      expect(ELEMENTS).toContain(element.localName)
      for (const { name } of element.attributes) {
        expect(ATTRIBUTES).toContain(name)
      }
      if (element.localName === 'a') {
        expect(element.getAttribute('href')).toMatch(/^(https?:\/\/|mailto:)/i)
        expect(element.getAttribute('rel')).toBe('noopener noreferrer')
        expect(element.getAttribute('target')).toBe('_blank')
      }
    }
  })
})

test('HTML is shown as the text that it is', () => {
  expect(html('a <b>bold</b> & <script>alert(1)</script>')).toBe(
    '<p>a &lt;b&gt;bold&lt;/b&gt; &amp; &lt;script&gt;alert(1)&lt;/script&gt;</p>',
  )
})

test('a line that is a tag stays one, and does not end Markdown', () => {
  expect(html('a\nb\n<x>\n- e\n- **f**').replaceAll('\n', '')).toBe(
    '<p>ab</p><p>&lt;x&gt;</p><ul><li>e</li><li><strong>f</strong></li></ul>',
  )
})

test('text between a tag and its end is shown as it is written', () => {
  const diff = '--- a/cart.ts\n-  return *a*\n+    return _b_\n\n# c\n    d\n|e|\n|-|\n- f\n'
  expect(html(`**a**\n<code_to_review language="ts">\n${diff}\n</code_to_review>\n**b**`)).toBe(
    `<p><strong>a</strong></p>\n<p>&lt;code_to_review language="ts"&gt;</p>\n<pre>${diff}</pre>\n<p>&lt;/code_to_review&gt;</p>\n<p><strong>b</strong></p>`,
  )
  expect(html('<x>\n\n  a\n</x>')).toContain('<pre>\n  a</pre>')
})

test('tags between a tag and its end are text, and each tag has its own end', () => {
  expect(html('<a>\n<a>\n*1*\n</a>\n<b>\n</a>\n*2*\n<a>\n*3*\n</a>').replaceAll('\n', '|')).toBe(
    '<p>&lt;a&gt;</p>|<pre>&lt;a&gt;|*1*|&lt;/a&gt;|&lt;b&gt;</pre>|<p>&lt;/a&gt;</p>|<p><em>2</em></p>|<p>&lt;a&gt;</p>|<pre>*3*</pre>|<p>&lt;/a&gt;</p>',
  )
})

test('fenced code between a tag and its end is code, if the fence has an end', () => {
  expect(html('<x>\n- a\n```js\n- b\n</x>\n```\n- c\n</x>').replaceAll('\n', '|')).toBe(
    '<p>&lt;x&gt;</p>|<pre>- a</pre>|<pre><code>- b|&lt;/x&gt;</code></pre>|<pre>- c</pre>|<p>&lt;/x&gt;</p>',
  )
  expect(html('<x>\n```\n- b\n</x>\n*c*')).toContain('<pre>```\n- b</pre>')
})

test('a link finds its address on the other side of data', () => {
  expect(html('[a]\n<x>\n[a]\n</x>\n[a]: https://a.example')).toMatch(/^<p><a href="https:\/\/a.example".*<pre>\[a\]<\/pre>/s)
})

test('tags in code are left alone', () => {
  expect(html('```\na\n<b>\nc\n```')).toBe('<pre><code>a\n&lt;b&gt;\nc</code></pre>')
  expect(html('~~~~\n~~~\n<b>\n~~~~\n<b>').replaceAll('\n', '|')).toBe('<pre><code>~~~|&lt;b&gt;</code></pre>|<p>&lt;b&gt;</p>')
})

const filled = (text: string) => text.repeat(Math.ceil(50_000 / text.length))
const lines = (n: number, line: (at: number) => string) => Array.from({ length: n }, (_, at) => line(at)).join('\n')

/** Each would take a browser from a second to minutes. */
const PATHOLOGICAL = {
  emphasis: filled('*a_'),
  'strong emphasis': filled('__a*'),
  'nested emphasis': '*a **a '.repeat(3500) + 'a** a*'.repeat(3500),
  deletions: filled('~~a ~b~~~'),
  brackets: '['.repeat(25_000) + ']'.repeat(25_000),
  links: `${filled('[a](b')})`,
  pictures: '!['.repeat(8000) + '](a)'.repeat(8000),
  references: `[a]: b\n\n${filled('[a]')}`,
  backticks: filled('`` `'),
  'backticks of many lengths': lines(310, at => `${'`'.repeat(at + 1)}a`).replaceAll('\n', ''),
  'a wide table': `${'|a'.repeat(6000)}|\n${'|-'.repeat(6000)}|\n${'|\n'.repeat(12_000)}`,
  'nested quotes': filled('>'),
  'quotes of many depths': lines(300, at => `${'>'.repeat(at + 1)} a`),
  'nested lists': lines(220, at => `${' '.repeat(2 * at)}- a`),
  'lists in quotes': filled('- > '),
  'a long item': `- a\n${filled('b\n')}`,
  comments: filled('<!--a>'),
  'lines of tags': filled('<x>\n'),
  'entities in an address': `http://a${filled('&amp;')}`,
  'an address of brackets': `http://a${filled('(')}`,
  'an address of full stops': `http://a${filled('.)')}`,
  addresses: filled('mailto:'),
  mail: `${filled('a_a*')}@`,
}

describe('a text that takes too much work is given up within its budget', () => {
  test.each(Object.entries(PATHOLOGICAL))('%s', (_, text) => {
    for (const length of [text.length, 18_000]) {
      const budget = Budget.of(text.slice(0, length), length)
      let work = 0
      const spend = budget.spend.bind(budget)
      // What was counted before it was given up was done.
      budget.spend = next => {
        spend(next)
        work += next
      }
      try {
        markdownToHtml(text.slice(0, length), budget)
      } catch (error) {
        expect(error).toBeInstanceOf(TooMuchWork)
      }
      expect(work).toBeLessThanOrEqual(Budget.MAX)
    }
    expect(() => renderMarkdown(text)).toThrow(TooMuchWork)
  })
})

test('a text is given the same work wherever it is read', () => {
  const work = [1, 2].map(() => {
    const budget = Budget.of('', 1)
    markdownToHtml('# a\n\n- *b* `c`\n', budget)
    return budget.spent
  })
  expect(work[0]).toBeGreaterThan(1000)
  expect(work[1]).toBe(work[0])
})

describe('the documents of this repository are read within half of the budget', () => {
  const documents = ['README.md', 'docs/performance.md', 'docs/decisions.md', 'docs/prompt-language.md', 'docs/clients.md']
  const prompts = readdirSync('../prompts', { recursive: true, encoding: 'utf8' }).filter(path => /\.(prompt|hbs)$/.test(path))
  const texts = [...documents, ...prompts.map(path => `prompts/${path}`)].map(path => readFileSync(`../${path}`, 'utf8'))
  const long = texts.join('\n\n').slice(0, 50_000)
  test.each([long, ...texts])('%#', text => {
    const budget = Budget.of(text, text.length)
    markdownToHtml(text, budget)
    expect(budget.spent).toBeLessThan(budget.max / 2)
  })
})

test('texts that are shown together share one budget', () => {
  const half = 'a *b* '.repeat(300)
  markdownToHtml(half, Budget.of(half, half.length))
  expect(() => markdownToHtml(half, Budget.of(half, 50_000))).toThrow(TooMuchWork)
})

test('a long line without an end is shown', () => {
  for (const line of [`<${'a'.repeat(40_000)}`, `</a${' '.repeat(40_000)}x`]) {
    expect(renderMarkdown(line).textContent?.length).toBeGreaterThan(3)
  }
})

test('pictures are links to them', () => {
  expect(html('![A cat](https://x.example/cat.png)')).toBe(
    '<p><a href="https://x.example/cat.png" rel="noopener noreferrer" target="_blank">A cat</a></p>',
  )
  expect(html('![A cat](cat.png)')).toBe('<p>A cat</p>')
  expect(html('![](cat.png)')).toBe('<p>cat.png</p>')
})

test('links of other kinds are their text', () => {
  expect(html('[a **b**](javascript:alert(1)) [c](#/x)')).toBe('<p>a <strong>b</strong> c</p>')
  expect(html('[m](mailto:a@b.example)')).toContain('href="mailto:a@b.example"')
})

test('headings come below the heading of the message, and leave no level out', () => {
  expect(html('## a\n#### b\n# c\n###### d').replaceAll('\n', '')).toBe('<h4>a</h4><h5>b</h5><h4>c</h4><h5>d</h5>')
})

test('tables, task lists and the start of a list are kept', () => {
  expect(html('|a|b|\n|-|:-:|\n|1|2|').replaceAll('\n', '')).toBe(
    '<table><thead><tr><th>a</th><th align="center">b</th></tr></thead><tbody><tr><td>1</td><td align="center">2</td></tr></tbody></table>',
  )
  expect(html('- [x] a\n- [ ] b').replaceAll('\n', '')).toBe('<ul><li>☑ a</li><li>☐ b</li></ul>')
  expect(html('3. a')).toContain('<ol start="3">')
})
