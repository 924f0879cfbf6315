/** What the address of the page holds beside its route. It follows what the reader does with a short delay. */

import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'

import type { Values } from '../gallery'
import { type BrowseState, browseHref, EVERYTHING, promptHref, type Route, type Tab } from '../router'
import { type NamedArgument, partsOf } from '../take/share'
import type { Remembered } from '../views/browse/Cards'
import { replace } from './navigation'

/** Browsers refuse many changes of the address in a short time, such as one a keystroke. */
const ADDRESS_DELAY_MS = 250

interface LateWrite {
  /** Writes later, in place of a write that is due. */
  later(write: () => void): void
  /** Writes what is due now. */
  now(): void
  /** Drops what is due: the address belongs to another view. */
  drop(): void
}

function useLateWrite(): LateWrite {
  return useMemo(() => {
    let due: { write: () => void; timer: ReturnType<typeof setTimeout> } | null = null
    const drop = () => {
      if (due) clearTimeout(due.timer)
      due = null
    }
    const now = () => {
      const write = due?.write
      drop()
      write?.()
    }
    const later = (write: () => void) => {
      drop()
      due = { write, timer: setTimeout(now, ADDRESS_DELAY_MS) }
    }
    return { later, now, drop }
  }, [])
}

interface Browse {
  state: BrowseState
  /** Writes the address now, with what is to be there again when the reader comes back. */
  leave(remembered: Remembered): void
}

/** The search and the filters. */
export function useBrowseState(routed: BrowseState | null): [Browse, (state: BrowseState) => void] {
  const current = useRef(routed ?? EVERYTHING)
  const adopted = useRef(routed)
  const address = useLateWrite()
  const [, redraw] = useState(current.current)
  // The address was changed by the reader, or by going back. The very first drawing has to be of it: cards are focused by their places.
  if (routed !== adopted.current) {
    adopted.current = routed
    address.drop()
    if (routed && browseHref(routed) !== browseHref(current.current)) current.current = routed
  }
  const leave = useCallback((remembered: Remembered) => {
    address.drop()
    replace(browseHref(current.current), remembered)
  }, [])
  const set = useCallback((next: BrowseState) => {
    current.current = next
    redraw(next)
    address.later(() => replace(browseHref(next)))
  }, [])
  return [{ state: current.current, leave }, set]
}

export interface PromptState {
  tab: Tab
  values: Values
}

interface PromptAddress extends PromptState {
  set(next: Partial<PromptState>): void
  /** Writes the address now, because the reader leaves the prompt. */
  leave(): void
}

interface PromptOptions {
  /** Values of the prompt that is shown first. They count more than its address. */
  typed: Values | null
  /** The arguments of a prompt, as far as they are known. */
  argumentsOf(name: string): NamedArgument[]
  /** An app has no address that it could write. */
  hasAddress: boolean
}

/** The tab and the values of the shown prompt. What was typed into a prompt stays in memory while the page is open, also what its address lacks. */
export function usePromptState(route: Route, { typed, argumentsOf, hasAddress }: PromptOptions): PromptAddress {
  const drafts = useRef(new Map<string, Values>())
  const adopted = useRef<Route | null>(null)
  const current = useRef<PromptState>({ tab: 'try', values: {} })
  const address = useLateWrite()
  const [, redraw] = useState(current.current)
  if (route !== adopted.current) {
    const isFirst = adopted.current === null
    adopted.current = route
    address.drop()
    if (route.view === 'prompt') {
      const draft = drafts.current.get(route.name) ?? {}
      const values = isFirst && typed ? typed : valuesAt(route.values, draft, argumentsOf(route.name))
      current.current = { tab: route.tab, values }
      drafts.current.set(route.name, values)
    }
  }
  const write = (route: Route) => {
    if (route.view !== 'prompt' || !hasAddress) return
    const { tab, values } = current.current
    replace(promptHref(route.name, partsOf(values, argumentsOf(route.name)).shared, tab))
  }
  useEffect(() => {
    // A card leads to its prompt without values, and what was typed there before is shown.
    if (route.view === 'prompt' && Object.keys(route.values).length === 0 && Object.keys(current.current.values).length > 0) write(route)
  }, [route])
  const set = (next: Partial<PromptState>) => {
    if (route.view !== 'prompt') return
    current.current = { ...current.current, ...next }
    drafts.current.set(route.name, current.current.values)
    redraw(current.current)
    address.later(() => write(route))
  }
  return { ...current.current, set, leave: address.now }
}

/** The values at an address. One without values leads to what was typed last, and values that stay out of addresses are kept at any. */
export function valuesAt(addressed: Values, draft: Values, known: NamedArgument[]): Values {
  if (Object.keys(addressed).length === 0) return draft
  const { leftOut } = partsOf(draft, known)
  const kept = Object.entries(draft).filter(([name]) => leftOut.some(other => other.name === name))
  return { ...Object.fromEntries(kept), ...addressed }
}
