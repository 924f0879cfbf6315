// Texts of authors and of callers are never markup. That nothing runs and no other host is asked, `open` asserts for every page.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostile, markup } from './galleries.mjs'
import { eventually, open } from './page.mjs'
import { serve } from './server.mjs'

/** Elements and attributes that markup of the gallery would make. */
const foreign = (page) =>
  page.evaluate(() => {
    const found = []
    for (const element of document.querySelectorAll('body, body *')) {
      const name = element.localName
      if (['iframe', 'base', 'object', 'embed', 'link', 'meta', 'script', 'style'].includes(name)) {
        if (name !== 'script' || !element.src.startsWith(location.origin)) found.push(element.outerHTML)
      }
      for (const { name: attribute, value } of element.attributes) {
        if (attribute.startsWith('on')) found.push(element.outerHTML)
        if (['href', 'src', 'action'].includes(attribute)) {
          const { protocol, origin } = new URL(value, location.href)
          const isLink = attribute === 'href' && ['http:', 'https:', 'mailto:'].includes(protocol)
          const isOwn = origin === location.origin || (name === 'img' && protocol === 'data:')
          if (!isLink && !isOwn && !isDeepLink(element)) found.push(element.outerHTML)
        }
      }
      if (element.id === 'root' && element.parentElement !== document.body) found.push(element.outerHTML)
    }
    return found
    // Links that add the server to a client.
    function isDeepLink(element) {
      return /^(vscode|vscode-insiders|cursor|goose|lmstudio):/.test(element.getAttribute('href') ?? '')
    }
  })

test('names, titles, descriptions and tags are text', async (t) => {
  const page = await open(t, await serve(t, hostile))
  await page.getByRole('link', { name: 'Hostile <img src=x onerror=alert(1)>', exact: true }).waitFor()
  await page.getByText('<script>alert(1)</script>').first().waitFor()
  await page.getByRole('searchbox', { name: 'Search prompts' }).fill('<svg onload')
  await page.getByRole('link', { name: 'Hostile <svg onload=alert(1)></svg>', exact: true }).waitFor()
  assert.deepEqual(await foreign(page), [])
})

for (const tab of ['Try', 'In your client', 'Template']) {
  test(`arguments, defaults, enums and templates are text: ${tab}`, async (t) => {
    const page = await open(t, await serve(t, hostile), '/#/prompt/hostile')
    await page.getByRole('tab', { name: tab }).click()
    await page.getByText('<script>alert(1)</script>').first().waitFor()
    assert.deepEqual(await foreign(page), [])
  })
}

test('a rendered prompt is safe as Markdown and as text', async (t) => {
  const page = await open(t, await serve(t, hostile), '/#/prompt/hostile')
  const shown = page.getByRole('region', { name: 'Rendered prompt' })
  await page.getByRole('textbox', { name: /^Text / }).fill(markup.join('\n\n'))
  for (const mode of ['Markdown', 'Text']) {
    await page.getByRole('radio', { name: mode }).check()
    await shown.getByText(mode === 'Text' ? '[link](javascript:alert(1))' : 'link').first().waitFor()
    assert.deepEqual(await foreign(page), [])
  }
  await page.getByRole('radio', { name: 'Markdown' }).check()
  // A picture of another host is a link.
  const link = shown.getByRole('link', { name: /picture/ }).first()
  await eventually(async () => assert.equal(await link.getAttribute('href'), 'https://evil.example/picture.png'))
  assert.match(await link.getAttribute('rel'), /noreferrer/)
})

test('values of a link are text', async (t) => {
  const values = new URLSearchParams({ text: markup.join('\n'), choice: '<img src=x onerror=alert(1)>', other: markup[1] })
  const page = await open(t, await serve(t, hostile), `/#/prompt/hostile?${values}`)
  await page.getByText('<script>alert(1)</script>').first().waitFor()
  assert.deepEqual(await foreign(page), [])
})

test('a name that is not there is text', async (t) => {
  const page = await open(t, await serve(t, hostile), `/#/prompt/${encodeURIComponent(markup[0])}`)
  await page.getByRole('heading', { name: 'No such prompt' }).waitFor()
  await page.getByText(markup[0]).waitFor()
  assert.deepEqual(await foreign(page), [])
})
