// Prompts as tools, with the official TypeScript clients: prompt_tools.mjs URL, a server of the folder tools/.
// Silent when every answer is right; otherwise an AssertionError that shows what came instead.
import assert from 'node:assert/strict'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

const [url] = process.argv.slice(2)

const sdk = {
  ...(await import('@modelcontextprotocol/sdk/client/index.js')),
  ...(await import('@modelcontextprotocol/sdk/client/streamableHttp.js')),
}
const v2 = await import('@modelcontextprotocol/client')
const clients = [
  [sdk, {}],
  [v2, { versionNegotiation: { mode: 'legacy' } }],
  [v2, { versionNegotiation: { mode: { pin: '2026-07-28' } } }],
]

// As strict as Ajv is: unknown keywords and formats are errors.
const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true })
formats.default(ajv)

const trip = { city: 'Oslo', days: 2, pace: 'slow', quiet: true, budget: 99.5, stops: [{ name: 'Bergen', nights: 1 }] }
const text = '2 slow days in Oslo, quietly for 99.5. Bergen: 1.'

for (const [{ Client, StreamableHTTPClientTransport }, options] of clients) {
  const client = new Client({ name: 'test', version: '1' }, options)
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  const call = (name, args) => client.callTool({ name, arguments: args })
  const get = (name, args) => call('get_prompt', { name, arguments: args })

  const { tools } = await client.listTools()
  assert.deepEqual(tools.map((tool) => tool.name), ['add', 'multiply', 'search_prompts', 'get_prompt', 'open_gallery', 'trip'])
  const compiled = Object.fromEntries(tools.map((tool) => [tool.name, ajv.compile(tool.inputSchema)]))
  tools.filter((tool) => tool.outputSchema).forEach((tool) => ajv.compile(tool.outputSchema))
  assert.ok(tools.slice(2).every((tool) => tool.annotations.readOnlyHint && !tool.annotations.destructiveHint))
  assert.ok(compiled.trip(trip), JSON.stringify(compiled.trip.errors))
  assert.ok(!compiled.trip({ ...trip, pace: 'other' }) && !compiled.trip({ city: 'oslo' }) && !compiled.trip({ x: 1 }))

  // The client checks the structured content against the output schema.
  const { structuredContent: found, content } = await call('search_prompts', { query: 'trpi plan' })
  assert.equal(found.prompts[0].name, 'trip')
  assert.deepEqual(JSON.parse(content[0].text), found)
  const all = (await call('search_prompts', {})).structuredContent
  assert.deepEqual([all.total, ...all.prompts.map((prompt) => prompt.name)], [3, 'dialog', 'explain', 'trip'])
  for (const prompt of all.prompts) ajv.compile(prompt.arguments)

  // What arrives is what prompts/get gives.
  for (const [name, args] of [['trip', trip], ['explain', { topic: 'rust', short: true, points: [{ title: 'a', weight: 1 }], notes: ['b, c'] }]]) {
    const asText = Object.entries(args).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)])
    const { messages } = await client.getPrompt({ name, arguments: Object.fromEntries(asText) })
    const got = await get(name, args)
    assert.deepEqual(got.content, messages.map((message) => message.content))
    assert.deepEqual([got.isError, got.structuredContent, got._meta['prompt-gallery/roles']], [false, undefined, ['user']])
  }
  assert.equal((await call('trip', trip)).content[0].text, text)

  const dialog = await get('dialog', { what: 'now' })
  assert.deepEqual(dialog.content.map((block) => block.text ?? block.type), ['[user]\nLook:', 'image', '\n[assistant]\nA dot.', '\n[user]\nAnd now?'])
  assert.deepEqual(dialog._meta['prompt-gallery/roles'], ['user', 'user', 'assistant', 'user'])

  for (const wrong of [await get('trip', { days: 0 }), await call('trip', { days: 'x' }), await get('tripp', {})]) {
    assert.ok(wrong.isError, JSON.stringify(wrong))
  }
  assert.match((await get('trip', {})).content[0].text, /`city`.*JSON Schema/s)
  await client.close()
}
