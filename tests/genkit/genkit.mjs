// Renders the cases as Genkit does: from a folder of prompts.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { genkit } from 'genkit'
import { logger } from 'genkit/logging'

const require = createRequire(import.meta.url)
// All instances of Dotprompt share these.
const handlebars = createRequire(require.resolve('dotprompt'))('handlebars/dist/cjs/handlebars.js').default
logger.setLogLevel('error')
// Standard output is for the answers.
for (const level of ['log', 'info', 'warn', 'error', 'debug']) console[level] = () => {}

const answers = {}
for (const { name, dir, ask, input } of JSON.parse(readFileSync(0, 'utf8'))) {
  handlebars.partials = {}
  try {
    const ai = genkit({ promptDir: dir })
    const [prompt, variant] = ask.split('.')
    const { messages } = await ai.prompt(prompt, { variant }).render(input)
    answers[name] = { messages }
  } catch (error) {
    answers[name] = { error: String(error.message).split('\n')[0] }
  }
}
process.stdout.write(JSON.stringify(answers), () => process.exit(0))
