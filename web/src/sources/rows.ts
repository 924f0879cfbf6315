/** Rows of the protocol, as the prompts and messages of the views. */

import type { Argument, Content, Icon, Message, Prompt } from '../gallery'

/** What a row of `prompts/list` has of use here. */
export interface PromptRow {
  name: string
  title?: string
  description?: string
  arguments?: { name: string; title?: string; description?: string; required?: boolean }[]
  icons?: Icon[]
  _meta?: { tags?: string[]; version?: string; 'prompt-gallery/roles'?: string[] }
}

/** A prompt as `search_prompts` answers it. */
export interface FoundPrompt {
  name: string
  title?: string
  description?: string
  tags?: string[]
  arguments: ArgumentsSchema
}

/** The part of JSON Schema that the server writes. */
interface ArgumentsSchema {
  properties?: Record<string, ArgumentSchema>
  required?: string[]
}

interface ArgumentSchema {
  type?: string | string[]
  title?: string
  description?: string
  enum?: unknown[]
  items?: { enum?: unknown[] } | boolean
  default?: unknown
}

export interface ContentBlock {
  type: string
  text?: string
  data?: string
  mimeType?: string
  uri?: string
  name?: string
  description?: string
  resource?: { uri: string; mimeType?: string; text?: string; blob?: string }
}

/** `undefined` is not a value here: `exactOptionalPropertyTypes` tells a missing key from one. */
function defined<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T
}

export function promptOfRow(row: PromptRow): Prompt {
  return defined<Prompt>({
    name: row.name,
    title: row.title,
    description: row.description,
    tags: row._meta?.tags ?? [],
    arguments: (row.arguments ?? []).map(argument =>
      defined<Argument>({
        name: argument.name,
        title: argument.title,
        description: argument.description,
        required: argument.required ?? false,
        type: 'string',
        enum: undefined,
        itemEnum: undefined,
        default: undefined,
      }),
    ),
    icons: row.icons,
    version: row._meta?.version,
    roles: row._meta?.['prompt-gallery/roles'],
  })
}

export function promptOfFound(found: FoundPrompt): Prompt {
  return defined<Prompt>({
    name: found.name,
    title: found.title,
    description: found.description,
    tags: found.tags ?? [],
    arguments: argumentsOf(found.arguments),
    icons: undefined,
    version: undefined,
    roles: undefined,
  })
}

/** A listed prompt with what the JSON Schema of its arguments adds. */
export function withSchema(prompt: Prompt, found: FoundPrompt): Prompt {
  const typed = argumentsOf(found.arguments)
  // A prompt that has changed in between is shown as the newer answer has it.
  return { ...prompt, arguments: typed }
}

export function argumentsOf(schema: ArgumentsSchema): Argument[] {
  const required = new Set(schema.required)
  return Object.entries(schema.properties ?? {}).map(([name, property]) =>
    defined<Argument>({
      name,
      title: property.title,
      description: property.description,
      required: required.has(name),
      type: typeOf(property),
      enum: choicesOf(property),
      itemEnum: typeof property.items === 'object' ? choicesOf(property.items) : undefined,
      default: property.default === undefined ? undefined : asText(property.default),
    }),
  )
}

function choicesOf(schema: { enum?: unknown[] }): string[] | undefined {
  return schema.enum?.filter(value => value !== null).map(asText)
}

const TYPES = new Set(['string', 'number', 'integer', 'boolean', 'array', 'object'])

function typeOf(property: ArgumentSchema): Argument['type'] {
  const named = [property.type ?? []].flat().find(type => TYPES.has(type))
  return (named ?? 'string') as Argument['type']
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export function messageOf(message: { role: string; content: ContentBlock | ContentBlock[] }): Message {
  return { role: message.role === 'assistant' ? 'assistant' : 'user', content: [message.content].flat().map(contentOf) }
}

export function contentOf(block: ContentBlock): Content {
  const { type, text = '', data = '', mimeType, uri = '', name, description, resource } = block
  switch (type) {
    case 'image':
    case 'audio':
      return { type, data, mimeType: mimeType ?? 'application/octet-stream' }
    case 'resource': {
      const embedded = resource ?? { uri }
      return defined<Extract<Content, { type: 'resource' }>>({
        type,
        uri: embedded.uri,
        mimeType: embedded.mimeType,
        text: embedded.text,
      })
    }
    case 'resource_link':
      return defined<Extract<Content, { type: 'link' }>>({ type: 'link', uri, name: name ?? uri, description })
    default:
      return { type: 'text', text }
  }
}
