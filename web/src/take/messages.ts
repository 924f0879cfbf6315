import type { Content, Message } from '../gallery'
import { promptWords } from '../words'

/** One message for each turn: a server sends every picture as a message of its own. */
export function turnsOf(messages: Message[]): Message[] {
  const turns: Message[] = []
  for (const { role, content } of messages) {
    const last = turns.at(-1)
    if (last?.role === role) {
      last.content.push(...content)
    } else {
      turns.push({ role, content: [...content] })
    }
  }
  return turns
}

/** Space within a line. */
const SPACE = '[^\\S\\n\\r\\u2028\\u2029]*'
/** A line that looks like the label of a role. */
const LABEL = new RegExp(`^(?=${SPACE}(?:${Object.values(promptWords.roles).join('|')}):${SPACE}$)`, 'gm')

/** The messages as text to paste: the bare text of one role, or each role's with its name. An argument cannot add such a name. */
export function textOf(messages: Message[]): string {
  const roles = new Set(messages.map(({ role }) => role))
  const isNamed = roles.size > 1 || roles.has('assistant')
  const text = ({ role, content }: Message) => {
    const parts = content.map(textOfContent).join('\n\n')
    return isNamed ? `${promptWords.roles[role]}:\n${parts.replace(LABEL, '\\')}` : parts
  }
  return messages.map(text).join('\n\n')
}

export function textOfContent(content: Content): string {
  switch (content.type) {
    case 'text':
      return content.text
    case 'image':
    case 'audio':
      return `[${content.mimeType}]`
    case 'resource':
      return content.text ?? `[${content.uri}]`
    case 'link':
      return `${content.name}: ${content.uri}`
  }
}

/** The messages as the chat interfaces of models take them: text as it is, other content as MCP has it. */
export function jsonOf(messages: Message[]): string {
  const message = ({ role, content }: Message) => {
    const isText = content.every(({ type }) => type === 'text')
    return { role, content: isText ? content.map(textOfContent).join('\n\n') : content.map(mcpContent) }
  }
  return JSON.stringify(messages.map(message), null, 2)
}

function mcpContent(content: Content): unknown {
  switch (content.type) {
    case 'resource': {
      const { type, ...resource } = content
      return { type, resource }
    }
    case 'link':
      return { ...content, type: 'resource_link' }
    default:
      return content
  }
}
