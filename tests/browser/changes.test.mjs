// A page that stays open follows its server.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hello, team } from './galleries.mjs'
import { eventually, open, withoutLiveLists } from './page.mjs'
import { serve } from './server.mjs'

test('a changed file shows at once in an open page', async (t) => {
  const server = await serve(t, team)
  const page = await open(t, server)
  const title = (name) => page.getByRole('heading', { name, exact: true })
  await title('Hello').waitFor()
  server.write('hello.prompt', hello['hello.prompt'].replace('title: Hello', 'title: Good morning'))
  await title('Good morning').waitFor()
  server.write('new.prompt', hello['hello.prompt'].replace('title: Hello', 'title: New prompt'))
  await title('New prompt').waitFor()
  await page.getByText('6 prompts', { exact: true }).waitFor()
  server.delete('new.prompt')
  await title('New prompt').waitFor({ state: 'detached' })
})

test('a changed template is rendered at once in an open prompt', async (t) => {
  const server = await serve(t, hello)
  const page = await open(t, server, '/#/prompt/hello')
  await page.getByRole('textbox', { name: 'name' }).fill('Ada')
  await page.getByText('Say hello to Ada.').waitFor()
  server.write('hello.prompt', hello['hello.prompt'].replace('Say hello', 'Say good morning'))
  await page.getByText('Say good morning to Ada.').waitFor()
  assert.equal(await page.getByRole('textbox', { name: 'name' }).inputValue(), 'Ada')
})

test('without live lists a page that gets the focus shows a changed file', async (t) => {
  const server = await serve(t, team)
  const page = await open(t, server, null)
  const methods = []
  await page.route('**/mcp', (route) => {
    methods.push(route.request().postDataJSON().method)
    return withoutLiveLists(route, server.origin)
  })
  await page.goto(server.origin)
  const title = (name) => page.getByRole('heading', { name, exact: true })
  await title('Hello').waitFor()
  server.write('hello.prompt', hello['hello.prompt'].replace('title: Hello', 'title: Good morning'))
  // The page was in sight the whole time.
  await eventually(async () => {
    await page.evaluate(() => window.dispatchEvent(new Event('focus')))
    assert.equal(await title('Good morning').count(), 1)
  })
  assert.ok(!methods.includes('subscriptions/listen'))
  const lists = methods.filter((method) => method === 'prompts/list').length
  assert.ok(lists <= 6, `${lists} lists for a focus that comes again and again`)
})

// What Chromium writes of requests that a test lets fail.
const expected = /Failed to load resource: net::ERR_|ERR_INCOMPLETE_CHUNKED_ENCODING/

test('a server that goes away and comes back', async (t) => {
  const server = await serve(t, team)
  const page = await open(t, server, '/', { expected })
  await page.getByText('5 prompts', { exact: true }).waitFor()
  await server.stop()
  await page.getByText('The server does not answer. What you see may be old; the page tries again by itself.').waitFor()
  // What was read before can be searched still.
  await page.getByRole('searchbox', { name: 'Search prompts' }).fill('translate')
  await page.getByText('1 of 5 prompts').waitFor()
  server.write('writing/translate.prompt', team['writing/translate.prompt'].replace('title: Translate', 'title: Translate it'))
  await server.start()
  await page.getByRole('heading', { name: 'Translate it' }).waitFor({ timeout: 30_000 })
  await page.getByText('The server does not answer').waitFor({ state: 'detached' })
})

test('a page that is opened while the gallery does not answer shows it later', async (t) => {
  const server = await serve(t, hello)
  const page = await open(t, server, null, { expected })
  await page.route('**/mcp', (route) => route.abort())
  await page.goto(server.origin)
  await page.getByRole('heading', { name: 'The server does not answer' }).waitFor()
  await page.unroute('**/mcp')
  await page.getByRole('heading', { name: 'Hello' }).waitFor({ timeout: 30_000 })
})

test('a rendering that fails for want of a server is tried again', async (t) => {
  const server = await serve(t, hello)
  const page = await open(t, server, '/#/prompt/hello', { expected })
  await page.getByRole('textbox', { name: 'name' }).fill('Ada')
  await page.getByText('Say hello to Ada.').waitFor()
  await server.stop()
  await page.getByRole('textbox', { name: 'name' }).fill('Grace')
  await page.getByText('The server does not answer').first().waitFor()
  await server.start()
  await page.getByText('Say hello to Grace.').waitFor({ timeout: 30_000 })
})
