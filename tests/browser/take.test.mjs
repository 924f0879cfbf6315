// Copies, links and the lines for clients.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { conversation, team } from './galleries.mjs'
import { eventually, open } from './page.mjs'
import { serve } from './server.mjs'

const permissions = ['clipboard-read', 'clipboard-write']
const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText())
// What a shell, JSON or an address may take for something else.
const difficult = `it's "quoted", \\n $HOME \`id\` !history & <b> 100% ü 🐝\nsecond line #1`

async function copied(page, name) {
  await page.evaluate(() => navigator.clipboard.writeText(''))
  await page.getByRole('button', { name }).click()
  return eventually(async () => {
    const text = await clipboard(page)
    assert.notEqual(text, '')
    // Chromium on Linux keeps text as it is; other systems have line ends of their own.
    return text
  })
}

test('a rendered prompt is copied as text, as JSON and as curl', async (t) => {
  const server = await serve(t, team)
  const page = await open(t, server, '/#/prompt/writing_translate', { permissions })
  await page.getByRole('textbox', { name: 'Text' }).fill(difficult)
  await page.getByText(/second line #1/).last().waitFor()
  const expected = await server.render('writing_translate', { text: difficult })
  assert.equal(await copied(page, 'Copy text'), expected)
  assert.deepEqual(JSON.parse(await copied(page, 'Copy as JSON messages')), [{ role: 'user', content: expected }])
  const command = await copied(page, 'Copy as curl')
  const answer = JSON.parse(execFileSync('bash', ['-c', command], { encoding: 'utf8' }))
  assert.equal(answer.result.messages[0].content.text, expected)
})

test('nothing is copied while a required argument is missing, and the page says which', async (t) => {
  const page = await open(t, await serve(t, team), '/#/prompt/writing_translate', { permissions })
  await page.evaluate(() => navigator.clipboard.writeText('before'))
  // The button is marked as disabled, and can be pressed all the same.
  await page.getByRole('button', { name: 'Copy text' }).click({ force: true })
  await page.getByText('Fill in first: Text.').waitFor()
  await page.getByText('Fill in this argument.').waitFor()
  const field = page.getByRole('textbox', { name: 'Text' })
  assert.ok(await field.evaluate((element) => element === document.activeElement))
  assert.equal(await clipboard(page), 'before')
  await copied(page, 'Copy as curl')
  await page.getByText('The server refuses the call until these are filled in: Text.').waitFor()
  await field.fill('Guten Tag')
  await page.getByText('The server refuses').waitFor({ state: 'hidden' })
  await page.getByText('Translate into English: Guten Tag').waitFor()
  assert.equal(await copied(page, 'Copy text'), 'Translate into English: Guten Tag')
})

test('a conversation is copied with its roles', async (t) => {
  const page = await open(t, await serve(t, conversation), '/#/prompt/talk', { permissions })
  const text = await copied(page, 'Copy text')
  assert.match(text, /^User:\n# About bees\n[^]*\n\nAssistant:\nGladly: `bees`\.[^]*\n\nUser:\nWhat is this\?/)
  const messages = JSON.parse(await copied(page, 'Copy as JSON messages'))
  assert.deepEqual(messages.map(({ role }) => role), ['user', 'assistant', 'user'])
  assert.equal(messages[2].content[1].mimeType, 'image/png')
})

test('a link holds the values, and a new page shows the same', async (t) => {
  const server = await serve(t, team)
  const page = await open(t, server, '/#/prompt/writing_translate', { permissions })
  await page.getByRole('textbox', { name: 'Text' }).fill('Guten Tag & mehr')
  await page.getByRole('textbox', { name: 'Language' }).fill('French')
  const link = new URL(await copied(page, 'Copy link with values'))
  assert.deepEqual([link.origin, link.pathname, link.search], [server.origin, '/', ''])
  const other = await open(t, server, `/${link.hash}`)
  assert.equal(await other.getByRole('textbox', { name: 'Text' }).inputValue(), 'Guten Tag & mehr')
  await other.getByText('Translate into French: Guten Tag & mehr').waitFor()
})

test('long values and those that may be secret stay out of a link, unless one asks for them', async (t) => {
  const server = await serve(t, deploy)
  const page = await open(t, server, '/#/prompt/deploy', { permissions })
  await page.getByRole('textbox', { name: 'Service' }).fill('web')
  await page.getByRole('textbox', { name: 'Token' }).fill('hunter2')
  await page.getByRole('textbox', { name: 'Notes' }).fill('n'.repeat(201))
  const link = await copied(page, 'Copy link with values')
  assert.match(link, /#\/prompt\/deploy\?service=web$/)
  await page.getByText(/Link copied without .*(Token|api_token)/).waitFor()
  const whole = new URL(await copied(page, 'Copy with these values too'))
  const other = await open(t, server, `/${whole.hash}`)
  assert.equal(await other.getByRole('textbox', { name: 'Token' }).inputValue(), 'hunter2')
})

const deploy = {
  'deploy.prompt': `---
title: Deploy
arguments:
  - {name: service, title: Service, required: true}
  - {name: api_token, title: Token}
  - {name: database, title: Password of the database}
  - {name: notes, title: Notes}
---
service={{service}} token={{api_token}} database={{database}} notes={{notes}}
`,
}

test('the address follows the values, but for long and secret ones, which stay while the page is open', async (t) => {
  const server = await serve(t, deploy)
  const page = await open(t, server)
  const addresses = await watchAddresses(page)
  await page.getByRole('link', { name: 'Deploy' }).click()
  const field = (name) => page.getByRole('textbox', { name })
  const long = 'n'.repeat(201)
  await field('Token').fill('hunter2')
  await field('Password of the database').fill('hunter3')
  await field('Notes').fill(long)
  await field('Service').fill('web & more')
  const address = `${server.origin}/#/prompt/deploy?service=web+%26+more`
  await eventually(() => assert.equal(page.url(), address))
  const values = async () => Promise.all(['Service', 'Token', 'Password of the database', 'Notes'].map((name) => field(name).inputValue()))
  for (const [way, leave] of Object.entries({
    'Back and Forward': () => page.goBack().then(() => page.getByText('1 prompt', { exact: true }).waitFor()).then(() => page.goForward()),
    'the list': async () => {
      await page.getByRole('link', { name: 'All prompts' }).click()
      await page.getByRole('link', { name: 'Deploy' }).click()
    },
  })) {
    await leave()
    await field('Service').waitFor()
    assert.deepEqual(await values(), ['web & more', 'hunter2', 'hunter3', long], way)
    await eventually(() => assert.equal(page.url(), address, way))
  }
  await page.reload()
  await field('Service').waitFor()
  assert.deepEqual(await values(), ['web & more', '', '', ''])
  assert.ok(addresses.length > 1)
  for (const seen of addresses) assert.doesNotMatch(seen, /hunter|nnn/)
})

test('the address follows the tab, and a changed address is followed', async (t) => {
  const server = await serve(t, deploy)
  const page = await open(t, server, '/#/prompt/deploy?service=web')
  const isShown = async (name) => assert.equal(await page.getByRole('tab', { name }).getAttribute('aria-selected'), 'true')
  await page.getByRole('tab', { name: 'Template' }).click()
  await eventually(() => assert.equal(page.url(), `${server.origin}/#/prompt/deploy/template?service=web`))
  await page.reload()
  await eventually(() => isShown('Template'))
  await page.evaluate(() => (location.hash = '#/prompt/deploy/clients?service=api'))
  await eventually(() => isShown('In your client'))
  await page.getByRole('tab', { name: 'Try' }).click()
  assert.equal(await page.getByRole('textbox', { name: 'Service' }).inputValue(), 'api')
  await page.getByText('service=api').waitFor()
  await eventually(() => assert.equal(page.url(), `${server.origin}/#/prompt/deploy?service=api`))
  await page.goBack()
  await eventually(() => isShown('Template'))
  assert.equal(await page.getByRole('textbox', { name: 'Service', includeHidden: true }).inputValue(), 'web')
})

test('what was typed just before the prompt is left is in its address', async (t) => {
  const server = await serve(t, deploy)
  const page = await open(t, server)
  await page.getByRole('link', { name: 'Deploy' }).click()
  await page.getByRole('textbox', { name: 'Service' }).fill('web')
  // The first leaves the field, the second the prompt.
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await page.getByText('1 prompt', { exact: true }).waitFor()
  assert.equal(page.url(), `${server.origin}/#/`)
  await page.goForward()
  await eventually(() => assert.equal(page.url(), `${server.origin}/#/prompt/deploy?service=web`))
})

/** Every address that the page gives itself. */
async function watchAddresses(page) {
  const addresses = []
  await page.exposeFunction('addressIs', (address) => addresses.push(String(address)))
  await page.evaluate(() => {
    const replaceState = history.replaceState.bind(history)
    history.replaceState = (state, unused, address) => {
      replaceState(state, unused, address)
      window.addressIs(address)
    }
  })
  return addresses
}

test('each client is told how to call the prompt at this address', async (t) => {
  const server = await serve(t, team)
  const page = await open(t, server, '/#/prompt/writing_translate')
  await page.getByRole('tab', { name: 'In your client' }).click()
  await page.getByText(`claude mcp add --transport http prompt-gallery ${server.origin}/mcp`).first().waitFor()
  for (const client of ['Claude Code', 'VS Code', 'Cursor', 'Codex', 'Gemini CLI']) {
    await page.getByText(client).first().waitFor()
  }
})
