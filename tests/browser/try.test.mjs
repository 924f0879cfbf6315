// The form of a prompt, and its rendering beside it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conversation, kinds, team } from './galleries.mjs'
import { dropFile, eventually, open } from './page.mjs'
import { serve } from './server.mjs'

const rendering = (page) => page.getByRole('region', { name: 'Rendered prompt' })

test('the form has a control for each kind, and the rendering follows each change', async (t) => {
  const server = await serve(t, kinds)
  const page = await open(t, server, '/#/prompt/kinds')
  await page.getByRole('textbox', { name: 'Text' }).fill('some text')
  await page.getByRole('radio', { name: 'blue' }).check()
  await page.getByRole('combobox', { name: 'City' }).selectOption('Dublin')
  await page.getByRole('textbox', { name: 'Count' }).fill('3')
  await page.getByRole('textbox', { name: 'Share' }).fill('0.5')
  await page.getByRole('switch', { name: 'Polite' }).check()
  await page.getByRole('textbox', { name: 'Items' }).fill('one\ntwo')
  await page.getByRole('textbox', { name: 'Person' }).fill('{"name": "Ada"}')
  const values = { text: 'some text', colour: 'blue', city: 'Dublin', count: '3', share: '0.5', polite: 'true' }
  const expected = await server.render('kinds', { ...values, items: '["one","two"]', person: '{"name":"Ada"}' })
  await eventually(async () => {
    const text = await rendering(page).innerText()
    for (const part of expected.split(/\s+/)) assert.ok(text.includes(part), `${part} in ${text}`)
  })
})

test('a missing argument is named, and its field is marked once it was left', async (t) => {
  const page = await open(t, await serve(t, kinds), '/#/prompt/kinds')
  await page.getByText('One required argument is missing:').waitFor()
  const field = page.getByRole('textbox', { name: 'Text' })
  await page.getByRole('button', { name: 'Go to Text' }).click()
  assert.ok(await field.evaluate((element) => element === document.activeElement))
  await field.press('Tab')
  await described(page, field, 'Fill in this argument.')
  await field.fill('x')
  await rendering(page).getByText('text=x').waitFor()
  await eventually(async () => assert.notEqual(await field.getAttribute('aria-invalid'), 'true'))
})

test('an ill-typed argument has its error at its field', async (t) => {
  const page = await open(t, await serve(t, kinds), '/#/prompt/kinds')
  await page.getByRole('textbox', { name: 'Text' }).fill('x')
  for (const [name, bad, good, message] of [
    ['Count', 'many', '2', '“many” is not a whole number.'],
    ['Count', '1.5', '2', '“1.5” is not a whole number.'],
    ['Share', 'half', '0.5', '“half” is not a number.'],
    ['Person', '[1]', '{}', 'This is JSON, but not an object: begin with {.'],
  ]) {
    const field = page.getByRole('textbox', { name })
    await field.fill(bad)
    await field.press('Tab')
    await described(page, field, message)
    assert.equal(await field.getAttribute('aria-invalid'), 'true', bad)
    await field.fill(good)
    await eventually(async () => assert.notEqual(await field.getAttribute('aria-invalid'), 'true', good))
  }
})

test('the server suggests values while one types, where their list is not known', async (t) => {
  const page = await open(t, await serve(t, kinds, { PROMPT_TOOLS: 'off' }), '/#/prompt/kinds')
  await page.getByRole('textbox', { name: 'Text' }).fill('x')
  await page.getByRole('textbox', { name: 'City' }).click()
  const field = page.getByRole('combobox', { name: 'City' })
  const options = page.getByRole('listbox', { name: 'Suggestions for City' }).getByRole('option')
  await eventually(async () => assert.equal(await options.count(), 6))
  await field.pressSequentially('dub')
  await eventually(async () => assert.deepEqual(await options.allInnerTexts(), ['Dublin']))
  await field.press('ArrowDown')
  await field.press('Enter')
  assert.equal(await field.inputValue(), 'Dublin')
  await rendering(page).getByText(/city=Dublin/).waitFor()
  await field.fill('Paris')
  await field.press('Tab')
  // What only the server can tell is told at the field too.
  await eventually(async () => assert.equal(await field.or(page.getByRole('textbox', { name: 'City' })).getAttribute('aria-invalid'), 'true'))
})

test('a text file that is dropped into a field becomes its value', async (t) => {
  const page = await open(t, await serve(t, kinds), '/#/prompt/kinds')
  const field = page.getByRole('textbox', { name: 'Text' })
  await dropFile(page, field, Buffer.from('from a file\n'), 'notes.txt')
  await eventually(async () => assert.equal(await field.inputValue(), 'from a file\n'))
  await rendering(page).getByText('text=from a file').waitFor()
  await dropFile(page, field, Buffer.from([0xff, 0xfe, 0x00]), 'picture.png')
  await page.getByText('The file is not text in UTF-8.').waitFor()
  assert.equal(await field.inputValue(), 'from a file\n')
})

test('a conversation is shown by roles, with its pictures, as Markdown or raw', async (t) => {
  const page = await open(t, await serve(t, conversation), '/#/prompt/talk')
  const shown = rendering(page)
  await shown.getByRole('heading', { name: 'About bees' }).waitFor()
  await shown.getByRole('listitem').filter({ hasText: 'two' }).waitFor()
  await shown.getByText('Assistant', { exact: true }).waitFor()
  const picture = shown.getByRole('img', { name: 'Picture in the prompt' })
  await eventually(async () => assert.equal(await picture.evaluate((image) => image.naturalWidth), 1))
  await page.getByRole('radio', { name: 'Text' }).check()
  await shown.getByText('# About bees').waitFor()
  await shown.getByText(/about \d+ tokens/).waitFor()
})

/** The text that a field is described by. */
async function described(page, field, message) {
  await eventually(async () => {
    const ids = (await field.getAttribute('aria-describedby')) ?? ''
    const texts = await Promise.all(ids.split(' ').filter(Boolean).map((id) => page.locator(`[id="${id}"]`).innerText()))
    assert.ok(texts.join('\n').includes(message), `${message} in ${texts}`)
  })
}
