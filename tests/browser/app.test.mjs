// The app in a chat: a host built from ext-apps' own bridge opens it. The frame may not ask any server itself.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conversation, hostile, many, team } from './galleries.mjs'
import { openInHost } from './host.mjs'
import { cards, eventually } from './page.mjs'

test('the app is one resource for hosts', async (t) => {
  const { page, app } = await openInHost(t, team)
  await app.getByText('5 prompts', { exact: true }).waitFor()
  const { resource } = await page.evaluate(() => ({ resource: { ...window.host.resource, text: '' } }))
  assert.equal(resource.uri, 'ui://prompt-gallery/gallery.html')
  assert.equal(resource.mimeType, 'text/html;profile=mcp-app')
})

test('the app searches, fills in and sends', async (t) => {
  const { server, page, app } = await openInHost(t, team)
  await app.getByRole('searchbox', { name: 'Search prompts' }).fill('tranlsate')
  await eventually(async () => assert.deepEqual(await cards(app), ['Translate']))
  await app.getByRole('link', { name: /^Translate/ }).click()
  await app.getByRole('textbox', { name: 'Text' }).fill('Guten Tag')
  await app.getByText('Translate into English: Guten Tag').waitFor()
  await app.getByRole('button', { name: 'Use in the conversation' }).click()
  await app.getByText('Sent to the conversation.').waitFor()
  const text = await server.render('writing_translate', { text: 'Guten Tag' })
  const messages = await page.evaluate(() => window.host.messages)
  assert.deepEqual(messages, [{ role: 'user', content: [{ type: 'text', text }] }])
})

test('what sends the prompt is in sight, however low the frame is', async (t) => {
  const { page, app } = await openInHost(t, team, { arguments: { name: 'code_review' } })
  const use = app.getByRole('button', { name: 'Use in the conversation' })
  await app.getByRole('textbox', { name: 'Code or diff' }).waitFor()
  for (const height of [640, 360]) {
    await page.locator('iframe').evaluate((frame, height) => (frame.style.height = `${height}px`), height)
    await eventually(async () => {
      const { top, bottom } = await use.evaluate((button) => button.getBoundingClientRect())
      assert.ok(top > 0 && bottom <= height, `${top} to ${bottom} of ${height}`)
    })
  }
})

test('of a large gallery the app lists a part, says so, and finds the rest', async (t) => {
  const { app } = await openInHost(t, many(1_100))
  await app.getByText('1,000 of 1,100 prompts are listed. The search finds the others too.').waitFor({ timeout: 30_000 })
  // Prompts come by name, so that the last ones are not read.
  await app.getByRole('searchbox', { name: 'Search prompts' }).fill('folder-9_request-1089')
  await eventually(async () => assert.equal((await cards(app))[0], 'Review request 1089'))
  await app.getByRole('link', { name: 'Review request 1089' }).click()
  await app.getByRole('textbox', { name: 'Topic' }).waitFor()
})

test('several roles go as one message with the roles named', async (t) => {
  const { page, app } = await openInHost(t, conversation, { arguments: { name: 'talk' } })
  await app.getByRole('button', { name: 'Use in the conversation' }).click()
  await app.getByText('Sent to the conversation.').waitFor()
  const [{ role, content }, ...others] = await page.evaluate(() => window.host.messages)
  assert.deepEqual([role, others], ['user', []])
  const text = content.map((block) => block.text ?? '').join('\n')
  assert.match(text, /User:[^]*# About bees[^]*Assistant:[^]*Gladly: `bees`\.[^]*User:[^]*What is this\?/)
})

test('the tool opens the app at a prompt, or with a search', async (t) => {
  const one = await openInHost(t, team, { arguments: { name: 'code_review' } })
  await one.app.getByRole('textbox', { name: 'Code or diff' }).waitFor()
  const some = await openInHost(t, team, { arguments: { query: 'tests' } })
  await eventually(async () => assert.equal((await cards(some.app))[0], 'Test cases'))
})

test('the app takes the theme of its host', async (t) => {
  const luminance = (app) =>
    app.locator('body').evaluate((body) => {
      const [, red, green, blue] = /(\d+), (\d+), (\d+)/.exec(getComputedStyle(body).backgroundColor) ?? []
      return [red, green, blue].map(Number).reduce((sum, part) => sum + part)
    })
  const light = await openInHost(t, team, { theme: 'light', colorScheme: 'dark' })
  await light.app.getByText('5 prompts', { exact: true }).waitFor()
  assert.ok((await luminance(light.app)) > 600)
  const dark = await openInHost(t, team, { theme: 'dark', colorScheme: 'light' })
  await dark.app.getByText('5 prompts', { exact: true }).waitFor()
  assert.ok((await luminance(dark.app)) < 200)
})

test('the app copies, though its host gives it no clipboard', async (t) => {
  const expected = /Permissions policy violation: The Clipboard API has been blocked/
  const { page, app } = await openInHost(t, team, { arguments: { name: 'writing_translate' }, expected })
  await app.getByRole('textbox', { name: 'Text' }).fill('Guten Tag')
  await app.getByText('Translate into English: Guten Tag').waitFor()
  const refused = page.waitForEvent('console', (message) => expected.test(message.text()))
  await app.getByRole('button', { name: 'Copy text' }).click()
  await refused
  await app.getByText('Copied', { exact: true }).first().waitFor()
  // The host pastes.
  await page.evaluate(() => {
    const field = document.body.appendChild(document.createElement('textarea'))
    field.id = 'pasted'
    field.focus()
  })
  await page.keyboard.press('Control+V')
  assert.equal(await page.locator('#pasted').inputValue(), 'Translate into English: Guten Tag')
})

test('a hostile gallery is text in the app too', async (t) => {
  const { app } = await openInHost(t, hostile, { arguments: { name: 'hostile' } })
  await app.getByText('<script>alert(1)</script>').first().waitFor()
  const made = await app.locator('[onerror], [onload], [onmouseover], a[href^="javascript:"], iframe, base, img[src^="http"]').count()
  assert.equal(made, 0)
})
