// The same page in Firefox, by WebDriver BiDi.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import puppeteer from 'puppeteer-core'
import { team } from './galleries.mjs'
import { serve } from './server.mjs'

let firefox
after(() => firefox?.close())

test('Firefox lists, searches and renders', async (t) => {
  const server = await serve(t, team)
  firefox = await puppeteer.launch({ browser: 'firefox', executablePath: '/usr/bin/firefox-esr', headless: true })
  const page = await firefox.newPage()
  page.setDefaultTimeout(20_000)
  const seen = []
  page.on('dialog', (dialog) => seen.push(`dialog: ${dialog.message()}`))
  page.on('pageerror', (error) => seen.push(`exception: ${error.message}`))
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) seen.push(`console: ${message.text()}`)
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(`${server.origin}/`) && !request.url().startsWith('data:')) seen.push(`request: ${request.url()}`)
  })
  await page.goto(server.origin)
  const find = (role, name) => page.locator(`::-p-aria([name="${name}"][role="${role}"])`)
  await find('searchbox', 'Search prompts').fill('translte')
  await find('link', 'Translate').click()
  await find('textbox', 'Text required').fill('Guten Tag')
  await page.locator('::-p-text(Translate into English: Guten Tag)').wait()
  assert.deepEqual(seen, [])
})
