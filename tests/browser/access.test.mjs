// axe-core finds no violation on any view, in both schemes, on a desktop and on a phone.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { conversation, hostile, kinds, team } from './galleries.mjs'
import { openInHost } from './host.mjs'
import { open } from './page.mjs'
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

for (const [name, { files, path, tab, act, shown }] of Object.entries(views)) {
  test(`no violation: ${name}`, async (t) => {
    const server = await serve(t, files)
    for (const colorScheme of ['light', 'dark']) {
      for (const viewport of [{ width: 1280, height: 900 }, phone]) {
        const page = await open(t, server, path, { colorScheme, viewport, bypassCSP: true, reducedMotion: 'reduce' })
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
