// Writes the compressed forms of the built files beside them, prints their sizes and fails above the budget.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const KB = 1000
/** What a browser loads in all, by brotli (HTML, CSS and every script), and what a host reads, by gzip. */
const BUDGETS = { page: 120 * KB, app: 200 * KB }

const folder = process.argv[2]
const sizes = { page: 0, app: 0 }

for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || /\.(br|gz)$/.test(entry.name)) continue
  const path = join(entry.parentPath, entry.name)
  const bytes = readFileSync(path)
  const zipped = gzipSync(bytes, { level: 9 })
  writeFileSync(`${path}.gz`, zipped)
  if (entry.name === 'app.html') {
    sizes.app += zipped.length
    continue
  }
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
  const packed = brotliCompressSync(bytes, { params })
  writeFileSync(`${path}.br`, packed)
  sizes.page += packed.length
  console.log(`${path.slice(folder.length + 1)}: ${bytes.length} bytes, ${packed.length} by brotli`)
}

for (const [part, size] of Object.entries(sizes)) {
  console.log(`${part}: ${(size / KB).toFixed(1)} of ${BUDGETS[part] / KB} KB compressed`)
  if (size > BUDGETS[part]) {
    console.error(`the ${part} is over its budget`)
    process.exitCode = 1
  }
}
