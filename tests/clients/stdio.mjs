// Lists and gets with the TypeScript SDK's client over stdio, fills in a form and hears of changed lists: stdio.mjs PROGRAM MODE, where
// MODE is auto or legacy. Silent when every answer is right; otherwise an AssertionError that shows what came instead.
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [program, mode] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'gallery-'))
writeFileSync(join(folder, 'hello.prompt'), '---\ninput: {schema: {name: string}}\n---\nHello {{name}}')

const [prompts, tools] = [Promise.withResolvers(), Promise.withResolvers()]
const resolveWithNames = ({ resolve }) => ({ onChanged: (error, rows) => resolve(error ?? rows.map((row) => row.name)) })
const client = new Client(
  { name: 'test', version: '1' },
  {
    versionNegotiation: { mode },
    capabilities: { elicitation: { form: {} } },
    listChanged: { prompts: resolveWithNames(prompts), tools: resolveWithNames(tools) },
  },
)
client.setRequestHandler('elicitation/create', async ({ params }) => {
  assert.deepEqual(params.requestedSchema.required, ['name'])
  return { action: 'accept', content: { name: 'Ada' } }
})
const errors = []
client.onerror = (error) => errors.push(error)

try {
  await client.connect(new StdioClientTransport({ command: program, args: ['stdio', '--dir', folder], stderr: 'inherit' }))
  assert.equal(client.getNegotiatedProtocolVersion(), mode === 'auto' ? '2026-07-28' : '2025-11-25')
  assert.deepEqual((await client.listPrompts()).prompts.map((p) => p.name), ['hello'])
  const { messages } = await client.getPrompt({ name: 'hello', arguments: { name: 'Bob' } })
  assert.equal(messages[0].content.text.trimEnd(), 'Hello Bob')
  const asked = await client.getPrompt({ name: 'hello' })
  assert.equal(asked.messages[0].content.text.trimEnd(), 'Hello Ada')
  writeFileSync(join(folder, 'new.prompt'), '---\ntool: true\n---\nNew')
  const late = new Promise((_, reject) => setTimeout(reject, 20_000, new Error('a changed list is not told')).unref())
  const changed = Promise.all([prompts.promise, tools.promise])
  assert.deepEqual(await Promise.race([changed, late]), [
    ['hello', 'new'],
    ['add', 'multiply', 'search_prompts', 'get_prompt', 'open_gallery', 'new'],
  ])
  await client.close()
  assert.deepEqual(errors, [])
} finally {
  rmSync(folder, { recursive: true })
}
