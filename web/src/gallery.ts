/** What the views know of a gallery. The page reads it over HTTP, the app in a chat through its host. */
export interface Gallery {
  readonly abilities: Abilities
  /** Every prompt, sorted by title, else by name. Later calls answer from the last list while the server says that it is fresh. */
  prompts(signal?: AbortSignal): Promise<PromptList>
  /** Asks the server for prompts that the list lacks, and tells of a change where it finds one. Only where `abilities.find` holds. */
  find(query: string, signal?: AbortSignal): Promise<Finding>
  /** The same prompt with the types, choices and defaults of its arguments, as far as they can be asked for. The shell does so before it shows a prompt. */
  details(prompt: Prompt, signal?: AbortSignal): Promise<Prompt>
  /** Renders a prompt. Rejects with `GalleryError`. */
  render(name: string, values: Values, signal?: AbortSignal): Promise<Message[]>
  /** Suggestions for the value of an argument that has begun with `text`; none where the source has no completion. */
  suggest(name: string, argument: string, text: string, values: Values, signal?: AbortSignal): Promise<string[]>
  /** The file of a prompt, and the files with problems. Only where `abilities.source` holds. */
  source(uri: string, signal?: AbortSignal): Promise<string>
  files(signal?: AbortSignal): Promise<SourceFile[]>
  /** Calls back when the prompts may have changed. Returns how to stop. */
  onChange(changed: () => void): () => void
  /** Calls back when the server stops to answer, and when it answers again. Returns how to stop. */
  onReachable(told: (isReachable: boolean) => void): () => void
  /** Puts a rendered prompt into the conversation. Only where `abilities.send` holds. */
  send(messages: Message[]): Promise<void>
}

export interface Abilities {
  /** Templates and their problems may be shown. */
  source: boolean
  /** `completion/complete` is there. */
  completion: boolean
  /** The list may lack prompts that `find` finds. */
  find: boolean
  /** A rendered prompt can be sent into a conversation. */
  send: boolean
  /** Callers need to sign in. */
  signIn: boolean
  /** The address that clients are given; `null` in a chat, where it is not known. */
  address: string | null
}

export interface PromptList {
  prompts: Prompt[]
  /** Some are missing, because they could not be read now. */
  isPartial: boolean
  /** How many more the gallery has, which are not listed but can be found. */
  unlisted: number
}

export interface Finding {
  /** The names of the best matches, the best first. */
  names: string[]
  /** Other prompts match too. */
  hasMore: boolean
}

export interface Prompt {
  name: string
  title?: string
  description?: string
  tags: string[]
  arguments: Argument[]
  icons?: Icon[]
  version?: string
  /** The roles of its messages, where they are known without rendering. */
  roles?: string[]
}

export interface Argument {
  name: string
  title?: string
  description?: string
  required: boolean
  /** JSON Schema's types; `string` where nothing is known. */
  type: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object'
  enum?: string[]
  /** The choices for each item of a list. */
  itemEnum?: string[]
  default?: string
}

export interface Icon {
  src: string
  mimeType?: string
  theme?: 'light' | 'dark'
}

/** As `prompts/get` takes them: every value is text, and lists and objects are JSON. An argument that is absent has its default. */
export type Values = Record<string, string>

export interface Message {
  role: 'user' | 'assistant'
  content: Content[]
}

export type Content =
  | { type: 'text'; text: string }
  | { type: 'image'; data: string; mimeType: string }
  | { type: 'audio'; data: string; mimeType: string }
  | { type: 'resource'; uri: string; mimeType?: string; text?: string }
  | { type: 'link'; uri: string; name: string; description?: string }

export interface SourceFile {
  /** `gallery:///team/review.prompt` */
  uri: string
  /** `team/review.prompt` */
  path: string
  /** The prompt that it makes, if that can be used. */
  prompt?: string
  /** The prompt that it would make, if that could be used. A partial has neither. */
  brokenPrompt?: string
  version?: string
  /** ISO 8601. */
  lastModified?: string
  size?: number
  problems: Problem[]
}

export interface Problem {
  level: 'error' | 'warning'
  /** Without file name and place. */
  message: string
  line?: number
  column?: number
  hint?: string
}

/** One fault of the arguments, in the server's words. */
export interface ArgumentFault {
  /** The argument, or its wrong part: `xs[1]`, `order.items[2].price`. */
  argument: string
  message: string
}

/** Why a call failed. */
export class GalleryError extends Error {
  constructor(
    message: string,
    /** `argument`: the server named one (`argument`). `unreachable`: no answer. `signIn`: the token is missing or over. */
    readonly kind: 'argument' | 'unknownPrompt' | 'prompt' | 'unreachable' | 'signIn' | 'server',
    /** The first argument of `faults`. */
    readonly argument?: string,
    /** Every argument that the server named. */
    readonly faults: ArgumentFault[] = [],
  ) {
    super(message)
    this.name = 'GalleryError'
  }
}
