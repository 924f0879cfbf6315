import type { Values } from '../gallery'

/** Linux refuses a single word of a command that is longer than 128 KiB. */
const MAX_WORD_BYTES = 100_000

/** A command for bash that renders the prompt. */
export function curlOf(address: string, name: string, values: Values): string {
  const request = { jsonrpc: '2.0', id: 1, method: 'prompts/get', params: { name, arguments: values } }
  const body = forShell(JSON.stringify(request))
  const lines = [`curl -s ${quote(address)}`, "-H 'Content-Type: application/json'"]
  if (!isLoopback(address)) {
    // Nothing, if TOKEN is not set.
    lines.push('${TOKEN:+"-HAuthorization: Bearer $TOKEN"}')
  }
  const isLong = new TextEncoder().encode(body).length > MAX_WORD_BYTES
  lines.push(isLong ? `--data-binary @- <<'JSON'\n${body}\nJSON` : `-d '${body}'`)
  return lines.join(' \\\n  ')
}

/** JSON without the two characters that an interactive shell may replace. They occur in strings alone. */
function forShell(json: string): string {
  return json.replace(/['!]/g, character => `\\u00${character.charCodeAt(0).toString(16)}`)
}

/** A word for a POSIX shell. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** Whether an address is of this machine alone. */
export function isLoopback(address: string): boolean {
  const host = URL.canParse(address) ? new URL(address).hostname : ''
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host)
}
