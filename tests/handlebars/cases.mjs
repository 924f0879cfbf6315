// Templates with data that tells the difference: the same names stand at every level, and every value is another, so that
// a path that leads elsewhere is seen. A case is all that a seed gives.

/** Numbers from 0 to 1, by a seed (mulberry32). */
function numbers(seed) {
  let state = Math.imul(seed + 1, 0x9e3779b1)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

// Names of variables and fields. All of them are there at the root, as an unknown variable is an error of the gallery's.
const names = ['a', 'b', 'c', 'list', 'rows', 'obj', 'x-y', 'ünï', 'n:1', '$', '_', 'mythis', 'elsewhere', 'asx', '7', '代码']
// Names that are written in brackets, or behind `this.`, `./`, `../` …
const odd = ['a b', 'a.b', '0', '1', 'true', 'null', 'this', '..', '.', 'if', 'each', 'json', 'lookup', 'else', 'length', 'a]b', '', 'a"b']
const params = ['item', 'i', 'a', 'mythis', 'list', 'index']
const partials = ['p', 'q', 'd/e', 'x y', 'last']
const spaces = [' ', ' ', ' ', '  ', '\n', '\t', '\u00a0', '\ufeff', '\u2028', '\u3000', '\r\n']

export function generate(seed) {
  const next = numbers(seed)
  const below = (n) => Math.floor(next() * n)
  const pick = (list) => list[below(list.length)]
  const chance = (p) => next() < p
  let count = 0

  // --- data

  function leaf() {
    const n = ++count
    switch (below(14)) {
      case 0: return n
      case 1: return n + 0.5
      case 2: return [0, -0, 1e21, 1e-7, 0.1, 123456789012, -1.5, 1, 1e300][below(9)]
      case 3: return chance(0.5)
      case 4: return null
      case 5: return ''
      case 6: return ['0', 'false', ' ', '1', '\u00e4\u{1f600}z', 'a\nb', '<&>"\'`=', '{{a}}', '\\'][below(9)]
      case 7: return []
      default: return 'v' + n
    }
  }

  function value(depth) {
    if (depth === 0 || chance(0.3)) return leaf()
    switch (below(5)) {
      case 0: return Array.from({ length: below(4) }, () => leaf())
      case 1:
      case 2: return Array.from({ length: below(3) + 1 }, () => (chance(0.8) ? object(depth - 1) : value(depth - 1)))
      default: return object(depth - 1)
    }
  }

  function object(depth) {
    const made = {}
    for (const name of names) if (chance(0.3)) made[name] = value(depth)
    for (const name of odd) if (chance(0.06)) made[name] = value(Math.min(depth, 1))
    return made
  }

  function root() {
    const made = object(2)
    for (const name of [...names, ...odd]) if (!(name in made)) made[name] = chance(0.8) ? leaf() : value(1)
    for (const name of ['list', 'rows']) if (chance(0.7)) made[name] = Array.from({ length: 1 + below(2) }, () => (chance(0.7) ? object(1) : leaf()))
    if (chance(0.7)) made.obj = object(2)
    // Things that equal each other as JavaScript's == has it.
    if (chance(0.15)) [made.list, made.a] = pick([[[1], 1], [['x'], 'x'], [[0], ''], [[null], ''], [['1'], 1], [[true], 1], [['a', 'b'], 'a,b'], [[{}], '[object Object]'], [['0x10'], 16], [[' 5 '], 5], [['1e1'], 10]])
    return made
  }

  // --- expressions

  const space = () => (chance(0.85) ? ' ' : pick(spaces))
  const maybe = () => (chance(0.9) ? '' : pick(spaces))
  const bracket = (name) => `[${name.replace(/\\/g, '\\\\').replace(/]/g, '\\]')}]`
  const segment = () => {
    if (chance(0.75)) return pick(names)
    return bracket(pick(chance(0.5) ? names : odd))
  }
  const separator = () => (chance(0.85) ? '.' : pick(['/', '/', ' / ', ' /', '/ ']))

  function path(scope) {
    const known = scope.params.flat()
    let made
    switch (below(16)) {
      case 0: return pick(['this', '.', './.', 'this/.', 'this.this', 'length', 'this.length', './length'])
      case 1: return pick(['..', '../.', '../this', '../..', '../../this', '.././..', 'this/..', './..'])
      case 2: case 3: made = '../'.repeat(1 + below(3)) + segment(); break
      case 4: made = pick(['this.', './', 'this/', '../this/', '.././']) + segment(); break
      case 5: made = pick(['@index', '@key', '@first', '@last', '@../index', '@../key', '@../../index', '@key.length', '@index.x', '@first.x', '@ index', '@../root.a', '@root.list.length', '@this', '@..', '@nothing', '@nothing.x']); break
      case 6: made = '@root' + (chance(0.2) ? '' : separator().trim() + segment()); break
      case 7: case 8: if (known.length) { made = pick(known); break } // falls through
      default: made = segment()
    }
    // A number alone is a literal, which is no name here.
    if (made === '7') made = '[7]'
    // A name of a helper alone calls it there.
    if (/^\[(if|each|json|lookup)\]$/.test(made)) made = 'this.' + made
    while (chance(0.3)) made += separator() + (chance(0.2) ? pick(['length', '[0]', '[1]', '[00]', '[-1]', '[constructor]']) : segment())
    // Behind a dot these are no names there.
    return made.replace(/([./] ?)7(?=$)/, '$1[7]')
  }

  const number = () => pick(['0', '1', '2', '-1', '1.5', '-0', '10', '1000000', '0.1', '00', '1.0', '123456789012345678901234567890'])
  const text = () => pick(['"a"', "'b'", '"list"', '""', "''", '"it\'s"', '\'say "x"\'', '"a\\"b"', "'a\\'b'", '"\\n"', '"0"', '"a}}b"', "'1'", '"\n"'])
  const literal = () => (chance(0.5) ? text() : chance(0.6) ? number() : pick(['true', 'false', 'null']))

  function param(scope, depth = 1) {
    if (depth > 0 && chance(0.1)) return `(${maybe()}lookup ${param(scope, depth - 1)}${space()}${key(scope, depth - 1)}${maybe()})`
    if (depth > 0 && chance(0.05)) return `(json ${param(scope, depth - 1)}${chance(0.3) ? ' indent=1' : ''})`
    return chance(0.85) ? path(scope) : literal()
  }

  function key(scope, depth) {
    return chance(0.5) ? pick(['0', '1', '"a"', '"length"', '@index', '@key', '"list"', 'null', 'true', '"a b"', '"01"', '"-1"', '1.0', '"constructor"', '""']) : param(scope, depth)
  }

  // --- tags

  const tilde = () => (chance(0.88) ? '' : '~')
  const tag = (sigil, inside) => `{{${tilde()}${sigil}${maybe()}${inside}${maybe()}${tilde()}}}`

  function mustache(scope) {
    const inside = chance(0.75) ? path(scope)
      : chance(0.5) ? `lookup ${param(scope)}${space()}${key(scope, 1)}`
        : `json${space()}${param(scope)}${chance(0.3) ? ` indent=${pick(['2', '0', '11', '"--"', 'null', '1.5'])}` : ''}`
    switch (below(8)) {
      case 0: return `{{${tilde()}{${inside}}${tilde()}}}`
      case 1: return tag('&', inside)
      default: return tag('', inside)
    }
  }

  const words = ['x', 'word', ' ', '  ', '\n', '\n', '\n\n', '\r\n', '\t', '.', '\u00a0', '\\{{a}}', '\\\\', ' }', '{ ', '|', '\u{1f600}', '\n  ', ' \n', '\ufeff', '\u0085']
  const plain = () => Array.from({ length: 1 + below(3) }, () => pick(words)).join('')
  const line = (inside) => (chance(0.35) ? `\n${pick(['', '  ', '\t'])}${inside}${pick(['', ' '])}\n` : inside)

  function names_of(scope, most) {
    if (!chance(0.35)) return ['', scope]
    const list = Array.from({ length: 1 + below(most) }, () => pick(params))
    return [`${space()}as${space()}|${maybe()}${list.join(' ')}${maybe()}|`, { ...scope, params: [list, ...scope.params] }]
  }

  function block(scope, depth) {
    const inner = (inside = scope) => rows(inside, depth - 1)
    const otherwise = () => (chance(0.35) ? line(pick(['{{else}}', '{{^}}', '{{~else}}', '{{else~}}', '{{ else }}', '{{~^~}}'])) + inner() : '')
    const kind = pick(['each', 'each', 'each', 'with', 'with', 'if', 'unless', 'ifEquals', 'unlessEquals', 'section', 'section', 'inverse', 'inverseHelper'])
    const open = (inside) => line(tag('#', inside))
    const close = (name) => line(tag('/', name))
    switch (kind) {
      case 'each':
      case 'with': {
        const [as, inside] = names_of(scope, kind === 'each' ? 2 : 1)
        return open(`${kind}${space()}${param(scope)}${as}`) + inner(inside) + otherwise() + close(kind)
      }
      case 'if':
      case 'unless': {
        const zero = chance(0.2) ? ` includeZero=${param(scope)}` : ''
        let made = open(`${kind}${space()}${param(scope)}${zero}`) + inner()
        while (chance(0.25)) {
          const chained = pick(['if', 'unless', 'with', 'each'])
          made += line(tag(pick(['else ', 'else\n', ' else ']), `${chained} ${param(scope)}`).replace('{{~ ', '{{~').replace('{{ ', '{{')) + inner()
        }
        return made + otherwise() + close(kind)
      }
      case 'ifEquals':
      case 'unlessEquals':
        return open(`${kind} ${param(scope)} ${param(scope)}`) + inner() + otherwise() + close(kind)
      case 'section': {
        let name = path(scope)
        const original = name.replace(/\[((?:\\]|[^\]])*)\]/g, (_, inside) => inside.replace(/\\([\\\]])/g, '$1'))
        if (/["]|^$|\s|]/.test(original) || /[^./@\w$:\u0080-\uffff-]/.test(original)) name = 'this.' + pick(names).replace('7', 'a')
        return open(name) + inner() + otherwise() + close(name)
      }
      case 'inverse': {
        const name = chance(0.5) ? pick(names).replace('7', '[7]') : '../' + pick(names).replace('7', '[7]')
        return line(tag('^', name)) + inner() + otherwise() + close(name)
      }
      default: {
        const helper = pick(['if', 'each', 'with', 'unless'])
        return line(tag('^', `${helper} ${param(scope)}`)) + inner() + otherwise() + close(helper)
      }
    }
  }

  function hash(scope) {
    return Array.from({ length: below(3) }, () => `${space()}${pick(['a=', 'b=', 'z = ', '[a b]=', 'list=', '3=', 'true=', 'mythis= ', 'length=', '0='])}${param(scope)}`).join('')
  }

  function partial(scope, depth) {
    const callable = scope.partials
    const own = scope.inlines
    const name = callable.length && (!own.length || chance(0.6)) ? pick(callable) : own.length ? pick(own) : null
    const written = (name) => (/^[\w/]+$/.test(name) && chance(0.7) ? name : chance(0.5) ? `"${name}"` : `[${name}]`)
    const given = `${chance(0.45) ? space() + param(scope) : ''}${hash(scope)}`
    if (scope.isPartial && chance(0.5)) {
      return line(`{{#> @partial-block${given}}}${rows(scope, depth - 1)}{{/@partial-block}}`)
    }
    if (name === null || chance(0.1)) return line(`{{#> missing${given}}}${rows(scope, depth - 1)}{{/missing}}`)
    if (depth > 0 && chance(0.35)) {
      const called = written(name)
      return line(tag('#>', called + given)) + rows(scope, depth - 1) + line(tag('/', called))
    }
    return line(tag('>', written(name) + given))
  }

  function inline(scope, depth) {
    const name = pick(['in1', 'in2'])
    // The reference loses count of block parameters in there.
    const inside = { ...scope, params: [], inlines: [], partials: scope.partials }
    return [line(`{{#*inline "${name}"}}`) + rows(inside, depth - 1) + line('{{/inline}}'), name]
  }

  function rows(scope, depth) {
    let made = ''
    let inner = scope
    for (let n = 1 + below(depth > 0 ? 4 : 2); n > 0; n--) {
      const what = next()
      if (what < 0.25) made += plain()
      else if (what < 0.6 || depth <= 0) made += mustache(inner)
      else if (what < 0.83) made += block(inner, depth)
      else if (what < 0.93) made += partial(inner, depth)
      else if (what < 0.96) made += line(pick(['{{! note }}', '{{!-- {{a}} --}}', '{{~! x ~}}', '{{!}}', '{{!--~}}', '{{!----}}', '{{!-}}', '{{!-- a --~}}']))
      else if (scope.params.length === 0) {
        const [text, name] = inline(inner, depth)
        made += text
        inner = { ...inner, inlines: [...inner.inlines, name] }
      }
    }
    return made
  }

  // --- the case

  const data = root()
  const sources = {}
  for (const [at, name] of partials.entries()) {
    if (chance(0.6)) continue
    sources[name] = rows({ params: [], partials: [], inlines: [], isPartial: true, at }, 2)
  }
  const callable = Object.keys(sources)
  let template = rows({ params: [], partials: callable, inlines: [], isPartial: false }, 3)
  if (seed % 5 === 4) template = broken(template).toWellFormed()
  if (seed % 25 === 3) template = aboutCharacters()
  // A byte order mark is no part of a file's text.
  template = template.replace(/^(\ufeff|---)+/, '')
  for (const name of callable) sources[name] = sources[name].replace(/^\ufeff+/, '')
  return { template, partials: sources, data }

  /** With one change in a tag, after which most are none. */
  function broken(template) {
    const tags = [...template.matchAll(/\{\{.*?\}\}+/gs)]
    if (tags.length === 0) return template
    const chosen = pick(tags)
    const at = chosen.index + below(chosen[0].length + 1)
    const put = pick(['', ' ', '.', '/', '..', '@', '[', ']', '"', "'", '|', '=', '(', ')', '~', '{', '}', '{{', '}}', '#', '^', '&', '!', '>', '*', 'else', ',', ';', '`', '\\', '-', '?', 'a', '7', ' as |a|', ' a', ' a=1', '\u00a0', '\ufeff', '\u0085', '\u2028', '“', '…', '\u{1f600}', ' (lookup a b)', ' "x"', ' null', '.true', '.[', '\u200b', '%', '$', ':', '+'])
    return template.slice(0, at) + put + template.slice(at + (chance(0.5) ? 1 : 0))
  }

  /** What one character is: white space, a part of a name, or neither. */
  function aboutCharacters() {
    const code = chance(0.6) ? below(0x3100) : chance(0.5) ? pick([0x85, 0xa0, 0xad, 0x180e, 0x200b, 0x2028, 0x2029, 0x202f, 0x205f, 0x2060, 0xfeff, 0xfffd, 0x1f600]) : 0x20 + below(0x60)
    const c = String.fromCodePoint(code)
    data[`a${c}a`] = 'joined'
    data[c] = 'alone'
    return pick([
      `{{a${c}a}}`, `{{${c}}}`, `{{${c}a${c}}}`, `{{json${c}a}}`, `{{#if${c}a}}1{{/if${c}}}`, `{{#if a}}${c}\nx\n${c}{{/if}}`,
      `a${c}\n${c}{{! x }}${c}\nb`, `a${c}{{~a~}}${c}b`, `{{#each list as${c}|a${c}b|}}{{a}}{{/each}}`, `{{lookup this "a${c}a"}}`,
      `{{this.[a${c}a]}}`, `{{> last${c}a}}`, `{{a.${c}a}}`, `{{#if a}}1{{else${c}}}2{{/if}}`, `{{#if a}}1{{${c}else${c}if b}}2{{/if}}`,
      `\\{{${c}a}} {{a}}`, `${c}{{a}}`, `{{${c}#if a}}{{/if}}`, `{{json a indent=1${c}}}`, `{{json ${c}1}}`, `{{lookup "${c}" 0}}`,
    ])
  }
}
