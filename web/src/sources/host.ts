/** The gallery of the server whose tool opened this app. A host passes tools on, and neither `prompts/get` nor `completion/complete`. */

import type { App } from '@modelcontextprotocol/ext-apps'

import {
  type Content,
  type Finding,
  type Gallery,
  GalleryError,
  type Message,
  type Prompt,
  type PromptList,
  type SourceFile,
  type Values,
} from '../gallery'
import { inOrder } from '../order'
import { textOf, textOfContent } from '../take/messages'
import { hostWords, mcpWords } from '../words'
import { callError } from './errors'
import { type ContentBlock, contentOf, type FoundPrompt, promptOfFound } from './rows'

/** Pages of the list that are read, 20 prompts each: every one is a call that the host passes on, and that some hosts show. */
const MAX_PAGES = 50
/** The same of a search. */
const MAX_FOUND_PAGES = 2

const ROLES = 'prompt-gallery/roles'
/** The label of a role, on a line of its own before the first block of a turn. */
const LABEL = /^\n?\[(?:user|assistant)\](?:\n|$)/
/** A line that looks like such a label is escaped in a prompt's own text. */
const ESCAPED_LABEL = /^\\(?=\s*\[(?:user|assistant)\]\s*$)/gm

interface FoundPage {
  prompts: FoundPrompt[]
  total: number
  nextCursor?: string
  notSearched?: number
}

interface ToolResult {
  content: ContentBlock[]
  structuredContent?: unknown
  isError?: boolean
  _meta?: Record<string, unknown>
}

export class HostGallery implements Gallery {
  readonly abilities = { source: false, completion: false, find: true, send: true, signIn: false, address: null }
  readonly #prompts = new Map<string, Prompt>()
  readonly #changed = new Set<() => void>()
  #isPartial = false
  /** How many prompts the gallery has; `null` before the first answer. */
  #total: number | null = null
  /** All pages are read, or as many as are read of any gallery. */
  #isRead = false
  #first: Promise<void> | null = null

  constructor(private readonly app: App) {}

  /** What the tool that opened the app answered: its prompts need not be asked for again. */
  take(answer: unknown): void {
    const prompts = (answer as Partial<FoundPage> | undefined)?.prompts
    if (!Array.isArray(prompts)) return
    this.#add(prompts)
    this.#tell()
  }

  /** The first page at once; later pages are told as changes. */
  async prompts(): Promise<PromptList> {
    this.#first ??= this.#read().catch((e: unknown) => {
      this.#first = null
      throw e
    })
    await this.#first
    return { prompts: inOrder(this.#prompts.values()), isPartial: this.#isPartial, unlisted: this.#isRead ? this.#unlisted : 0 }
  }

  async find(query: string, signal?: AbortSignal): Promise<Finding> {
    if (this.#unlisted === 0) return { names: [], hasMore: false }
    const names: string[] = []
    const before = this.#prompts.size
    let cursor: string | undefined
    for (let pages = 0; pages < MAX_FOUND_PAGES; pages++) {
      const page = await this.#search(cursor === undefined ? { query } : { query, cursor })
      names.push(...page.prompts.map(({ name }) => name))
      cursor = page.nextCursor
      if (cursor === undefined || signal?.aborted) break
    }
    if (this.#prompts.size > before) this.#tell()
    return { names, hasMore: cursor !== undefined }
  }

  get #unlisted(): number {
    return Math.max(0, (this.#total ?? 0) - this.#prompts.size)
  }

  details(prompt: Prompt): Promise<Prompt> {
    return Promise.resolve(prompt)
  }

  async render(name: string, values: Values): Promise<Message[]> {
    const { content, _meta } = await this.#call('get_prompt', { name, arguments: values })
    return messagesOf(content, (_meta?.[ROLES] ?? []) as string[])
  }

  suggest(): Promise<string[]> {
    return Promise.resolve([])
  }

  source(): Promise<string> {
    return Promise.resolve('')
  }

  files(): Promise<SourceFile[]> {
    return Promise.resolve([])
  }

  onChange(changed: () => void): () => void {
    this.#changed.add(changed)
    return () => void this.#changed.delete(changed)
  }

  onReachable(): () => void {
    return () => {}
  }

  async send(messages: Message[]): Promise<void> {
    const { isError } = await this.app.sendMessage({ role: 'user', content: blocksOf(messages, this.app.getHostCapabilities()?.message) })
    if (isError) throw new GalleryError(hostWords.notSent, 'server')
  }

  async #read(): Promise<void> {
    const next = await this.#page()
    if (next === undefined) this.#isRead = true
    else void this.#readRest(next)
  }

  async #readRest(cursor: string): Promise<void> {
    let next: string | undefined = cursor
    try {
      for (let pages = 1; next !== undefined && pages < MAX_PAGES; pages++) {
        next = await this.#page(next)
        if (next !== undefined && pages % 5 === 0) this.#tell()
      }
    } catch {
      this.#isPartial = true
    }
    this.#isRead = true
    this.#tell()
  }

  /** Reads a page, and returns the cursor of the next. */
  async #page(cursor?: string): Promise<string | undefined> {
    const { total, nextCursor, notSearched = 0 } = await this.#search(cursor === undefined ? {} : { cursor })
    this.#total = total
    if (notSearched > 0) this.#isPartial = true
    return nextCursor
  }

  async #search(args: { query?: string; cursor?: string }): Promise<FoundPage> {
    const { structuredContent } = await this.#call('search_prompts', args)
    const page: FoundPage = { prompts: [], total: 0, ...(structuredContent as Partial<FoundPage> | undefined) }
    this.#add(page.prompts)
    return page
  }

  #add(prompts: FoundPrompt[]): void {
    for (const found of prompts) this.#prompts.set(found.name, promptOfFound(found))
  }

  #tell(): void {
    for (const changed of this.#changed) changed()
  }

  async #call(name: string, args: Record<string, unknown>): Promise<ToolResult> {
    let result: ToolResult
    try {
      result = (await this.app.callServerTool({ name, arguments: args })) as unknown as ToolResult
    } catch (e) {
      throw protocolError(e)
    }
    if (result.isError) throw callError(toolMessage(result.content), true)
    return result
  }
}

/** JSON-RPC's code for an error inside of the server, and the code that hosts give to each error of their own. */
const INTERNAL_ERROR = -32603
/** What hosts say of a connection that closed, and of an answer that took too long. */
const HOST_CODES: unknown[] = [-32000, -32001]

/** Only the server's own words are shown: a host that does not reach the server says things such as `Failed to fetch`. */
function protocolError(e: unknown): GalleryError {
  const { code, data, message = '' } = (e ?? {}) as { code?: unknown; data?: { requestId?: unknown }; message?: string }
  // Libraries of hosts put their own words before the server's.
  const words = message.replace(/^(?:MCP error -?\d+: )+/, '')
  const isNamed = typeof data?.requestId === 'string' || /^prompt (?:`|store unavailable$)/.test(words)
  const isServers = typeof code === 'number' && !HOST_CODES.includes(code) && (code !== INTERNAL_ERROR || isNamed)
  return isServers ? callError(words, false) : new GalleryError(mcpWords.unreachable, 'unreachable')
}

/** What a tool says of its arguments, without the advice for the model that follows. */
function toolMessage(content: ContentBlock[]): string {
  const text = content[0]?.text ?? hostWords.failed
  return text.replace(/(?<=[.?]) (?:Call get_prompt again with|search_prompts finds prompts\.).*$/s, '').replace(/\.$/, '')
}

/** The messages of a rendered prompt: one for each block, whose label is taken off where roles take turns. */
export function messagesOf(blocks: ContentBlock[], roles: string[]): Message[] {
  const hasTurns = new Set(roles).size > 1
  return blocks.flatMap((block, i): Message[] => {
    const role = roles[i] === 'assistant' ? 'assistant' : 'user'
    if (!hasTurns || block.type !== 'text') return [{ role, content: [contentOf(block)] }]
    let text = block.text ?? ''
    if (roles[i] !== roles[i - 1]) {
      text = text.replace(LABEL, '')
      // A picture has its label in a block of its own.
      if (text === '') return []
    }
    return [{ role, content: [{ type: 'text', text: text.replace(ESCAPED_LABEL, '') }] }]
  })
}

type Block = Parameters<App['sendMessage']>[0]['content'][number]
/** The kinds of blocks that a host takes in a message. */
type Kinds = NonNullable<ReturnType<App['getHostCapabilities']>>['message']

const KIND = { text: 'text', image: 'image', audio: 'audio', resource: 'resource', link: 'resourceLink' } as const

/** Whether a host takes a block. One that lists no kind says nothing about them. */
function takes(kinds: Kinds, { type }: Content): boolean {
  return type === 'text' || kinds === undefined || Object.keys(kinds).length === 0 || kinds[KIND[type]] !== undefined
}

/** One message of the user: hosts take no other. Several roles are named in its text, and text stands for a block that the host does not take. */
export function blocksOf(messages: Message[], kinds?: Kinds): Block[] {
  const all = messages.flatMap(({ content }) => content)
  const isPlain = messages.every(({ role }) => role === 'user')
  const media = all.flatMap((content): Block[] => {
    // Where roles are named, their text has it already.
    if (!takes(kinds, content)) return isPlain ? [{ type: 'text', text: textOfContent(content) }] : []
    switch (content.type) {
      case 'text':
        return isPlain ? [content] : []
      case 'image':
      case 'audio':
        return [content]
      case 'resource': {
        const { uri, mimeType, text = '' } = content
        return isPlain ? [{ type: 'resource', resource: { uri, text, ...(mimeType === undefined ? {} : { mimeType }) } }] : []
      }
      case 'link':
        return isPlain ? [{ ...content, type: 'resource_link' }] : []
    }
  })
  return isPlain ? media : [{ type: 'text', text: textOf(messages) }, ...media]
}
