// Lists, gets and calls with MCP Inspector's CLI: inspector.mjs SERVER ERA [TOKEN], where ERA is legacy or modern, and SERVER a URL
// or a program that serves PROMPT_DIR over stdio.
// Silent when every answer is right; otherwise an AssertionError that shows what came instead.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const [server, era, token] = process.argv.slice(2)
const stdio = [server, 'stdio', '--dir', process.env.PROMPT_DIR, '--transport', 'stdio']
const target = server.startsWith('http') ? [server, '--transport', 'http'] : stdio
const header = token ? ['--header', `Authorization: Bearer ${token}`] : []
const cli = fileURLToPath(import.meta.resolve('@modelcontextprotocol/inspector/clients/launcher/build/index.js'))

function inspect(method, ...options) {
  const args = [cli, '--cli', ...target, '--protocol-era', era, '--format', 'json', ...header, '--method', method]
  return JSON.parse(execFileSync(process.execPath, [...args, ...options], { timeout: 30_000 })).result
}

const { prompts } = inspect('prompts/list')
assert.deepEqual(
  prompts.find((p) => p.name === 'greeting-template')?.arguments.map((a) => [a.name, a.required ?? false]),
  [['name', true], ['language', false]],
)

const { messages } = inspect('prompts/get', '--prompt-name', 'greeting-template', '--prompt-args', 'name=Ada')
assert.deepEqual(messages.map((m) => m.role), ['user'])
// trimEnd: whether the file's last newline is part of the text is settled elsewhere.
assert.equal(messages[0].content.text.trimEnd(), 'Write a warm, one-sentence greeting for Ada.')

assert.deepEqual(inspect('tools/list').tools.map((t) => t.name), ['add', 'multiply', 'search_prompts', 'get_prompt', 'open_gallery'])

const result = inspect('tools/call', '--tool-name', 'add', '--tool-arg', 'a=2', 'b=3')
assert.deepEqual(
  [result.isError ?? false, result.structuredContent, ...result.content.map((c) => c.text)],
  [false, { result: 5 }, '{"result":5}'],
)
