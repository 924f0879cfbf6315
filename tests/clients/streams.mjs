// Hears of changed lists, and of the progress of a tool, with the TypeScript SDK's client over HTTP: streams.mjs URL FOLDER MODE, where
// FOLDER has the prompts and MODE is auto or legacy. Silent when every answer is right; otherwise an AssertionError that shows what
// came instead.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [url, folder, mode] = process.argv.slice(2)
const file = join(folder, 'streamed.prompt')
rmSync(file, { force: true })

const [prompts, tools] = [Promise.withResolvers(), Promise.withResolvers()]
const resolveWithNames = ({ resolve }) => ({ onChanged: (error, rows) => resolve(error ?? rows.map((row) => row.name)) })
const listChanged = { prompts: resolveWithNames(prompts), tools: resolveWithNames(tools) }
const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode }, listChanged })
const errors = []
client.onerror = (error) => errors.push(error)

try {
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  assert.equal(client.getNegotiatedProtocolVersion(), mode === 'auto' ? '2026-07-28' : '2025-11-25')

  const progress = []
  const onprogress = (report) => progress.push(report)
  const result = await client.callTool({ name: 'test_tool_with_progress', arguments: {} }, { onprogress })
  assert.equal(result.content[0].text, 'Worked.')
  assert.deepEqual(progress, [0, 50, 100].map((percent) => ({ progress: percent, total: 100, message: 'Working' })))

  // The stream of a handshake revision opens beside the first requests, so the lists change until that is told.
  let changes = 0
  const change = setInterval(() => writeFileSync(file, `---\ndescription: Change ${++changes}.\ntool: true\n---\nStreamed.`), 500)
  const late = new Promise((_, reject) => setTimeout(reject, 20_000, new Error('a changed list is not told')).unref())
  const told = await Promise.race([Promise.all([prompts.promise, tools.promise]), late]).finally(() => clearInterval(change))
  told.forEach((names) => assert.ok(names.includes('streamed'), names))
  await client.close()
  assert.deepEqual(errors, [])
} finally {
  rmSync(file, { force: true })
}
