/**
 * Markdown as nodes that are safe to show. `marked` reads it, fast also for 200 KB. HTML in it is shown as text, since prompts are
 * full of tags such as `<notes>` that a reader has to see. DOMPurify checks what `marked` writes, and lets a few elements pass.
 */

import DOMPurify, { type Config } from 'dompurify'
import { Marked } from 'marked'

import { linkAddress } from './views/prompt/media'

/** The headings of a text come below the heading of its message. */
const HEADING_ABOVE = 3

const RULES: Config & { RETURN_DOM_FRAGMENT: true } = {
  ALLOWED_TAGS: [
    ...['p', 'br', 'hr', 'h4', 'h5', 'h6', 'blockquote', 'pre', 'code', 'ul', 'ol', 'li', 'em', 'strong', 'del', 'a'],
    ...['table', 'thead', 'tbody', 'tr', 'th', 'td'],
  ],
  ALLOWED_ATTR: ['href', 'start', 'align'],
  // Other attributes have to be addresses.
  ADD_URI_SAFE_ATTR: ['start', 'align'],
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:)/i,
  RETURN_DOM_FRAGMENT: true,
}

export function renderMarkdown(text: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(parser().parse(separateTags(text), { async: false }), RULES)
  for (const link of fragment.querySelectorAll('a')) {
    if (linkAddress(link.getAttribute('href') ?? '') === undefined) {
      link.replaceWith(...link.childNodes)
    } else {
      link.rel = 'noopener noreferrer'
      link.target = '_blank'
    }
  }
  return fragment
}

function parser(): Marked {
  let above = HEADING_ABOVE
  return new Marked({
    gfm: true,
    tokenizer: {
      html: () => undefined,
      tag: () => undefined,
    },
    renderer: {
      /** No level is left out, also if a text begins with `##`. */
      heading({ tokens, depth }) {
        above = Math.min(depth + HEADING_ABOVE, above + 1, 6)
        return `<h${above}>${this.parser.parseInline(tokens)}</h${above}>\n`
      },
      /** A picture is a link, so that the page asks no other host for it. */
      image({ href, text }) {
        return `<a href="${escaped(href)}">${escaped(text || href)}</a>`
      },
      code: ({ text }) => `<pre><code>${escaped(text)}</code></pre>\n`,
      checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    },
  })
}

/**
 * Lines that are one tag, outside of code, get empty lines around them: they stay lines of their own, and Markdown goes on after
 * them. Between a tag and its end, line breaks are kept, because there is what callers fill in, such as code and logs.
 */
function separateTags(text: string): string {
  const lines = text.split('\n')
  const ends = new Map(lines.map((line, at) => [/^ {0,3}<\/([\w-]+)>\s*$/.exec(line)?.[1] ?? '', at]))
  let fence = ''
  let end = -1
  const separated = lines.map((line, at) => {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1] ?? ''
    if (fence !== '') {
      if (mark.startsWith(fence) && line.trim() === mark) fence = ''
      return line
    }
    fence = mark
    const tag = /^ {0,3}<\/?([A-Za-z][\w-]*)(?:\s[^<>]*)?\/?>\s*$/.exec(line)?.[1]
    if (tag !== undefined) {
      end = Math.max(end, ends.get(tag) ?? -1)
      return `\n${line}\n`
    }
    return at < end && mark === '' && line.trim() !== '' ? `${line}  ` : line
  })
  return separated.join('\n')
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
