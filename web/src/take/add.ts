/** How a client is told of this server. `prompt-gallery` is the name that the table of clients calls prompts with. */

import { takeWords } from '../words'
import { isLoopback, quote } from './curl'

export const SERVER_NAME = 'prompt-gallery'

export interface Way {
  client: string
  /** A link that opens the client. */
  link?: string
  /** A line for a terminal. */
  command?: string
  /** A file of settings, and what to put into it. */
  file?: { path: string; text: string }
  notes: string[]
  /** How prompts are called, for clients that the table does not have. */
  call?: string
}

/** The port that the sign-in of the template accepts for Claude Code. */
const CLAUDE_CODE_PORT = 33476

/** The clients that people ask for most come first. */
export function waysToAdd(address: string, hasSignIn: boolean): Way[] {
  const isLocal = isLoopback(address)
  const http = { type: 'http', url: address }
  const named = { name: SERVER_NAME, ...http }
  const json = (data: unknown) => JSON.stringify(data, null, 2)
  const signsIn = hasSignIn && !isLocal
  const port = signsIn ? ` --callback-port ${CLAUDE_CODE_PORT}` : ''
  const url = quote(address)
  return [
    {
      client: 'Claude Code',
      command: `claude mcp add --transport http${port} ${SERVER_NAME} ${url}`,
      notes: signsIn ? [takeWords.claudeCodeSignIn] : [],
    },
    {
      client: 'Claude (claude.ai, Claude Desktop)',
      ...(isLocal ? {} : { link: claudeLink(address) }),
      notes: isLocal ? [takeWords.claudeIsRemote] : [takeWords.claudeOwner],
      call: takeWords.callInClaude,
    },
    {
      client: 'VS Code',
      link: `vscode:mcp/install?${encodeURIComponent(JSON.stringify(named))}`,
      command: `code --add-mcp ${quote(JSON.stringify(named))}`,
      notes: [],
    },
    {
      client: 'Cursor',
      link: cursorLink({ url: address }),
      file: { path: '~/.cursor/mcp.json', text: json({ mcpServers: { [SERVER_NAME]: { url: address } } }) },
      notes: [],
      call: takeWords.callNotTried,
    },
    { client: 'Codex', command: `codex mcp add ${SERVER_NAME} --url ${url}`, notes: [takeWords.codexSignIn] },
    {
      client: 'Gemini CLI',
      command: `gemini mcp add --scope user --transport http ${SERVER_NAME} ${url}`,
      notes: [],
    },
    {
      client: 'Copilot CLI',
      file: {
        path: '~/.copilot/mcp-config.json',
        text: json({ mcpServers: { [SERVER_NAME]: { ...http, tools: ['*'] } } }),
      },
      notes: [],
    },
    {
      client: 'Goose',
      link: gooseLink(address),
      command: `goose session --with-streamable-http-extension ${url}`,
      notes: [takeWords.gooseSession],
    },
    { client: 'opencode', command: `opencode mcp add ${SERVER_NAME} --url ${url}`, notes: [] },
    { client: 'Qwen Code', command: `qwen mcp add --scope user --transport http ${SERVER_NAME} ${url}`, notes: [] },
    {
      client: 'Zed',
      file: { path: takeWords.zedSettings, text: json({ context_servers: { [SERVER_NAME]: { url: address } } }) },
      notes: [],
    },
  ]
}

function claudeLink(address: string): string {
  const parameters = { modal: 'add-custom-connector', connectorName: SERVER_NAME, connectorUrl: address }
  return `https://claude.ai/customize/connectors?${new URLSearchParams(parameters)}`
}

function cursorLink(config: object): string {
  // An address is ASCII, so `btoa` takes it.
  const parameters = { name: SERVER_NAME, config: btoa(JSON.stringify(config)) }
  return `cursor://anysphere.cursor-deeplink/mcp/install?${new URLSearchParams(parameters)}`
}

function gooseLink(address: string): string {
  // Goose reads `+` as itself in some versions, so spaces have to be `%20`.
  const parameters = { url: address, type: 'streamable_http', id: SERVER_NAME, name: SERVER_NAME }
  const pairs = Object.entries(parameters).map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
  return `goose://extension?${pairs.join('&')}&description=${encodeURIComponent(takeWords.gooseDescription)}`
}
