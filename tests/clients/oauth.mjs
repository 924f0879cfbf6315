// The whole way of an official TypeScript client: oauth.mjs PACKAGE URL CLIENT_ID SCOPE EMAIL PASSWORD.
// It knows the URL alone; 401, metadata, registration, sign-in page, code, token, prompt. Silent when all is right.
import assert from 'node:assert/strict'

const [name, url, clientId, scope, email, password] = process.argv.slice(2)
const redirectUrl = 'http://localhost:6274/oauth/callback'

const load = {
  async sdk() {
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js')
    const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js')
    const { UnauthorizedError, auth } = await import('@modelcontextprotocol/sdk/client/auth.js')
    return { Client, StreamableHTTPClientTransport, UnauthorizedError, auth, options: [{}] }
  },
  async client() {
    const client = await import('@modelcontextprotocol/client')
    return { ...client, options: ['legacy', { pin: '2026-07-28' }].map((mode) => ({ versionNegotiation: { mode } })) }
  },
}
const { Client, StreamableHTTPClientTransport, UnauthorizedError, auth, options } = await load[name]()

// Keeps in memory what a client keeps.
const kept = {}
const provider = {
  redirectUrl,
  clientMetadata: {
    client_name: 'test',
    redirect_uris: [redirectUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  clientInformation: () => kept.client,
  saveClientInformation: (client) => (kept.client = client),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => (kept.tokens = tokens),
  redirectToAuthorization: (address) => (kept.authorize = address),
  saveCodeVerifier: (verifier) => (kept.verifier = verifier),
  codeVerifier: () => kept.verifier,
}

// What a browser and its user do: the page, the form, the way back.
async function signIn(authorize) {
  const page = await fetch(authorize)
  assert.equal(page.status, 200, await page.text())
  const form = new URLSearchParams([...authorize.searchParams, ['username', email], ['password', password]])
  const back = await fetch(new URL('/login', authorize), { method: 'POST', body: form, redirect: 'manual' })
  assert.equal(back.status, 302, await back.text())
  return new URL(back.headers.get('location')).searchParams.get('code')
}

const connect = async (option = options[0]) => {
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider })
  const client = new Client({ name: 'test', version: '1' }, option)
  try {
    await client.connect(transport)
  } catch (error) {
    return { transport, error }
  }
  return { transport, client }
}

const refused = await connect()
assert.ok(refused.error instanceof UnauthorizedError, `not asked to sign in: ${refused.error?.stack}`)
assert.equal(kept.client?.client_id, clientId, 'registered with another client id')
const asked = Object.fromEntries(kept.authorize.searchParams)
assert.deepEqual(
  [asked.client_id, asked.redirect_uri, asked.resource, asked.code_challenge_method, asked.scope],
  [clientId, redirectUrl, url, 'S256', scope],
)
await refused.transport.finishAuth(await signIn(kept.authorize))

for (const option of options) {
  const { client, error } = await connect(option)
  assert.ifError(error)
  const { prompts } = await client.listPrompts()
  assert.ok(prompts.some((prompt) => prompt.name === 'greeting-template'))
  const { messages } = await client.getPrompt({ name: 'greeting-template', arguments: { name: 'Ada' } })
  assert.match(messages[0].content.text, /^Write a warm, one-sentence greeting for Ada\.\s*$/)
  await client.close()
}

// An hour later: the same session without its user.
const before = kept.tokens.access_token
assert.ok(kept.tokens.refresh_token, 'no refresh token')
assert.equal(await auth(provider, { serverUrl: url }), 'AUTHORIZED')
assert.notEqual(kept.tokens.access_token, before)
