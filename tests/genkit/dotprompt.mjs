// Renders the cases with Dotprompt itself, which is given the file and asks for partials by name.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Dotprompt } from 'dotprompt'

const require = createRequire(import.meta.url)
const handlebars = createRequire(require.resolve('dotprompt'))('handlebars/dist/cjs/handlebars.js').default
// Standard output is for the answers.
for (const level of ['log', 'info', 'warn', 'error', 'debug']) console[level] = () => {}

const answers = {}
for (const { name, dir, ask, input } of JSON.parse(readFileSync(0, 'utf8'))) {
  handlebars.partials = {}
  const read = (path) => readFileSync(join(dir, path), 'utf8')
  const partialResolver = (partial) => {
    try {
      return read(join(dirname(partial), `_${basename(partial)}.prompt`))
    } catch {
      return null
    }
  }
  try {
    const { messages } = await new Dotprompt({ partialResolver }).render(read(`${ask}.prompt`), { input })
    answers[name] = { messages }
  } catch (error) {
    answers[name] = { error: String(error.message).split('\n')[0] }
  }
}
process.stdout.write(JSON.stringify(answers), () => process.exit(0))
