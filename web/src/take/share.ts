import type { Values } from '../gallery'
import { promptHref } from '../router'

/** Longer values stay out of a link unless a person asks for them. */
export const MAX_SHARED_CHARACTERS = 200

export interface LeftOut {
  name: string
  why: 'long' | 'secret'
}

/** A link's part after `#`, and the values that are not in it. `isWhole` puts them all in. */
export function shareFragment(name: string, values: Values, isWhole = false): { fragment: string; leftOut: LeftOut[] } {
  const entries = Object.entries(values)
  const kept = entries.filter(([argument, value]) => isWhole || whyLeftOut(argument, value) === undefined)
  const leftOut = entries.flatMap(([argument, value]) => {
    const why = isWhole ? undefined : whyLeftOut(argument, value)
    return why ? [{ name: argument, why }] : []
  })
  return { fragment: promptHref(name, Object.fromEntries(kept)), leftOut }
}

/** Whether an argument of this name may be secret. */
export function isSecret(name: string): boolean {
  return /token|key|secret|password/i.test(name)
}

function whyLeftOut(name: string, value: string): LeftOut['why'] | undefined {
  if (isSecret(name)) return 'secret'
  return [...value].length > MAX_SHARED_CHARACTERS ? 'long' : undefined
}
