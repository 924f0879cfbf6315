// Fails if two folders of built files differ in any byte.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const [built, committed] = process.argv.slice(2)

function files(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  return new Set(entries.map(entry => relative(folder, join(entry.parentPath, entry.name))))
}

const [left, right] = [files(built), files(committed)]
const differing = [...new Set([...left, ...right])].filter(
  path => !left.has(path) || !right.has(path) || !readFileSync(join(built, path)).equals(readFileSync(join(committed, path))),
)
for (const path of differing.sort()) {
  console.error(`web/dist/${path} is not what web/build makes`)
}
process.exitCode = differing.length > 0 ? 1 : 0
