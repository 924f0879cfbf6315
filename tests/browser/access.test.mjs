// axe-core finds no violation on any view, in both schemes, on a desktop and on a phone.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { conversation, hello, hostile, kinds, team } from './galleries.mjs'
import { openInHost } from './host.mjs'
import { dropFile, open, signedOut } from './page.mjs'
import { serve } from './server.mjs'

const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8')
const phone = { width: 375, height: 720 }

const views = {
  list: { files: team, path: '/', shown: (page) => page.getByText('5 prompts', { exact: true }) },
  'list with hits': { files: team, path: '/#/?q=review', shown: (page) => page.getByText('1 of 5 prompts') },
  'no hits': { files: team, path: '/#/?q=xylophone', shown: (page) => page.getByText('No prompt matches') },
  empty: { files: {}, path: '/', shown: (page) => page.getByText('No prompts yet') },
  prompt: { files: kinds, path: '/#/prompt/kinds?text=x&count=many', shown: (page) => page.getByText(/“many” is not/).first() },
  conversation: { files: conversation, path: '/#/prompt/talk', shown: (page) => page.getByText('About bees').last() },
  hostile: { files: hostile, path: '/#/prompt/hostile', shown: (page) => page.getByText('<script>alert(1)</script>').last() },
  clients: { files: team, path: '/#/prompt/code_review', tab: 'In your client', shown: (page) => page.getByText('Claude Code').first() },
  template: { files: team, path: '/#/prompt/code_review', tab: 'Template', shown: (page) => page.getByText('code/review.prompt').first() },
  'broken file': { files: team, path: '/#/file/writing%2Fbroken.prompt', shown: (page) => page.getByText('is opened here and not closed by') },
  refused: {
    files: team,
    path: '/#/prompt/code_review',
    act: (page) => page.getByRole('button', { name: 'Copy text' }).click({ force: true }),
    shown: (page) => page.getByText('Fill in first: Code or diff.'),
  },
  'no such prompt': { files: team, path: '/#/prompt/nothing', shown: (page) => page.getByText('No such prompt') },
  'signed out': {
    files: team,
    path: '/',
    expected: /status of 401/,
    before: signedOut,
    shown: (page) => page.getByRole('heading', { name: 'Sign in to see the prompts' }),
  },
  'server away': {
    files: team,
    path: '/',
    expected: /Failed to load resource: net::ERR_FAILED/,
    before: (page) => page.route('**/mcp', (route) => route.abort()),
    shown: (page) => page.getByRole('heading', { name: 'The server does not answer' }),
  },
  loading: {
    files: team,
    path: '/',
    // The request is never answered.
    before: (page) => page.route('**/mcp', () => {}),
    shown: (page) => page.getByText('Loading the prompts…').first(),
  },
  'open suggestions': {
    files: kinds,
    env: { PROMPT_TOOLS: 'off' },
    path: '/#/prompt/kinds?text=x',
    act: (page) => page.getByRole('textbox', { name: 'City' }).click(),
    shown: (page) => page.getByRole('option', { name: 'Dublin' }),
  },
  'values left out of a link': {
    files: team,
    path: `/#/prompt/writing_translate?text=${'x'.repeat(201)}`,
    act: async (page) => {
      await page.getByText(/^Translate into English: x+$/).waitFor()
      await page.getByRole('button', { name: 'Copy link with values' }).click()
    },
    shown: (page) => page.getByText(/^Link copied without .*Text/),
  },
  'failed and stale rendering': {
    files: hello,
    path: '/#/prompt/hello?name=Ada',
    expected: /Failed to load resource: net::ERR_FAILED/,
    act: async (page) => {
      await page.getByText('Say hello to Ada.').waitFor()
      await page.route('**/mcp', (route) => route.abort())
      await page.getByRole('textbox', { name: 'name' }).fill('Grace')
      await page.getByText('The prompt could not be rendered').waitFor()
    },
    shown: (page) => page.getByText('This is the rendering of earlier values.'),
  },
  'a file that is not taken': {
    files: kinds,
    path: '/#/prompt/kinds',
    act: (page) => dropFile(page, page.getByRole('textbox', { name: 'Text' }), Buffer.from([0xff, 0xfe, 0x00]), 'picture.png'),
    shown: (page) => page.getByText('The file is not text in UTF-8.'),
  },
  'list of broken files': {
    files: team,
    path: '/',
    act: (page) => page.getByText(/files? (has|have) problems/).click(),
    shown: (page) => page.getByText('line 5, column 1'),
  },
}

const inHost = {
  list: { files: team, shown: (app) => app.getByText('5 prompts', { exact: true }) },
  'no hits': { files: team, input: { query: 'xylophone' }, shown: (app) => app.getByText('No prompt matches') },
  empty: { files: {}, shown: (app) => app.getByText('No prompts yet') },
  prompt: { files: kinds, input: { name: 'kinds' }, shown: (app) => app.getByRole('textbox', { name: 'Text' }) },
  conversation: { files: conversation, input: { name: 'talk' }, shown: (app) => app.getByText('About bees').last() },
  'no such prompt': { files: team, input: { name: 'nothing' }, shown: (app) => app.getByText('No such prompt') },
}

for (const [name, { files, input = {}, shown }] of Object.entries(inHost)) {
  test(`no violation in a host: ${name}`, async (t) => {
    for (const theme of ['light', 'dark']) {
      for (const viewport of [{ width: 1280, height: 900 }, phone]) {
        const options = { viewport, colorScheme: theme, bypassCSP: true, reducedMotion: 'reduce' }
        const { page, app } = await openInHost(t, files, { arguments: input, theme, ...options })
        await shown(app).waitFor()
        await assertAccessible(page.frames().find((frame) => frame !== page.mainFrame()), `${theme}, ${viewport.width}`)
      }
    }
  })
}

for (const [name, { files, env, path, tab, expected, before, act, shown }] of Object.entries(views)) {
  test(`no violation: ${name}`, async (t) => {
    const server = await serve(t, files, env)
    for (const colorScheme of ['light', 'dark']) {
      for (const viewport of [{ width: 1280, height: 900 }, phone]) {
        const options = { colorScheme, viewport, expected, bypassCSP: true, reducedMotion: 'reduce', permissions: ['clipboard-write'] }
        const page = await open(t, server, null, options)
        await before?.(page)
        await page.goto(server.origin + path)
        if (tab) await page.getByRole('tab', { name: tab }).click()
        await act?.(page)
        await shown(page).waitFor()
        await assertAccessible(page, `${colorScheme}, ${viewport.width}`)
      }
    }
  })
}

async function assertAccessible(frame, where) {
  await frame.evaluate(axe)
  const { violations, passes } = await frame.evaluate(() => window.axe.run())
  assert.ok(passes.length > 10)
  const told = violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => [node.html, node.failureSummary]) }))
  assert.deepEqual(told, [], where)
}
