// The configuration that a desktop client makes of mcpb/manifest.json starts the program: mcpb.mjs REPOSITORY PROGRAM.
// Silent when all is right; otherwise an AssertionError that shows what came instead.
import { getMcpConfigForManifest } from '@anthropic-ai/mcpb'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [repository, program] = process.argv.slice(2)
const manifest = JSON.parse(readFileSync(join(repository, 'mcpb/manifest.json'), 'utf8'))
const cargo = readFileSync(join(repository, 'Cargo.toml'), 'utf8')
assert.equal(manifest.version, cargo.match(/^version = "(.*)"/m)[1])

// The server.json that a release adds to the registry. Its schema is not in a package: these are its rules for what is used here
// (modelcontextprotocol/registry, docs/reference/server-json, 2025-12-11).
{
  const folder = mkdtempSync(join(tmpdir(), 'release-'))
  const bundle = join(folder, 'prompt-gallery-0.1.0-x86_64-unknown-linux-gnu.mcpb')
  writeFileSync(bundle, 'abc')
  const written = execFileSync(join(repository, 'mcpb/server-json'), ['team/gallery', `v${manifest.version}`, bundle], { encoding: 'utf8' })
  const server = JSON.parse(written)
  assert.deepEqual(Object.keys(server), ['$schema', 'name', 'title', 'description', 'version', 'remotes', 'repository', 'packages'])
  assert.equal(server.version, manifest.version)
  assert.equal(server.name, 'io.github.team/prompt-gallery')
  for (const text of [server.title, server.description]) assert.ok(text.length >= 1 && text.length <= 100)
  const [remote] = server.remotes
  assert.equal(remote.type, 'streamable-http')
  assert.deepEqual([...remote.url.matchAll(/\{(\w+)\}/g)].map(([, name]) => name), Object.keys(remote.variables))
  assert.deepEqual(server.packages, [
    {
      registryType: 'mcpb',
      identifier: `https://github.com/team/gallery/releases/download/v0.1.0/prompt-gallery-0.1.0-x86_64-unknown-linux-gnu.mcpb`,
      version: manifest.version,
      fileSha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      transport: { type: 'stdio' },
    },
  ])
  rmSync(folder, { recursive: true })
}

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
