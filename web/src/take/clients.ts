/** How a prompt is called in each client. The data is from the table of clients of `prompt-gallery check`. */

import type { Argument, Prompt, Values } from '../gallery'
import { valueOf } from '../views/prompt/values'

/** `web/src/clients.json`, which a test of the crate `prompt-gallery-check` writes. */
export type Clients = Client[]

export interface Client {
  name: string
  /** The version that was run, or empty if the source was read. */
  version: string
  /** When it was run or read last. */
  seen: string
  /** Absent if it has no prompts. */
  call?: {
    /** What is typed, with `NAME` for the prompt. */
    typed: string
    /** What is typed instead if the client has a command of this name. */
    taken?: string
    style: Style
  }
  /** Names of its own commands. */
  builtIn: string[]
  /** What it does, in Markdown with `code` and **strong** alone. */
  arguments: string
  messages: string
  media: string
}

export type Style =
  'formOrWords' | 'optionsAndWords' | 'options' | 'positions' | 'asksForAll' | 'asksForRequired' | 'pairs' | 'oneText' | 'code' | 'nothing'

export type Call =
  /** What to type, with values where they can be typed. */
  | { typed: string }
  /** The client has tools alone. */
  | 'toolsAlone'
  /** The name is a command of the client, or the client does not offer prompts with several arguments. */
  | 'nameIsTaken'
  | 'tooManyArguments'

/** Values that are longer are typed as a placeholder: the name of their argument in capitals. */
const MAX_TYPED = 80
/** The line, without what no one would type. */
const MAX_LINE = 400

export function callOf(client: Client, prompt: Prompt, values: Values): Call {
  if (!client.call) {
    return 'toolsAlone'
  }
  const { typed, taken, style } = client.call
  const isTaken = client.builtIn.includes(prompt.name)
  if (isTaken && taken === undefined) {
    return 'nameIsTaken'
  }
  if (style === 'oneText' && prompt.arguments.length > 1) {
    return 'tooManyArguments'
  }
  const start = (isTaken && taken !== undefined ? taken : typed).replace('NAME', () => prompt.name)
  if (style === 'code') {
    return { typed: start.replace('{…}', () => code(values)) }
  }
  const words = wordsOf(style, prompt.arguments, values)
  const line = [start, ...words].join(' ')
  return { typed: line.length <= MAX_LINE ? line : `${[...line].slice(0, MAX_LINE).join('')} …` }
}

function code(values: Values): string {
  // A JSON object of texts is an expression of Python too.
  const json = JSON.stringify(values)
  return json.length <= MAX_LINE ? json : '{…}'
}

/** What is typed after the name. A placeholder would be sent as it is, so that only what has to be filled in has one. */
function wordsOf(style: Style, all: Argument[], values: Values): string[] {
  const given = all.filter(({ name, required }) => required || valueOf(values, name) !== '')
  const required = given.filter(argument => argument.required)
  const optional = given.filter(argument => !argument.required)
  const typed = (argument: Argument) => typedValue(argument, values) ?? placeholder(argument)
  const quoted = (argument: Argument) => {
    const value = typedValue(argument, values)
    return value === undefined ? placeholder(argument) : `"${value}"`
  }
  const option = (argument: Argument) => `--${argument.name}="${typed(argument)}"`
  // Positions can only end early.
  const hasGap = given.some((argument, at) => argument !== all[at])
  switch (style) {
    case 'formOrWords': {
      // A form opens if an argument is required. Without one, words go one to each argument, and none can be left out before another.
      const gap = all.findIndex(argument => !given.includes(argument))
      const reached = gap < 0 ? all : all.slice(0, gap)
      return all.some(argument => argument.required) ? [] : reached.map(argument => oneWord(argument, values) ?? placeholder(argument))
    }
    case 'options':
      return [...required.map(required.length === 1 ? typed : quoted), ...optional.map(option)]
    case 'optionsAndWords':
      return given.map(hasGap ? option : quoted)
    case 'positions': {
      const last = given.at(-1)
      const reached = last === undefined ? [] : all.slice(0, all.indexOf(last) + 1)
      // Empty text is an argument that is left out.
      return reached.map(argument => (given.includes(argument) ? quoted(argument) : '""'))
    }
    case 'pairs':
      return given.map(argument => `${argument.name}=${oneWord(argument, values) ?? placeholder(argument)}`)
    case 'oneText':
      return given.map(typed)
    case 'asksForAll':
    case 'asksForRequired':
    case 'code':
    case 'nothing':
      return []
  }
}

function placeholder({ name }: Argument): string {
  return name.toUpperCase()
}

/** A value that stays itself between double quotes on one line. */
function typedValue({ name }: Argument, values: Values): string | undefined {
  const value = valueOf(values, name)
  return value !== '' && value.length <= MAX_TYPED && !/["\\$`\n]/.test(value) ? value : undefined
}

function oneWord(argument: Argument, values: Values): string | undefined {
  const value = typedValue(argument, values)
  return value !== undefined && !/[\s']/.test(value) ? value : undefined
}
