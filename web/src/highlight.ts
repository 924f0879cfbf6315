/** Colours for the source of a prompt: YAML front matter, Handlebars and text. It colours, and does not judge. */

export type TokenType = 'text' | 'comment' | 'mark' | 'key' | 'string' | 'literal' | 'keyword' | 'name'

export interface Token {
  type: TokenType
  text: string
}

/** The tokens of each line. Joined, they are the source, with line feeds. */
export function highlight(source: string): Token[][] {
  const lines = source.split(/\r\n?|\n/)
  const end = lines[0]?.trimEnd() === '---' ? lines.findIndex((line, at) => at > 0 && line.trimEnd() === '---') : -1
  const body = lines.slice(end + 1)
  return [...yaml(lines.slice(0, end + 1)), ...(body.length > 0 ? splitLines(handlebars(body.join('\n'))) : [])]
}

const token = (type: TokenType, text: string): Token => ({ type, text })

function yaml(lines: string[]): Token[][] {
  /** Indentation of the key whose block of text (`|` or `>`) these lines are. */
  let block: number | undefined
  return lines.map(line => {
    const indent = line.length - line.trimStart().length
    if (block !== undefined && (line.trim() === '' || indent > block)) {
      return [token('string', line)]
    }
    block = /(^|[\s:-])[|>][-+\d]*\s*(#.*)?$/.test(line) ? indent : undefined
    return line.trimEnd() === '---' ? [token('mark', line)] : yamlLine(line)
  })
}

const YAML = new RegExp(
  [
    /(?<comment>(?<=^|\s)#.*)/,
    /(?<string>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')(?!\s*:(?:\s|$))/,
    /(?<key>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|(?<=^\s*(?:-\s+)*|[{,]\s*)[^\s:#"'[\]{},-][^:#"'[\]{},]*)(?=\s*:(?:\s|$))/,
    /(?<literal>(?<=[\s:[,]|^)(?:true|false|null|-?\d+(?:\.\d+)?)(?=\s*(?:$|[,\]}#])))/,
    /(?<mark>[[\]{},:|>]|(?<=^\s*)-(?=\s))/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
)

const yamlLine = (line: string): Token[] => match(line, YAML)

const MUSTACHE = new RegExp(
  [
    /(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/,
    /(?<keyword>(?<=^\s*)[#/>^&*]+\s*[\w./@-]*|\b(?:else|as)\b(?!=))/,
    /(?<key>[\w-]+(?==))/,
    /(?<literal>(?<![\w.-])(?:true|false|null|undefined|-?\d+(?:\.\d+)?)(?![\w.-]))/,
    /(?<name>[@\w./-]+)/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
)

/** Splits at `{{…}}`. After one that is not closed, all is text, so that the work stays linear. */
function handlebars(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('{{', at)
    const [start, close] = open < 0 ? ['', ''] : delimiters(text, open)
    const end = open < 0 ? -1 : text.indexOf(close, open + start.length)
    if (end < 0) {
      break
    }
    tokens.push(token('text', text.slice(at, open)))
    at = end + close.length
    if (start.startsWith('{{!')) {
      tokens.push(token('comment', text.slice(open, at)))
    } else {
      const inside = match(text.slice(open + start.length, end), MUSTACHE)
      tokens.push(token('mark', start), ...inside, token('mark', close))
    }
  }
  return [...tokens, token('text', text.slice(at))]
}

function delimiters(text: string, open: number): [string, string] {
  const start = /^\{\{(?:~?!--|~?!|\{|~)?/.exec(text.slice(open, open + 6))?.[0] ?? '{{'
  if (start.endsWith('!--')) return [start.replace('~', ''), '--}}']
  return [start, start === '{{{' ? '}}}' : '}}']
}

/** Longer lines and expressions have no colours: the patterns look back, which takes the square of a length. */
const MAX_MATCHED = 2000

/** Tokens by the named groups of a pattern. What is between the matches is text. */
function match(text: string, pattern: RegExp): Token[] {
  if (text.length > MAX_MATCHED) {
    return [token('text', text)]
  }
  const tokens: Token[] = []
  let at = 0
  for (const found of text.matchAll(pattern)) {
    const [type] = Object.entries(found.groups ?? {}).find(([, value]) => value !== undefined) ?? ['text']
    tokens.push(token('text', text.slice(at, found.index)), token(type as TokenType, found[0]))
    at = found.index + found[0].length
  }
  return [...tokens, token('text', text.slice(at))]
}

function splitLines(tokens: Token[]): Token[][] {
  const lines: Token[][] = [[]]
  for (const { type, text } of tokens) {
    text.split('\n').forEach((part, at) => {
      if (at > 0) lines.push([])
      if (part !== '') lines.at(-1)?.push(token(type, part))
    })
  }
  return lines
}
