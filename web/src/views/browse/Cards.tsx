/** The cards of all sections, of which only those near the window are in the document. */

import './cards.css'

import { useCallback, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'

import type { SourceFile } from '../../gallery'
import { browseWords } from '../../words'
import { Card, cardId } from './Card'
import { type Grid, gridOf, neighbour, rowOf, sectionAt, type Sizes, visible, type VisibleSection } from './grid'
import type { Arranged } from './sections'

/** In `rem`, as `--card-height`, `--card-gap` and `--heading-height` of `style.css`, and the columns of `.ghost-cards`. */
const REM = { card: 10.75, gap: 1, heading: 3.25, minWidth: 17 }
/** Rows above and below the window that are drawn too, so that a fast scroll shows cards. In pixels. */
const MARGIN = 600

/** What the list looked like when it was left, to come back to. */
export interface Remembered {
  /** The card that was opened; `null` for a file with problems. */
  place: number | null
  scroll: number
}

interface CardsProps {
  arranged: Arranged
  files: Map<string, SourceFile>
  /** Where the list was left, if the reader comes back to it. */
  remembered: Remembered | null
  onLeave(remembered: Remembered): void
  /** The reader moved up from the first row. */
  onTop(): void
}

export function Cards({ arranged, files, remembered, onLeave, onTop }: CardsProps) {
  const frame = useRef<HTMLDivElement>(null)
  const sizes = useSizes(frame)
  const grid = useMemo(() => gridOf(arranged.sections, sizes), [arranged.sections, sizes])
  const shown = useWindow(frame, grid)
  const [current, setCurrent] = useState(remembered?.place ?? 0)
  const place = Math.min(current, Math.max(grid.count - 1, 0))
  const wantsFocus = useRef(typeof remembered?.place === 'number')

  // Another list begins at its first card.
  const before = useRef(arranged)
  if (before.current !== arranged) {
    before.current = arranged
    if (!frame.current?.contains(document.activeElement) && current !== 0) setCurrent(0)
  }

  useLayoutEffect(() => {
    if (remembered) window.scrollTo(0, remembered.scroll)
  }, [])

  useLayoutEffect(() => {
    if (!wantsFocus.current) return
    const card = document.getElementById(cardId(place))
    if (!card) return
    wantsFocus.current = false
    card.focus({ preventScroll: true })
  })

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
    const to = neighbour(grid, place, event.key)
    if (to === null) {
      if (event.key === 'ArrowUp') {
        event.preventDefault()
        onTop()
      }
      return
    }
    event.preventDefault()
    reveal(frame.current, rowOf(grid, to))
    wantsFocus.current = true
    setCurrent(to)
  }
  const onFocus = useCallback((place: number) => setCurrent(place), [])
  const onOpen = (place: number) => onLeave({ place, scroll: window.scrollY })

  return (
    <div ref={frame} class="cards" style={{ height: `${grid.height}px` }} onKeyDown={onKeyDown}>
      {withCurrent(grid, shown, place).map(one => (
        <SectionOfCards
          key={one.section.title ?? ''}
          one={one}
          grid={grid}
          current={place}
          found={arranged.found}
          files={files}
          onFocus={onFocus}
          onOpen={onOpen}
        />
      ))}
    </div>
  )
}

interface SectionProps {
  one: VisibleSection
  grid: Grid
  current: number
  found: Arranged['found']
  files: Map<string, SourceFile>
  onFocus(place: number): void
  onOpen(place: number): void
}

function SectionOfCards({ one, grid, current, found, files, onFocus, onOpen }: SectionProps) {
  const { section, first, top, height, inset, from, to } = one
  const id = `section-${first}`
  const { columns, row } = grid.sizes
  return (
    <section class="section" style={{ top: `${top}px`, height: `${height}px` }} aria-labelledby={section.title === null ? undefined : id}>
      {section.title !== null && (
        <h2 id={id} class="section-title">
          <span class="section-name" title={section.title}>
            {section.title}
          </span>{' '}
          <span class="count">{browseWords.number(section.prompts.length)}</span>
        </h2>
      )}
      {to > from && (
        <ul
          class="section-cards"
          style={{ top: `${inset + Math.floor(from / columns) * row}px`, gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
        >
          {section.prompts.slice(from, to).map((prompt, i) => (
            <Card
              key={prompt.name}
              prompt={prompt}
              place={first + from + i}
              count={grid.count}
              found={found}
              file={files.get(prompt.name)}
              isCurrent={first + from + i === current}
              onFocus={onFocus}
              onOpen={onOpen}
            />
          ))}
        </ul>
      )}
    </section>
  )
}

/** The drawn cards, and the current one: a card that has the focus keeps it when it scrolls away. */
function withCurrent(grid: Grid, shown: VisibleSection[], place: number): VisibleSection[] {
  const section = sectionAt(grid, place)
  if (!section || shown.length === 0) return shown
  const inside = place - section.first
  const rowStart = inside - (inside % grid.sizes.columns)
  const isShown = shown.some(one => one.first === section.first && one.from <= inside && inside < one.to)
  if (isShown || shown.some(one => one.first === section.first)) {
    // Within a drawn section the rows between are drawn too, if they are few.
    return shown.map(one =>
      one.first === section.first && !isShown && Math.abs(one.from - inside) < 60 * grid.sizes.columns
        ? {
            ...one,
            from: Math.min(one.from, rowStart),
            to: Math.max(one.to, Math.min(rowStart + grid.sizes.columns, one.section.prompts.length)),
          }
        : one,
    )
  }
  return shown
}

function useSizes(frame: { current: HTMLDivElement | null }): Sizes {
  const [sizes, setSizes] = useState<Sizes>(() => sizesFor(Math.min(window.innerWidth, 1000)))
  useLayoutEffect(() => {
    const element = frame.current
    if (!element) return
    const measure = () => {
      const next = sizesFor(element.clientWidth)
      setSizes(old => (old.columns === next.columns && old.row === next.row ? old : next))
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return sizes
}

function sizesFor(width: number): Sizes {
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
  const columns = Math.max(1, Math.floor((width / rem + REM.gap) / (REM.minWidth + REM.gap)))
  return { columns, row: (REM.card + REM.gap) * rem, heading: REM.heading * rem }
}

/** The sections and rows near the window. */
function useWindow(frame: { current: HTMLDivElement | null }, grid: Grid): VisibleSection[] {
  const [, redraw] = useState('')
  const measure = () => {
    const top = -(frame.current?.getBoundingClientRect().top ?? 0)
    return visible(grid, top - MARGIN, top + window.innerHeight + MARGIN)
  }
  useLayoutEffect(() => {
    const follow = () =>
      redraw(
        measure()
          .map(({ first, from, to }) => `${first}:${from}-${to}`)
          .join(),
      )
    follow()
    addEventListener('scroll', follow, { passive: true })
    addEventListener('resize', follow)
    return () => {
      removeEventListener('scroll', follow)
      removeEventListener('resize', follow)
    }
  }, [grid])
  return measure()
}

/** Scrolls as little as shows a row below the header that stays. */
function reveal(frame: HTMLDivElement | null, row: { top: number; bottom: number }): void {
  if (!frame) return
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
  const above = Number.parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0
  const offset = frame.getBoundingClientRect().top
  const top = offset + row.top - above - REM.heading * rem
  const bottom = offset + row.bottom + rem - window.innerHeight
  if (top < 0) window.scrollBy(0, top)
  else if (bottom > 0) window.scrollBy(0, bottom)
}
