/** The order of what people read. */

import type { Prompt } from './gallery'

/** One for all: to make a collator takes longer than many comparisons. */
const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

export function compareWords(a: string, b: string): number {
  return collator.compare(a, b)
}

/** Prompts by what their cards show: the title, else the name. */
export function inOrder(prompts: Iterable<Prompt>): Prompt[] {
  const shown = ({ title, name }: Prompt) => title ?? name
  return [...prompts].sort((a, b) => compareWords(shown(a), shown(b)) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}
