// Widths, colour schemes and motion.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostile, kinds, team } from './galleries.mjs'
import { cards, eventually, open } from './page.mjs'
import { serve } from './server.mjs'

const word = 'Donaudampfschifffahrtsgesellschaftskapitän'.repeat(4)
const long = {
  ...team,
  [`${'folder-'.repeat(12)}/${'name-'.repeat(12)}.prompt`]: `---
title: ${word}
description: ${word} ${'many words '.repeat(80)}
tags: [${word}, ${Array.from({ length: 30 }, (_, i) => `tag-${i}`)}]
arguments:
${Array.from({ length: 40 }, (_, i) => `  - {name: argument_${i}_${word.toLowerCase().slice(0, 40).replaceAll('ä', 'a')}, title: ${word} ${i}, description: ${word}}`).join('\n')}
---
${word} {{argument_0}}
`,
}
const name = 'folder-folder-folder-folder-folder-folder-folder-folder-f'

test('nothing is wider than the window, at any width', async (t) => {
  const servers = { long: await serve(t, long), kinds: await serve(t, kinds), hostile: await serve(t, hostile) }
  const { prompts } = await servers.long.call('prompts/list')
  const longest = prompts.find((prompt) => prompt.name.startsWith(name)).name
  for (const width of [320, 375, 768, 1280]) {
    for (const [server, path] of [
      ['long', '/'],
      ['long', `/#/prompt/${longest}`],
      ['kinds', '/#/prompt/kinds?text=x&count=many'],
      ['hostile', '/#/prompt/hostile'],
    ]) {
      const page = await open(t, servers[server], path, { viewport: { width, height: 720 } })
      await page.getByRole('heading', { level: path === '/' ? 3 : 1 }).first().waitFor()
      const views = path === '/' ? [null] : ['Try', 'In your client', 'Template']
      for (const view of views) {
        if (view) await page.getByRole('tab', { name: view }).click()
        const scroll = await page.evaluate(() => document.documentElement.scrollWidth)
        assert.ok(scroll <= width, `${path} ${view}: ${scroll} px in a window of ${width}`)
      }
    }
  }
})

test('on a phone the filters are folded, and the whole way works by touch', async (t) => {
  const page = await open(t, await serve(t, team), '/', { viewport: { width: 375, height: 720 }, hasTouch: true, isMobile: true })
  const tag = page.getByRole('button', { name: /^quality/ })
  await page.getByText('Folders and tags').tap()
  await tag.tap()
  await eventually(async () => assert.deepEqual(await cards(page), ['Code review', 'Test cases']))
  await page.getByText('Folders and tags').tap()
  await page.getByRole('link', { name: 'Test cases' }).tap()
  await page.getByRole('textbox', { name: 'Requirement' }).fill('A user signs in')
  await page.getByText('Which tests does this need? A user signs in').waitFor()
  await page.getByRole('link', { name: 'All prompts' }).tap()
  await page.getByText('2 of 5 prompts').waitFor()
})

test('on a phone the copies are one row that stays in sight', async (t) => {
  const page = await open(t, await serve(t, kinds), '/#/prompt/kinds', { viewport: { width: 375, height: 720 }, hasTouch: true, isMobile: true })
  await page.getByRole('textbox', { name: 'Text' }).fill('x')
  for (const scroll of [0, 10_000]) {
    await page.evaluate((scroll) => window.scrollTo(0, scroll), scroll)
    const boxes = await Promise.all(
      ['Copy text', 'Copy as JSON messages', 'Copy as curl', 'Copy link with values'].map((name) => page.getByRole('button', { name }).boundingBox()),
    )
    const tops = boxes.map(({ y }) => Math.round(y))
    assert.equal(new Set(tops).size, 1, String(tops))
    assert.ok(tops[0] > 600 && tops[0] + boxes[0].height <= 720, String(tops))
  }
})

test('the page follows the scheme of the system, also while it is open', async (t) => {
  const page = await open(t, await serve(t, team), '/', { colorScheme: 'light' })
  const colours = () => page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color])
  const luminance = (colour) => colour.match(/\d+/g).slice(0, 3).map(Number).reduce((sum, part) => sum + part)
  await page.getByText('5 prompts', { exact: true }).waitFor()
  const [light, dark] = [await colours(), await page.emulateMedia({ colorScheme: 'dark' }).then(colours)]
  assert.ok(luminance(light[0]) > 600 && luminance(light[1]) < 300, String(light))
  assert.ok(luminance(dark[0]) < 200 && luminance(dark[1]) > 450, String(dark))
})

test('nothing moves for those who want less motion', async (t) => {
  const server = await serve(t, team)
  for (const path of ['/', '/#/prompt/code_review']) {
    const page = await open(t, server, path, { reducedMotion: 'reduce' })
    await page.getByRole('heading', { name: 'Code review' }).waitFor()
    const moving = await page.evaluate(() =>
      [...document.querySelectorAll('*')].filter((element) => {
        const { transitionDuration, animationName, animationDuration, scrollBehavior } = getComputedStyle(element)
        const lasts = (durations) => durations.split(', ').some((duration) => Number.parseFloat(duration) > 0.01)
        return lasts(transitionDuration) || (animationName !== 'none' && lasts(animationDuration)) || scrollBehavior === 'smooth'
      }).map((element) => element.outerHTML.slice(0, 100)),
    )
    assert.deepEqual(moving, [])
  }
})
