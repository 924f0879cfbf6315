// The configuration that a desktop client makes of mcpb/manifest.json starts the program: mcpb.mjs REPOSITORY PROGRAM.
// Silent when all is right; otherwise an AssertionError that shows what came instead.
import { getMcpConfigForManifest } from '@anthropic-ai/mcpb'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [repository, program] = process.argv.slice(2)
const manifest = JSON.parse(readFileSync(join(repository, 'mcpb/manifest.json'), 'utf8'))
const cargo = readFileSync(join(repository, 'Cargo.toml'), 'utf8')
assert.equal(manifest.version, cargo.match(/^version = "(.*)"/m)[1])

const bundle = mkdtempSync(join(tmpdir(), 'bundle-'))
mkdirSync(join(bundle, 'server'))
symlinkSync(program, join(bundle, manifest.server.entry_point))
const configuration = async (userConfig) => {
  const { command, args, env } = await getMcpConfigForManifest({ manifest, extensionPath: bundle, systemDirs: {}, userConfig, pathSeparator: '/' })
  const transport = new StdioClientTransport({ command, args, env, cwd: bundle, stderr: 'pipe' })
  const client = new Client({ name: 'test', version: '1' })
  try {
    await client.connect(transport)
    return (await client.listPrompts()).prompts.map((p) => p.name)
  } finally {
    await client.close()
  }
}

try {
  assert.ok((await configuration({ folder: join(repository, 'prompts') })).includes('greeting-template'))
  // What nobody has filled in is told in the settings' own words.
  await assert.rejects(configuration({}), /cannot start: .*pass --dir DIR or --bucket NAME/)
} finally {
  rmSync(bundle, { recursive: true })
}
