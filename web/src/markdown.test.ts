// @vitest-environment jsdom
import { describe, expect, test } from 'vitest'

import { renderMarkdown } from './markdown'

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
  expect(html('<notes>\n- a\n- **b**\n</notes>\nafter').replaceAll(/ *\n/g, '').replaceAll(/ +</g, '<')).toBe(
    '<p>&lt;notes&gt;</p><ul><li>a</li><li><strong>b</strong></li></ul><p>&lt;/notes&gt;</p><p>after</p>',
  )
})

test('line breaks are kept between a tag and its end', () => {
  expect(html('a\nb\n<code_to_review>\nlet a\nlet b\n</code_to_review>\nc\nd\n<x>\ne\nf').replaceAll(/ +</g, '<')).toBe(
    '<p>a\nb</p>\n<p>&lt;code_to_review&gt;</p>\n<p>let a<br>let b</p>\n<p>&lt;/code_to_review&gt;</p>\n<p>c\nd</p>\n<p>&lt;x&gt;</p>\n<p>e\nf</p>',
  )
  expect(html('<x>\n|a|b|\n|-|-|\n|1|2|\n```\nc\n```\n</x>')).toContain('<pre><code>c</code></pre>')
})

test('tags in code are left alone', () => {
  expect(html('```\na\n<b>\nc\n```')).toBe('<pre><code>a\n&lt;b&gt;\nc</code></pre>')
  expect(html('~~~~\n~~~\n<b>\n~~~~\n<b>').replaceAll('\n', '|')).toBe('<pre><code>~~~|&lt;b&gt;</code></pre>|<p>&lt;b&gt;</p>')
})

test('a long line without an end stays fast', () => {
  const start = performance.now()
  for (const line of [`<${'a'.repeat(100_000)}`, `<a ${'b '.repeat(50_000)}`, `</a${' '.repeat(100_000)}x`]) {
    expect(renderMarkdown(line).textContent?.length).toBeGreaterThan(3)
  }
  expect(performance.now() - start).toBeLessThan(2000)
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
