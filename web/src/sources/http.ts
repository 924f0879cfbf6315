/** The gallery of this page's own server, by MCP. */

import {
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
import { Connection } from './connection'
import { McpClient, type Token } from './mcp'
import { type ContentBlock, type FoundPrompt, messageOf, promptOfRow, type PromptRow, withSchema } from './rows'

/** More pages than any gallery has: a cursor that leads in a circle ends here. */
const MAX_PAGES = 10_000

interface Page {
  nextCursor?: string
  ttlMs?: number
}

interface FileRow {
  uri: string
  name: string
  size?: number
  annotations?: { lastModified?: string }
  _meta?: {
    version?: string
    'prompt-gallery/prompt'?: string
    'prompt-gallery/brokenPrompt'?: string
    'prompt-gallery/problems'?: SourceFile['problems']
  }
}

interface Kept {
  list: PromptList
  /** When the list is to be asked for again, by `performance.now()`. */
  staleAt: number
}

export interface HttpOptions {
  /** Where requests go: the page's own origin. */
  endpoint: string
  /** The address that clients are given. */
  address: string
  hasSource: boolean
  hasSignIn: boolean
  token: Token | null
}

export class HttpGallery implements Gallery {
  readonly abilities
  readonly #client: McpClient
  readonly #connection: Connection
  #kept: Kept | null = null
  /** The tool that tells types; `null` where the server has none. */
  #detailsTool: 'open_gallery' | 'search_prompts' | null = 'open_gallery'

  constructor({ endpoint, address, hasSource, hasSignIn, token }: HttpOptions) {
    this.abilities = { source: hasSource, completion: true, find: false, send: false, signIn: hasSignIn, address }
    this.#client = new McpClient(endpoint, token)
    this.#connection = new Connection(this.#client)
  }

  async prompts(signal?: AbortSignal): Promise<PromptList> {
    if (this.#kept && performance.now() < this.#kept.staleAt) return this.#kept.list
    const prompts: Prompt[] = []
    let isPartial = false
    let ttlMs = Number.POSITIVE_INFINITY
    try {
      for await (const page of this.#pages<Page & { prompts: PromptRow[] }>('prompts/list', signal)) {
        for (const row of page.prompts) prompts.push(promptOfRow(row))
        ttlMs = Math.min(ttlMs, page.ttlMs ?? 0)
      }
    } catch (e) {
      // The pages before are worth showing.
      if (!(e instanceof GalleryError) || e.kind === 'signIn' || prompts.length === 0) throw e
      isPartial = true
      ttlMs = 0
    }
    const list = { prompts: inOrder(prompts), isPartial, unlisted: 0 }
    this.#kept = { list, staleAt: performance.now() + ttlMs }
    return list
  }

  /** The list has every prompt. */
  find(): Promise<Finding> {
    return Promise.resolve({ names: [], hasMore: false })
  }

  async details(prompt: Prompt, signal?: AbortSignal): Promise<Prompt> {
    while (this.#detailsTool && prompt.arguments.length > 0) {
      const found = await this.#search(this.#detailsTool, prompt.name, signal)
      if (found) {
        const exact = found.find(candidate => candidate.name === prompt.name)
        return exact ? withSchema(prompt, exact) : prompt
      }
      this.#detailsTool = this.#detailsTool === 'open_gallery' ? 'search_prompts' : null
    }
    return prompt
  }

  async render(name: string, values: Values, signal?: AbortSignal): Promise<Message[]> {
    const params = { name, arguments: values }
    const result = await this.#request<{ messages: { role: string; content: ContentBlock }[] }>('prompts/get', params, { name, signal })
    return result.messages.map(messageOf)
  }

  async suggest(name: string, argument: string, text: string, values: Values, signal?: AbortSignal): Promise<string[]> {
    const { [argument]: _, ...others } = values
    const params = {
      ref: { type: 'ref/prompt', name },
      argument: { name: argument, value: text },
      context: { arguments: others },
    }
    const result = await this.#request<{ completion: { values: string[] } }>('completion/complete', params, { signal })
    return result.completion.values
  }

  async source(uri: string, signal?: AbortSignal): Promise<string> {
    const { contents } = await this.#request<{ contents: { text?: string }[] }>('resources/read', { uri }, { name: uri, signal })
    return contents[0]?.text ?? ''
  }

  async files(signal?: AbortSignal): Promise<SourceFile[]> {
    if (!this.abilities.source) return []
    const files: SourceFile[] = []
    for await (const page of this.#pages<Page & { resources: FileRow[] }>('resources/list', signal)) {
      for (const row of page.resources) if (row.uri.startsWith('gallery:///')) files.push(fileOf(row))
    }
    return files
  }

  onChange(changed: () => void): () => void {
    return this.#connection.onChange(() => {
      this.#kept = null
      changed()
    })
  }

  onReachable(told: (isReachable: boolean) => void): () => void {
    return this.#connection.onReachable(told)
  }

  send(): Promise<void> {
    throw new GalleryError('a page has no conversation', 'server')
  }

  async #request<T>(
    method: string,
    params: Record<string, unknown>,
    options: { name?: string; signal?: AbortSignal | undefined },
  ): Promise<T> {
    try {
      const result = await this.#client.request<T>(method, params, options)
      this.#connection.answered()
      return result
    } catch (e) {
      if (e instanceof GalleryError && e.kind === 'unreachable') this.#connection.failed()
      throw e
    }
  }

  async *#pages<P extends Page>(method: string, signal?: AbortSignal): AsyncGenerator<P> {
    let cursor: string | undefined
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const page = await this.#request<P>(method, cursor === undefined ? {} : { cursor }, { signal })
      yield page
      if (page.nextCursor === undefined) return
      cursor = page.nextCursor
    }
  }

  /** The prompts that a tool finds; `null` if the server does not have it. */
  async #search(tool: 'open_gallery' | 'search_prompts', name: string, signal?: AbortSignal): Promise<FoundPrompt[] | null> {
    const wanted = tool === 'open_gallery' ? { name } : { query: name }
    try {
      const params = { name: tool, arguments: wanted }
      const result = await this.#request<{ structuredContent?: { prompts: FoundPrompt[] } }>('tools/call', params, { name: tool, signal })
      return result.structuredContent?.prompts ?? []
    } catch (e) {
      if (e instanceof GalleryError && /^unknown tool\b/.test(e.message)) return null
      throw e
    }
  }
}

function fileOf({ uri, name, size, annotations, _meta }: FileRow): SourceFile {
  const file: SourceFile = { uri, path: name, problems: _meta?.['prompt-gallery/problems'] ?? [] }
  if (size !== undefined) file.size = size
  if (_meta?.['prompt-gallery/prompt'] !== undefined) file.prompt = _meta['prompt-gallery/prompt']
  if (_meta?.['prompt-gallery/brokenPrompt'] !== undefined) file.brokenPrompt = _meta['prompt-gallery/brokenPrompt']
  if (_meta?.version !== undefined) file.version = _meta.version
  if (annotations?.lastModified !== undefined) file.lastModified = annotations.lastModified
  return file
}
