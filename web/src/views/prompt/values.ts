import type { Argument, Prompt, Values } from '../../gallery'

/** The value of an argument, or empty text. An argument may be named `constructor`. */
export function valueOf(values: Values, name: string): string {
  return Object.hasOwn(values, name) ? (values[name] ?? '') : ''
}

/** A copy with another value. Empty text removes it, because an argument that is absent has its default. */
export function withValue(values: Values, name: string, value: string): Values {
  const others = Object.entries(values).filter(([other]) => other !== name)
  return Object.fromEntries(value === '' ? others : [...others, [name, value]])
}

/** What is sent: values of the prompt's own arguments that are not empty, in the order of the arguments. */
export function sentValues(prompt: Prompt, values: Values): Values {
  const sent = prompt.arguments.map(({ name }) => [name, valueOf(values, name)] as const)
  return Object.fromEntries(sent.filter(([, value]) => value !== ''))
}

/** Names in a link that the prompt does not have as arguments, for example after an edit. */
export function unknownNames(prompt: Prompt, values: Values): string[] {
  const known = new Set(prompt.arguments.map(({ name }) => name))
  return Object.keys(values).filter(name => !known.has(name))
}

/** Required arguments that have no value. White space is no value, as for the server. */
export function missingArguments(prompt: Prompt, values: Values): Argument[] {
  return prompt.arguments.filter(({ name, required, enum: choices }) => {
    const value = valueOf(values, name)
    return required && value.trim() === '' && !choices?.includes(value)
  })
}

/** How an argument is entered. */
export type Control = 'radios' | 'select' | 'switch' | 'number' | 'list' | 'json' | 'text'

/** Choices that are shown side by side. More, or longer ones, are a select. */
const MAX_RADIOS = 4
const MAX_RADIO_CHARACTERS = 40

export function controlOf(argument: Argument): Control {
  if (argument.enum && argument.enum.length > 0) {
    return areFewAndShort(argument.enum) ? 'radios' : 'select'
  }
  switch (argument.type) {
    case 'boolean':
      // A switch has two states. Without a default, a required one needs a third: not answered yet.
      return argument.required ? 'radios' : 'switch'
    case 'integer':
    case 'number':
      return 'number'
    case 'array':
      return 'list'
    case 'object':
      return 'json'
    case 'string':
      return 'text'
  }
}

function areFewAndShort(choices: string[]): boolean {
  return choices.length <= MAX_RADIOS && choices.join('').length <= MAX_RADIO_CHARACTERS
}

/** The choices of an argument. Empty text is no choice, because it means that the argument is absent. */
export function choicesOf(argument: Argument): string[] {
  const choices = argument.enum ?? (argument.type === 'boolean' ? ['true', 'false'] : [])
  return choices.filter(choice => choice !== '')
}

export type Fault =
  | { kind: 'notInteger' | 'notNumber' | 'notObject' | 'notList'; value: string }
  | { kind: 'notChoice'; value: string; choices: string[] }
  | { kind: 'notJson'; reason: string }

/** What is wrong with a value, as far as the page can tell without the server. */
export function faultOf(argument: Argument, value: string): Fault | undefined {
  const text = value.trim()
  if (text === '') {
    return undefined
  }
  const choices = choicesOf(argument)
  if (choices.length > 0) {
    const isSame = (choice: string) => choice === value || choice.trim() === text
    const isBoolean = argument.type === 'boolean' && choices.includes(text.toLowerCase())
    return choices.some(isSame) || isBoolean ? undefined : { kind: 'notChoice', value, choices }
  }
  switch (argument.type) {
    case 'integer':
      return Number.isInteger(Number(text)) ? undefined : { kind: 'notInteger', value }
    case 'number':
      return Number.isFinite(Number(text)) ? undefined : { kind: 'notNumber', value }
    case 'object':
      return jsonFault(text, data => typeof data === 'object' && data !== null && !Array.isArray(data), 'notObject')
    case 'array':
      // The server takes items with commas or line by line too, so only what begins as JSON has to be JSON.
      return /^[[{]/.test(text) ? jsonFault(text, Array.isArray, 'notList') : undefined
    default:
      return undefined
  }
}

function jsonFault(text: string, fits: (data: unknown) => boolean, kind: 'notObject' | 'notList'): Fault | undefined {
  try {
    return fits(JSON.parse(text)) ? undefined : { kind, value: text }
  } catch (error) {
    return { kind: 'notJson', reason: error instanceof Error ? error.message : '' }
  }
}

/** The name of an argument that people read. */
export function labelOf({ title, name }: Argument): string {
  return title?.trim() || name
}
