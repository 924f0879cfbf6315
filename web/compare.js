// Fails if two folders of built files differ. Compressed files are compared by what they unpack to: releases of zlib and brotli pack differently.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'

const [built, committed] = process.argv.slice(2)

function files(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  return new Set(entries.map(entry => relative(folder, join(entry.parentPath, entry.name))))
}

function content(path) {
  const bytes = readFileSync(path)
  if (path.endsWith('.gz')) return gunzipSync(bytes)
  return path.endsWith('.br') ? brotliDecompressSync(bytes) : bytes
}

const [left, right] = [files(built), files(committed)]
const differing = [...new Set([...left, ...right])].filter(
  path => !left.has(path) || !right.has(path) || !content(join(built, path)).equals(content(join(committed, path))),
)
for (const path of differing.sort()) {
  console.error(`web/dist/${path} is not what web/build makes`)
}
process.exitCode = differing.length > 0 ? 1 : 0
