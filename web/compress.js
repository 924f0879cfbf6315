// Writes the compressed forms of the built files beside them, prints their sizes and fails above the budget.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const KIB = 1024
/** What a browser loads in all, by brotli, and what a host reads, by gzip. */
const BUDGETS = { page: 120 * KIB, app: 200 * KIB }

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
  console.log(`${part}: ${(size / KIB).toFixed(1)} of ${BUDGETS[part] / KIB} KiB compressed`)
  if (size > BUDGETS[part]) {
    console.error(`the ${part} is over its budget`)
    process.exitCode = 1
  }
}
