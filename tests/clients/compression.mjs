// Reads compressed answers with Node's own fetch, which takes gzip by itself: compression.mjs URL. Silent when every answer is right;
// otherwise an AssertionError that shows what came instead.
import assert from 'node:assert/strict'

const [url] = process.argv.slice(2)

const post = (method, params, headers) => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: `${method} "1"`, method, params })
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
}

const app = { uri: 'ui://prompt-gallery/gallery.html' }
for (const [method, params] of [['prompts/list', {}], ['tools/list', {}], ['resources/read', app], ['prompts/list', {}], ['resources/read', app]]) {
  const zipped = await post(method, params, {})
  const plain = await post(method, params, { 'accept-encoding': 'identity' })
  assert.equal(zipped.headers.get('content-encoding'), 'gzip', method)
  assert.equal(plain.headers.get('content-encoding'), null, method)
  assert.match(zipped.headers.get('vary'), /accept-encoding/i)
  const text = await plain.text()
  assert.ok(Number(zipped.headers.get('content-length')) < text.length, method)
  assert.equal(await zipped.text(), text, method)
  assert.equal(JSON.parse(text).id, `${method} "1"`)
}
const small = await post('ping', {}, {})
assert.equal(small.headers.get('content-encoding'), null)
