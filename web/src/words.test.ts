import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

import * as words from './words'

const folder = import.meta.dirname
const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
const code = paths
  .filter(path => /\.tsx?$/.test(path) && !/(\.test\.tsx?|^words\.ts)$/.test(path))
  .map(path => readFileSync(join(folder, path), 'utf8'))
  .join('\n')

test('each of the words is used', () => {
  for (const [group, entries] of Object.entries(words)) {
    // Some are named by text: `takeWords[call]`.
    const isUsed = (name: string) => new RegExp(`\\b${group}\\.${name}\\b|'${name}'`).test(code)
    expect(Object.keys(entries).filter(name => !isUsed(name))).toEqual([])
  }
})
