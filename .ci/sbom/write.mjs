// Adds the parts of the page to the lists of the programs that serve it, checks the lists, and writes them:
// write.mjs LIST-OF-THE-PROGRAM LIST-OF-THE-FUNCTION FOLDER, with the list of the page on standard input.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'

const root = resolve(fileURLToPath(import.meta.url), '../../..')
const [programFile, functionFile, folder] = process.argv.slice(2)
const page = JSON.parse(readFileSync(0, 'utf8'))
const asked = JSON.parse(readFileSync(join(root, 'web/package.json'), 'utf8')).dependencies

/** What cargo links into a program for any target, as `name@version`. */
function linked(packageName) {
  const options = ['--edges', 'normal', '--target', 'all', '--prefix', 'none', '--format', '{p}']
  const tree = execFileSync('cargo', ['tree', '--locked', '--package', packageName, ...options], { cwd: root, encoding: 'utf8' })
  const names = tree.split('\n').filter(Boolean).map(line => line.split(' ').slice(0, 2).join('@').replace('@v', '@'))
  return new Set(names)
}

/** A list without the folder in which it was made. */
function read(file) {
  const list = JSON.parse(readFileSync(file, 'utf8').replaceAll(`path+file://${root}`, 'path+file://'))
  const clean = component => {
    component.purl = component.purl?.replace(/\?download_url=file:.*$/, '')
    component.components?.forEach(clean)
  }
  clean(list.metadata.component)
  list.components.forEach(clean)
  return list
}

async function write(packageName, file) {
  const list = read(file)
  const { component } = list.metadata
  list.components.push({ ...page.metadata.component, scope: 'required' }, ...page.components)
  list.dependencies.find(({ ref }) => ref === component['bom-ref']).dependsOn.push(page.metadata.component['bom-ref'])
  list.dependencies.push(...page.dependencies)
  for (const { name, group, version } of page.metadata.tools.components) {
    if (name === 'cyclonedx-npm') list.metadata.tools.push({ vendor: group, name, version })
  }

  const named = new Set([component, ...list.components].map(({ group, name, version }) => `${group ? `${group}/` : ''}${name}@${version}`))
  const expected = [...linked(packageName), ...Object.entries(asked).map(([name, version]) => `${name}@${version}`)]
  const missing = expected.filter(part => !named.has(part))
  if (missing.length > 0) throw new Error(`${packageName}: the list lacks ${missing.join(', ')}`)
  const text = JSON.stringify(list, null, 2)
  const error = await new Validation.JsonStrictValidator(Spec.Version.v1dot5).validate(text)
  if (error !== null) throw new Error(`${packageName}: the list is not CycloneDX 1.5: ${JSON.stringify(error, null, 2)}`)
  if (text.includes(root)) throw new Error(`${packageName}: the list names the folder of the checkout`)

  const name = `${packageName}-${component.version}.cdx.json`
  writeFileSync(join(folder, name), `${text}\n`)
  console.log(`ok      ${name}: ${list.components.length} parts`)
}

await write('prompt-gallery', programFile)
await write('prompt-gallery-function', functionFile)
