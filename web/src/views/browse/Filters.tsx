import './filters.css'

import { useEffect, useState } from 'preact/hooks'

import type { BrowseState } from '../../router'
import { browseWords } from '../../words'
import type { Counted } from './sections'

/** More tags are shown on demand. */
const FEW_TAGS = 14

interface FiltersProps {
  folders: Counted[]
  tags: Counted[]
  state: BrowseState
  total: number
  onState(state: BrowseState): void
}

export function Filters({ folders, tags, state, total, onState }: FiltersProps) {
  const [hasAll, setHasAll] = useState(false)
  const isWide = useIsWide()
  const [isOpen, setIsOpen] = useState(false)
  const active = state.tags.length + (state.folder === null ? 0 : 1)
  const shownTags = hasAll ? tags : tags.filter(({ name }, i) => i < FEW_TAGS || state.tags.includes(name))
  const toggle = (tag: string) => {
    const others = state.tags.filter(other => other !== tag)
    onState({ ...state, tags: others.length < state.tags.length ? others : [...state.tags, tag] })
  }
  return (
    <details class="filters" open={isWide || isOpen} onToggle={event => !isWide && setIsOpen(event.currentTarget.open)}>
      <summary class="filters-summary">
        {folders.length > 1 ? browseWords.filters : browseWords.tags}
        {active > 0 && <span class="count">{active}</span>}
      </summary>
      {folders.length > 1 && (
        <section aria-labelledby="folders-title">
          <h2 id="folders-title" class="filters-title">
            {browseWords.folders}
          </h2>
          <ul>
            <Folder
              name={browseWords.allFolders}
              count={total}
              isOn={state.folder === null}
              onClick={() => onState({ ...state, folder: null })}
            />
            {folders.map(({ name, count }) => (
              <Folder
                key={name}
                name={name || browseWords.topFolder}
                count={count}
                isOn={state.folder === name}
                onClick={() => onState({ ...state, folder: state.folder === name ? null : name })}
              />
            ))}
          </ul>
        </section>
      )}
      {tags.length > 0 && (
        <section aria-labelledby="tags-title">
          <h2 id="tags-title" class="filters-title">
            {browseWords.tags}
          </h2>
          <ul class="tags">
            {shownTags.map(({ name, count }) => (
              <li key={name}>
                <button type="button" class="chip" title={name} aria-pressed={state.tags.includes(name)} onClick={() => toggle(name)}>
                  <span class="chip-name">{name}</span> <span class="count">{browseWords.number(count)}</span>
                </button>
              </li>
            ))}
          </ul>
          {tags.length > FEW_TAGS && (
            <button type="button" class="quiet" aria-expanded={hasAll} onClick={() => setHasAll(!hasAll)}>
              {hasAll ? browseWords.fewerTags : browseWords.moreTags(tags.length - FEW_TAGS)}
            </button>
          )}
        </section>
      )}
    </details>
  )
}

function Folder({ name, count, isOn, onClick }: { name: string; count: number; isOn: boolean; onClick(): void }) {
  return (
    <li>
      <button type="button" class="folder" aria-pressed={isOn} onClick={onClick}>
        <span class="folder-name">{name}</span> <span class="count">{browseWords.number(count)}</span>
      </button>
    </li>
  )
}

/** Beside the cards there is room for all filters; above them they are folded. */
function useIsWide(): boolean {
  const [query] = useState(() => matchMedia('(min-width: 60rem)'))
  const [isWide, setIsWide] = useState(query.matches)
  useEffect(() => {
    const follow = () => setIsWide(query.matches)
    query.addEventListener('change', follow)
    return () => query.removeEventListener('change', follow)
  }, [query])
  return isWide
}
