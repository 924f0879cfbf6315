import { promptWords } from '../../words'
import type { Fault } from './values'

/** Longer values and lists of choices are cut in a message. */
const MAX_SHOWN = 100

export function wordsOfFault(fault: Fault): string {
  switch (fault.kind) {
    case 'notInteger':
    case 'notNumber':
      return promptWords[fault.kind](shortened(fault.value))
    case 'notChoice':
      return promptWords.notChoice(shortened(fault.value), shortened(fault.choices.join(', ')))
    case 'notJson':
      return promptWords.notJson(fault.reason)
    case 'notObject':
    case 'notList':
      return promptWords[fault.kind]
  }
}

export function shortened(text: string, length = MAX_SHOWN): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`
}
