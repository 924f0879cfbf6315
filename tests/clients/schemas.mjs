// The JSON Schemas that a server sends, with Ajv at its strictest: schemas.mjs URL NAME…, the names of tools that it must have.
// Silent when every schema compiles; otherwise an Error that names those that do not.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

const [url, ...expected] = process.argv.slice(2)
const client = new Client({ name: 'test', version: '1' })
await client.connect(new StreamableHTTPClientTransport(new URL(url)))

const { tools } = await client.listTools()
const schemas = tools.map((tool) => [`the tool ${tool.name}`, tool.inputSchema])
let cursor
do {
  const { structuredContent: page } = await client.callTool({ name: 'search_prompts', arguments: { cursor } })
  schemas.push(...page.prompts.map((prompt) => [`the prompt ${prompt.name}`, prompt.arguments]))
  cursor = page.nextCursor
} while (cursor)
await client.close()

const wrong = expected.filter((name) => !tools.some((tool) => tool.name === name)).map((name) => `${name} is no tool`)
for (const [name, schema] of schemas) {
  // A new one for each, because it remembers what it has compiled. Keywords for another type than the schema's are the author's.
  const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true })
  formats.default(ajv)
  try {
    ajv.compile(schema)
  } catch (error) {
    wrong.push(`${name}: ${error.message}`)
  }
  // What OpenAI's and Gemini's APIs require of lists, wherever they are.
  JSON.stringify(schema, (_, part) => {
    if (part?.type === 'array' && !('items' in part)) wrong.push(`${name}: a list without items: ${JSON.stringify(part)}`)
    return part
  })
}
if (wrong.length) throw new Error(wrong.join('\n'))
