import type { ComponentChildren } from 'preact'

import type { Found } from './search'

/** A text with its hits marked. */
export function Marked({ text, found }: { text: string; found: Found | null }) {
  const ranges = found?.marks(text) ?? []
  if (ranges.length === 0) return <>{text}</>
  const parts: ComponentChildren[] = []
  let done = 0
  for (const [start, end] of ranges) {
    parts.push(text.slice(done, start), <mark>{text.slice(start, end)}</mark>)
    done = end
  }
  parts.push(text.slice(done))
  return <>{parts}</>
}
