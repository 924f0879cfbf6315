import type { ArgumentFault, GalleryError } from '../../gallery'
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

/** How the server's sentence about a value begins and ends. The field has its name above and its value in it. */
const SUBJECT = /^argument `[^`]*` (?=must )/i
const GIVEN = /, not (?:"(?:[^"\\]|\\.)*(?:"|…)|-?\d[^\s,]*|true|false|null|[[{].*)$/s
const MISSING = /^missing required argument /i
const FORMAT = /\bin the format ([\w-]+)$/

/** The argument of the form that a fault is about, and which part of its value. */
function placeOf({ argument: path }: ArgumentFault, names: string[]): { name: string; part: string } | undefined {
  if (names.includes(path)) return { name: path, part: '' }
  // Names may have dots and brackets themselves, so that the longest one counts.
  const whole = names.filter(name => path.startsWith(name) && /^[.[]/.test(path.slice(name.length)))
  const name = whole.sort((a, b) => b.length - a.length)[0]
  return name === undefined ? undefined : { name, part: path.slice(name.length).replace(/^\./, '') }
}

/** What the server says of a value, as it is said at the value's field. */
function wordsAtField(message: string, part: string): string {
  if (MISSING.test(message)) return promptWords.isMissing
  if (!SUBJECT.test(message)) return message
  const words = message.replace(SUBJECT, '').replace(GIVEN, '')
  const format = FORMAT.exec(words)?.[1] ?? ''
  const example = Object.hasOwn(promptWords.formatExamples, format) ? promptWords.formatExamples[format] : undefined
  return promptWords.valueMust(part, example === undefined ? words : promptWords.suchAs(words, example))
}

/** Faults of arguments go to their fields. Every other one, also of an argument that the form lacks, is told above. */
export function tellArguments(names: string[], error: GalleryError | null): { atFields: Map<string, string>; above: string | null } {
  const atFields = new Map<string, string>()
  if (!error) return { atFields, above: null }
  const { message, argument, faults } = error
  const named = faults.length > 0 || argument === undefined ? faults : [{ argument, message }]
  if (named.length === 0) return { atFields, above: message }
  const others: string[] = []
  for (const fault of named) {
    const place = placeOf(fault, names)
    if (!place) others.push(fault.message)
    // The first fault of a field is told; the others follow once it is mended.
    else if (!atFields.has(place.name)) atFields.set(place.name, wordsAtField(fault.message, place.part))
  }
  return { atFields, above: others.length > 0 ? others.join('; ') : null }
}
