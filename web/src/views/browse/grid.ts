/** Where cards are in a window of rows. Sizes are in pixels. */

import type { Section } from './sections'

export interface Sizes {
  columns: number
  /** A row of cards with the gap below. */
  row: number
  /** A heading with its gaps. */
  heading: number
}

export interface PlacedSection {
  section: Section
  /** The place of its first card among all cards. */
  first: number
  top: number
  height: number
  /** Where its first row begins, below `top`. */
  inset: number
}

export interface Grid {
  sections: PlacedSection[]
  height: number
  count: number
  sizes: Sizes
}

export function gridOf(sections: Section[], sizes: Sizes): Grid {
  let top = 0
  let first = 0
  const placed = sections.map(section => {
    const inset = section.title === null ? 0 : sizes.heading
    const height = inset + Math.ceil(section.prompts.length / sizes.columns) * sizes.row
    const one = { section, first, top, height, inset }
    top += height
    first += section.prompts.length
    return one
  })
  return { sections: placed, height: top, count: first, sizes }
}

export interface VisibleSection extends PlacedSection {
  /** Its cards from `from` to before `to` are drawn. */
  from: number
  to: number
}

/** The sections and rows between two heights. */
export function visible({ sections, sizes }: Grid, top: number, bottom: number): VisibleSection[] {
  const shown: VisibleSection[] = []
  for (let i = firstBelow(sections, top); i < sections.length && sections[i]!.top < bottom; i++) {
    const one = sections[i]!
    const rowAt = (y: number) => (y - one.top - one.inset) / sizes.row
    const from = Math.max(0, Math.floor(rowAt(top))) * sizes.columns
    const to = Math.min(one.section.prompts.length, Math.max(0, Math.ceil(rowAt(bottom))) * sizes.columns)
    shown.push({ ...one, from: Math.min(from, to), to })
  }
  return shown
}

/** The first section that ends below a height. */
function firstBelow(sections: PlacedSection[], y: number): number {
  let [low, high] = [0, sections.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const { top, height } = sections[middle]!
    if (top + height > y) high = middle
    else low = middle + 1
  }
  return low
}

/** The section of a card. */
export function sectionAt({ sections }: Grid, place: number): PlacedSection | undefined {
  return sections.findLast(section => section.first <= place)
}

/** Where the row of a card is. */
export function rowOf(grid: Grid, place: number): { top: number; bottom: number } {
  const section = sectionAt(grid, place)
  if (!section) return { top: 0, bottom: 0 }
  const row = Math.floor((place - section.first) / grid.sizes.columns)
  const top = section.top + section.inset + row * grid.sizes.row
  return { top, bottom: top + grid.sizes.row }
}

/** The card that a key leads to. Up and down keep the column, across sections too. */
export function neighbour(grid: Grid, place: number, key: string): number | null {
  const { columns } = grid.sizes
  const at = grid.sections.findLastIndex(section => section.first <= place)
  const section = grid.sections[at]
  if (!section) return null
  const inside = place - section.first
  const column = inside % columns
  const last = section.section.prompts.length - 1
  switch (key) {
    case 'ArrowRight':
      return place + 1 < grid.count ? place + 1 : null
    case 'ArrowLeft':
      return place > 0 ? place - 1 : null
    case 'Home':
      return 0
    case 'End':
      return grid.count - 1
    case 'ArrowDown': {
      if (Math.floor(inside / columns) < Math.floor(last / columns)) return section.first + Math.min(inside + columns, last)
      const next = grid.sections[at + 1]
      return next ? next.first + Math.min(column, next.section.prompts.length - 1) : null
    }
    case 'ArrowUp': {
      if (inside >= columns) return place - columns
      const before = grid.sections[at - 1]
      if (!before) return null
      const end = before.section.prompts.length - 1
      return before.first + Math.min(end - (end % columns) + column, end)
    }
    default:
      return null
  }
}
