import type { Argument, Prompt, Values } from '../gallery'
import { promptHref } from '../router'

/** Longer values stay out of an address unless a person asks for them. */
export const MAX_SHARED_CHARACTERS = 200

/** Words that the name or the title of a secret argument has. Plurals count too. */
const SECRET_WORDS = new Set(
  `accesskey accesstoken apikey apitoken auth authentication authorization bearer cookie cred credential cvc cvv jwt key oauth otp passcode
   passkey passphrase passwd password pin privatekey pwd secret secretkey session sessionid token totp`.split(/\s+/),
)

export type NamedArgument = Pick<Argument, 'name' | 'title'>

export interface LeftOut {
  name: string
  why: 'long' | 'secret'
}

/** The values that an address has by itself, and those that stay out of it. Arguments that are not known are judged by their names. */
export function partsOf(values: Values, known: NamedArgument[]): { shared: Values; leftOut: LeftOut[] } {
  const shared: [string, string][] = []
  const leftOut: LeftOut[] = []
  for (const [name, value] of Object.entries(values)) {
    const why = whyLeftOut(known.find(other => other.name === name) ?? { name }, value)
    if (why) leftOut.push({ name, why })
    else shared.push([name, value])
  }
  return { shared: Object.fromEntries(shared), leftOut }
}

/** The values of arguments that do not look secret, of any length. */
export function withoutSecrets(values: Values, known: NamedArgument[]): Values {
  const secret = new Set(partsOf(values, known).leftOut.flatMap(({ name, why }) => (why === 'secret' ? [name] : [])))
  return Object.fromEntries(Object.entries(values).filter(([name]) => !secret.has(name)))
}

/** A link's part after `#`, and the values that are not in it. `isWhole` puts them all in. */
export function shareFragment(
  { name, arguments: known }: Pick<Prompt, 'name' | 'arguments'>,
  values: Values,
  isWhole = false,
): { fragment: string; leftOut: LeftOut[] } {
  const { shared, leftOut } = isWhole ? { shared: values, leftOut: [] } : partsOf(values, known)
  return { fragment: promptHref(name, shared), leftOut }
}

/** Whether the words of an argument's name or title say that it may be secret. */
export function isSecret({ name, title = '' }: NamedArgument): boolean {
  return [name, title].some(text => {
    const words = wordsOf(text)
    // `pass_word` and `pass phrase` are one word to most people.
    const pairs = words.slice(1).map((word, at) => `${words[at]}${word}`)
    return [...words, ...pairs].some(word => SECRET_WORDS.has(word) || SECRET_WORDS.has(word.replace(/s$/, '')))
  })
}

/** The words of camelCase, snake_case, kebab-case and plain text, in lower case. */
function wordsOf(text: string): string[] {
  const apart = text.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2').replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
  return apart.toLowerCase().match(/\p{L}+/gu) ?? []
}

function whyLeftOut(argument: NamedArgument, value: string): LeftOut['why'] | undefined {
  if (isSecret(argument)) return 'secret'
  return [...value].length > MAX_SHARED_CHARACTERS ? 'long' : undefined
}
