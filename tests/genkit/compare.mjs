// Compares what the gallery and other readers of the format make of the same files.
//
// A case in `cases` is text in sections: `=== file PATH`, or `=== gallery FOLDER` of this repository, `=== ask NAME`
// (`case` without it) and `=== input`, which is JSON. What differs on purpose is the table of docs/genkit.md: a reader is listed there exactly if it differs.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

const [program, python] = process.argv.slice(2)
const readers = {
  genkit: [process.execPath, 'genkit.mjs'],
  dotprompt: [process.execPath, 'dotprompt.mjs'],
  dotpromptz: [python, 'python_dotpromptz.py'],
}

function read(name) {
  const text = readFileSync(join('cases', `${name}.case`), 'utf8')
  const found = { name, dir: join(process.cwd(), 'results', 'files', name), ask: 'case', input: {} }
  const [, ...sections] = text.split(/^=== /m)
  for (const section of sections) {
    const end = section.indexOf('\n')
    const title = section.slice(0, end).trim()
    const body = section.slice(end + 1).replace(/\n$/, '')
    if (title.startsWith('file ')) {
      const path = join(found.dir, title.slice(5))
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, body)
    } else if (title.startsWith('gallery ')) cpSync(join('../..', title.slice(8)), found.dir, { recursive: true })
    else if (title.startsWith('ask ')) found.ask = title.slice(4)
    else if (title === 'input') found.input = JSON.parse(body)
    else throw new Error(`${name}: there is no section \`=== ${title}\``)
  }
  return found
}

// The table's rows: | `case`, `case` | readers | why |
function differences() {
  const listed = new Map()
  for (const line of readFileSync('../../docs/genkit.md', 'utf8').split('\n')) {
    const row = line.match(/^\| (`[^|]*`) \| ([^|]*) \| .* \|$/)
    if (!row) continue
    for (const [, name] of row[1].matchAll(/`([^`]+)`/g)) {
      for (const reader of row[2].split(',').map((reader) => reader.trim())) {
        if (!(reader in readers)) throw new Error(`docs/genkit.md: \`${name}\`: there is no reader ${reader}`)
        listed.set(`${name} ${reader}`, line)
      }
    }
  }
  return listed
}

// An error is as good as another: their words are their own.
const said = ({ messages, error }) => (error === undefined ? JSON.parse(JSON.stringify(messages)) : 'an error')

rmSync('results/files', { recursive: true, force: true })
const cases = readdirSync('cases').map((file) => read(file.replace(/\.case$/, ''))).sort((a, b) => (a.name < b.name ? -1 : 1))
const run = ([command, ...args]) =>
  JSON.parse(execFileSync(command, args, { input: JSON.stringify(cases), maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'ignore'] }))
const here = run([program])
const listed = differences()
let passed = 0
let failed = 0
const fail = (text) => {
  failed += 1
  console.log(`FAILED  ${text}`)
}
for (const [reader, command] of Object.entries(readers)) {
  const there = run(command)
  for (const { name } of cases) {
    const key = `${name} ${reader}`
    const isSame = isDeepStrictEqual(said(here[name]), said(there[name]))
    const isListed = listed.delete(key)
    if (isSame && isListed) fail(`${key}: docs/genkit.md lists a difference, and there is none`)
    else if (!isSame && !isListed) fail(`${key}\n  here:  ${JSON.stringify(here[name])}\n  there: ${JSON.stringify(there[name])}`)
    else passed += 1
  }
}
for (const key of listed.keys()) fail(`${key}: docs/genkit.md names a case that is not there`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0
