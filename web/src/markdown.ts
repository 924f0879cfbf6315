/**
 * Markdown as nodes that are safe to show. `marked` reads it, within a budget. HTML in it is shown as text, since prompts are
 * full of tags such as `<notes>` that a reader has to see. DOMPurify checks what `marked` writes, and lets a few elements pass.
 */

import DOMPurify, { type Config } from 'dompurify'
import { Lexer, Marked, Tokenizer, type TokenizerObject } from 'marked'

import { MAX_MARKDOWN } from './markdownLimit'
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

/** Throws `TooMuchWork` for a text that is over its budget. `total` is the length of all texts that are shown with it. */
export function renderMarkdown(text: string, total = text.length): DocumentFragment {
  const budget = Budget.of(text, total)
  const fragment = DOMPurify.sanitize(markdownToHtml(text, budget), RULES)
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

/** What `marked` makes of a text. It is not safe to show yet. */
export function markdownToHtml(text: string, budget: Budget): string {
  const marked = parser(budget)
  const lexer = new Lexer(marked.defaults)
  for (const { type, text: part } of partsOf(text.replace(/\r\n?/g, '\n'))) {
    if (type === 'markdown') {
      lexer.blockTokens(part, lexer.tokens)
    } else {
      budget.spend(BLOCK)
      lexer.tokens.push({ type, raw: part, text: part })
    }
  }
  for (const { src } of lexer.inlineQueue) budget.spend(maskWork(src))
  // Reads the inline Markdown of all parts, so that a link finds its address in another part.
  return marked.parser(lexer.lex(''))
}

export class TooMuchWork extends Error {}

/**
 * The work of reading one text. `marked` reads without a pause, and some texts take it a time that grows with the square of their
 * length. Work is counted and not timed, so that a text is shown alike on every computer. One is about what it takes to
 * look at one character.
 */
export class Budget {
  /** Of all texts up to `MAX_MARKDOWN`: about a tenth of a second. Prompts and handbooks take half of it and less. */
  static readonly MAX = 6_000_000
  /** Of a text that is a small part of what is shown. */
  static readonly MIN = 60_000

  spent = 0

  constructor(readonly max: number) {}

  static of(text: string, total: number): Budget {
    return new Budget(Math.max(Budget.MIN, (text.length / Math.min(total, MAX_MARKDOWN)) * Budget.MAX))
  }

  spend(work: number): void {
    this.spent += work
    if (this.spent > this.max) throw new TooMuchWork('Markdown takes too much work')
  }
}

/** What making and checking an element costs, beside reading its text. */
const BLOCK = 1000
const INLINE = 300

/** Lists and quotes within each other. */
const MAX_DEPTH = 100

function parser(budget: Budget): Marked {
  let above = HEADING_ABOVE
  return new Marked({
    gfm: true,
    tokenizer: countingTokenizer(budget),
    hooks: {
      // Runs once for each text between marks, which is read anew within the mark.
      emStrongMask(masked) {
        budget.spend(masked.length + maskWork(masked))
        return masked
      },
    },
    extensions: [
      { name: 'tag', renderer: ({ text }) => `<p>${escaped(text.trim())}</p>\n` },
      { name: 'data', renderer: ({ text }) => `<pre>\n${escaped(text)}</pre>\n` },
    ],
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
 * Counts the work of those rules of `marked` that may look at more text than they take. `false` leaves the work to the rule itself.
 * A test has a text for each of them.
 */
function countingTokenizer(budget: Budget): TokenizerObject {
  let depth = 0
  const rest =
    (starts: string, weight = 1) =>
    (src: string) => {
      if (starts.includes(src.charAt(0))) budget.spend(weight * src.length)
      return false as const
    }
  /** A list or a quote is read line by line, and then what is in it. */
  const container = <T>(src: string, read: () => T): T | undefined => {
    if (!CONTAINER.test(src)) return undefined
    if (depth > 0) budget.spend(10 * src.length)
    if (depth === MAX_DEPTH) throw new TooMuchWork('Lists and quotes are too deep')
    depth += 1
    try {
      return read()
    } finally {
      depth -= 1
    }
  }
  return {
    // These two are asked first, wherever a block or an inline element may begin.
    space() {
      budget.spend(BLOCK)
      return false
    },
    escape() {
      budget.spend(INLINE)
      return false
    },
    html: () => undefined,
    tag: () => undefined,
    list(src) {
      return container(src, () => Tokenizer.prototype.list.call(this, src))
    },
    blockquote(src) {
      return container(src, () => Tokenizer.prototype.blockquote.call(this, src))
    },
    /** Each row gets as many cells as the first one. */
    table(src) {
      const [head = '', marks = ''] = src.split('\n', 2)
      if (/^[ |:-]*-[ |:-]*$/.test(marks)) {
        const rows = src.slice(0, blankLine(src)).split('\n').length
        budget.spend(rows * Math.min(head.split('|').length, marks.split('|').length) * INLINE)
      }
      return false
    },
    /** Looks for its line of marks up to the end of the paragraph, at each line of a list. */
    lheading(src) {
      budget.spend(15 * blankLine(src))
      return false
    },
    emStrong: rest('*_', 3),
    link: rest('[!'),
    reflink: rest('[!'),
    codespan: rest('`'),
    del: rest('~'),
    /** Looks at all up to the next space. If that is an address, it does so again for each sign that may not belong to it. */
    url(src) {
      const word = /^[^\s<]*/.exec(src)?.[0] ?? ''
      const looks = /^(?:https?:|ftp:|www\.)/i.test(word) ? word.split(/[?!.,:;*_'"~()&]/).length : 1
      budget.spend(word.length * looks)
      return false
    },
  }
}

/** `marked` looks for the end of each comment and the like before it asks a rule. */
function maskWork(src: string): number {
  return src.length * (src.match(/<[!?]/g)?.length ?? 0)
}

const CONTAINER = /^ {0,3}(?:[*+-]|\d{1,9}[.)]|>)/

function blankLine(src: string): number {
  const at = src.search(/\n[ \t]*\n/)
  return at < 0 ? src.length : at
}

interface TextPart {
  type: 'markdown' | 'tag' | 'data' | 'code'
  text: string
}

/**
 * Between a line that is a tag and the line that ends it is data, such as code and logs that callers fill in. It is no Markdown, but for
 * fenced code. Other lines that are a tag get empty lines around them: they stay lines of their own, and Markdown goes on after them.
 */
function partsOf(text: string): TextPart[] {
  const lines = text.split('\n')
  const fences = fencesOf(lines)
  const ends = tagEndsOf(lines, fences)
  const parts: TextPart[] = []
  let markdown: string[] = []
  const add = (type: TextPart['type'], from: number, to: number) => {
    if (from < to) parts.push({ type, text: lines.slice(from, to).join('\n') })
  }
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? ''
    const end = ends.get(at)
    if (end === undefined) {
      const last = fences.get(at) ?? at
      markdown.push(TAG.test(line) ? `\n${line}\n` : lines.slice(at, last + 1).join('\n'))
      at = last
      continue
    }
    parts.push({ type: 'markdown', text: markdown.join('\n') })
    markdown = []
    add('tag', at, at + 1)
    let from = at + 1
    for (let inner = from; inner < end; inner++) {
      const last = fences.get(inner)
      if (last === undefined) continue
      add('data', from, inner)
      parts.push({ type: 'code', text: lines.slice(inner + 1, last).join('\n') })
      from = last + 1
      inner = last
    }
    add('data', from, end)
    add('tag', end, end + 1)
    at = end
  }
  parts.push({ type: 'markdown', text: markdown.join('\n') })
  return parts
}

const TAG = /^ {0,3}<(\/?)([A-Za-z][\w-]*)(?:\s[^<>]*)?>\s*$/

/** The line that ends each tag, by the line of the tag. */
function tagEndsOf(lines: string[], fences: Map<number, number>): Map<number, number> {
  const open = new Map<string, number[]>()
  const ends = new Map<number, number>()
  for (let at = 0; at < lines.length; at++) {
    at = fences.get(at) ?? at
    const [, slash, name = ''] = TAG.exec(lines[at] ?? '') ?? []
    if (slash === '/') {
      const start = open.get(name)?.pop()
      if (start !== undefined) ends.set(start, at)
    } else if (slash === '') {
      const starts = open.get(name)
      if (starts === undefined) open.set(name, [at])
      else starts.push(at)
    }
  }
  return ends
}

/** The last line of each fenced code, by its first line. A fence without an end is left to `marked`. */
function fencesOf(lines: string[]): Map<number, number> {
  const fences = new Map<number, number>()
  const closing = lines.map(line => /^ {0,3}(`{3,}|~{3,})\s*$/.exec(line)?.[1] ?? '')
  /** The longest mark that closes a fence at this line or later. */
  const later = { '`': new Array<number>(lines.length + 1).fill(0), '~': new Array<number>(lines.length + 1).fill(0) }
  for (let at = lines.length - 1; at >= 0; at--) {
    for (const sign of ['`', '~'] as const) {
      const length = closing[at]?.startsWith(sign) ? (closing[at]?.length ?? 0) : 0
      later[sign][at] = Math.max(length, later[sign][at + 1] ?? 0)
    }
  }
  for (let at = 0; at < lines.length; at++) {
    const mark = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/.exec(lines[at] ?? '')?.[1]
    if (mark === undefined || (later[mark.charAt(0) as '`' | '~'][at + 1] ?? 0) < mark.length) continue
    const start = at
    do at += 1
    while (!closing[at]?.startsWith(mark))
    fences.set(start, at)
  }
  return fences
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
