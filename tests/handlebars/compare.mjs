// Renders the cases of `cases.mjs` by the reference and by the program that is named, and compares.
//
//   node compare.mjs PROGRAM [COUNT [FIRST_SEED]]
//
// What differs on purpose is in `differences.mjs`.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import Handlebars from 'handlebars'
import { generate } from './cases.mjs'
import differences from './differences.mjs'

const [program, count = '50000', first = '0'] = process.argv.slice(2)
const last = Number(first) + Number(count)

// As npm's `dotprompt` 1.1.2 defines them, but that a value which is missing is null, and that JSON is text: there it is a
// `SafeString`, which `(json x)` hands on as an object.
const helpers = {
  json: (value, options) => JSON.stringify(value ?? null, null, options.hash.indent || 0),
  ifEquals(a, b, options) {
    return (a ?? null) === (b ?? null) ? options.fn(this) : options.inverse(this)
  },
  unlessEquals(a, b, options) {
    return (a ?? null) !== (b ?? null) ? options.fn(this) : options.inverse(this)
  },
}
Handlebars.logger.level = 'none'

// With the option noEscape two numbers side by side are added: `{{a}}{{b}}` of 1 and 2 is 3. So every value is escaped, by
// a function that makes text of it.
Handlebars.Utils.escapeExpression = (value) => (value == null ? '' : String(value))
class Escape extends Handlebars.Visitor {
  MustacheStatement(mustache) {
    super.MustacheStatement(mustache)
    mustache.escaped = true
  }
}

function compile(handlebars, template) {
  const ast = handlebars.parse(template)
  new Escape().accept(ast)
  return handlebars.compile(ast)
}

function reference({ template, partials, data }) {
  const handlebars = Handlebars.create()
  handlebars.registerHelper(helpers)
  try {
    for (const [name, source] of Object.entries(partials)) handlebars.registerPartial(name, compile(handlebars, source))
    return { text: compile(handlebars, template)(data).toWellFormed() }
  } catch (error) {
    return { error: String(error.message) }
  }
}

// As JSON in which keys that are whole numbers come last. JavaScript has them first in every object, so that its own JSON
// would not tell whether the program puts them there too.
function written(value) {
  if (Array.isArray(value)) return `[${value.map(written)}]`
  if (value === null || typeof value !== 'object') return Object.is(value, -0) ? '-0' : JSON.stringify(value)
  const isIndex = (key) => Number(/^(0|[1-9]\d*)$/.test(key))
  const keys = Object.keys(value).sort((a, b) => isIndex(a) - isIndex(b))
  return `{${keys.map((key) => `${JSON.stringify(key)}:${written(value[key])}`)}}`
}

// A prompt of nothing but white space has no message.
const told = (text) => (/^[\s\u0085]*$/.test(text) ? '' : text)

const renderer = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
const answers = createInterface({ input: renderer.stdout })[Symbol.asyncIterator]()
const counts = { same: 0, refused: 0 }
const met = new Map(differences.map((difference) => [difference, 0]))
const failures = []

// As many at a time as the pipe takes.
const batch = 500
for (let begin = Number(first); begin < last; begin += batch) {
  const cases = Array.from({ length: Math.min(batch, last - begin) }, (_, at) => ({ seed: begin + at, ...generate(begin + at) }))
  renderer.stdin.write(cases.map(({ template, partials, data }) => written({ template, partials, data }) + '\n').join(''))
  for (const one of cases) {
    const expected = reference(one)
    const { value, done } = await answers.next()
    if (done) throw new Error(`the program ended before seed ${one.seed}`)
    const actual = JSON.parse(value)
    if ('text' in expected && 'text' in actual && told(expected.text) === told(actual.text)) counts.same++
    else if ('error' in expected && 'error' in actual) counts.refused++
    else {
      const known = differences.find((difference) => difference.is(one, expected, actual))
      if (known) met.set(known, met.get(known) + 1)
      else failures.push({ ...one, expected, actual })
    }
  }
}
renderer.stdin.end()

for (const { seed, template, partials, data, expected, actual } of failures.slice(0, Number(process.env.SHOWN ?? 5))) {
  console.log(`FAILED  seed ${seed}\n  template ${JSON.stringify(template)}\n  partials ${JSON.stringify(partials)}\n  data     ${JSON.stringify(data)}`)
  console.log(`  expected ${JSON.stringify(expected)}\n  actual   ${JSON.stringify(actual)}`)
}
console.log(`${counts.same} render the same, ${counts.refused} are refused by both`)
for (const [{ reason }, times] of met) console.log(`${times} differ on purpose: ${reason}`)
const differ = [...met.values()].reduce((sum, times) => sum + times, 0)
console.log(`${counts.same + counts.refused + differ} passed, ${failures.length} failed`)
process.exitCode = failures.length === 0 ? 0 : 1
