// Skills with two clients: skills.mjs URL FOLDER verifies each skill with MCP Inspector, and installs them from
// /.well-known/agent-skills/ with the program `skills` of npm, in a project of results/.
// Silent when every file is right; otherwise an AssertionError that shows what came instead.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const [url, folder] = process.argv.slice(2)
const at = (module) => fileURLToPath(import.meta.resolve(module))
const run = (args, options) => execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000, ...options })

// It exits with an error if a digest, a size or the front matter is wrong.
const inspector = at('@modelcontextprotocol/inspector/clients/launcher/build/index.js')
const target = [url, '--transport', 'http', '--protocol-era', 'modern', '--method', 'skills/list']
run([inspector, '--cli', ...target, '--verify', '--require-digests'], { stdio: ['ignore', 'pipe', 'pipe'] })

const project = 'results/skills-project'
rmSync(project, { recursive: true, force: true })
mkdirSync(project, { recursive: true })
const cli = join(fileURLToPath(new URL('.', import.meta.url)), 'node_modules/skills/bin/cli.mjs')
run([cli, 'add', new URL(url).origin, '--agent', 'claude-code', '-y', '--copy'], { cwd: project })

const files = (root) =>
  readdirSync(root, { recursive: true })
    .filter((file) => statSync(join(root, file)).isFile())
    .sort()
const skills = files(folder)
  .filter((file) => basename(file) === 'SKILL.md')
  .map((file) => join(folder, file, '..'))
assert.ok(skills.length > 0)
for (const skill of skills) {
  const installed = join(project, '.claude/skills', basename(skill))
  assert.deepEqual(files(installed), files(skill))
  for (const file of files(skill)) {
    assert.deepEqual(readFileSync(join(installed, file)), readFileSync(join(skill, file)), file)
  }
}
