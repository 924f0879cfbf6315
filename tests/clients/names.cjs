// Preloaded into Node's clients: the names that DNS would tell on AWS lead to the emulator, and what is HTTPS there is
// HTTP here. The clients themselves see the addresses as they are.
const dns = require('node:dns')

const lookup = dns.lookup
const emulated = /\.(localhost|amazoncognito\.com)$/
dns.lookup = (host, ...rest) => lookup(emulated.test(host) ? '127.0.0.1' : host, ...rest)

const { fetch } = globalThis
const here = (url) => {
  const to = new URL(url)
  if (!to.hostname.endsWith('.amazoncognito.com')) return url
  to.protocol = 'http:'
  to.port = process.env.GATEWAY_PORT
  return to
}
globalThis.fetch = (input, init) =>
  input instanceof Request ? fetch(new Request(here(input.url), input), init) : fetch(here(input), init)
