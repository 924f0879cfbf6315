import './browse.css'

import { useEffect, useMemo, useRef, useState } from 'preact/hooks'

import type { Finding, Gallery, PromptList, SourceFile } from '../../gallery'
import { type BrowseState, EVERYTHING, promptHref } from '../../router'
import { Header, type HeaderProps } from '../../shell/Header'
import { isCommand } from '../../shell/keys'
import { navigate } from '../../shell/navigation'
import { browseWords } from '../../words'
import { BrokenFiles } from './BrokenFiles'
import { Cards, type Remembered } from './Cards'
import { Empty } from './Empty'
import { Filters } from './Filters'
import { SearchBox } from './SearchBox'
import { arrange, foldersOf, libraryOf, tagsOf } from './sections'

/** After the last keystroke. */
const FIND_DELAY_MS = 250

interface BrowseViewProps {
  header: HeaderProps
  gallery: Gallery
  list: PromptList
  files: SourceFile[]
  state: BrowseState
  onState(state: BrowseState): void
  remembered: Remembered | null
  /** The reader came here to search. */
  beginsWithSearch: boolean
  onLeave(remembered: Remembered): void
}

export function BrowseView({ header, gallery, list, files, state, onState, remembered, beginsWithSearch, onLeave }: BrowseViewProps) {
  const { prompts } = list
  const library = useMemo(() => libraryOf(prompts, files), [prompts, files])
  const finding = useFinding(gallery, state.query)
  const folders = useMemo(() => foldersOf(library), [library])
  const tags = useMemo(() => tagsOf(library), [library])
  const arranged = useMemo(() => arrange(library, state, finding?.names ?? []), [library, state, finding])
  const input = useRef<HTMLInputElement>(null)
  const hasChanges = useMemo(() => files.some(file => file.prompt !== undefined && file.lastModified !== undefined), [files])

  useEffect(() => {
    const toSearch = () => {
      input.current?.focus()
      input.current?.select()
    }
    if (beginsWithSearch) toSearch()
    const onKeyDown = (event: KeyboardEvent) => {
      if ((event.key !== '/' && event.key !== 'Escape') || !isCommand(event)) return
      event.preventDefault()
      toSearch()
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [])

  if (prompts.length === 0 && !list.isPartial) {
    return (
      <>
        <Header {...header} />
        <main id="main" class="page" tabIndex={-1}>
          <h1 class="unseen">{browseWords.title}</h1>
          <BrokenFiles files={files} isOpen />
          <Empty />
        </main>
      </>
    )
  }

  const search = (query: string) => {
    onState({ ...state, query })
    // The best match is at the top.
    if (window.scrollY > 0) window.scrollTo(0, 0)
  }
  const openFirst = () => {
    const first = arranged.sections[0]?.prompts[0]
    if (first && state.query) {
      onLeave({ place: 0, scroll: window.scrollY })
      navigate(promptHref(first.name))
    }
  }
  const hasFilters = folders.length > 1 || tags.length > 0
  const isFiltered = arranged.total < prompts.length || state.query !== '' || state.tags.length > 0 || state.folder !== null
  return (
    <>
      <Header {...header}>
        <SearchBox
          input={input}
          query={state.query}
          onQuery={search}
          onDown={() => document.querySelector<HTMLElement>('.card-link[tabindex="0"]')?.focus()}
          onEnter={openFirst}
        />
      </Header>
      <main id="main" class={hasFilters ? 'page browse browse-filtered' : 'page browse'} tabIndex={-1}>
        <h1 class="unseen">{browseWords.title}</h1>
        {hasFilters && <Filters folders={folders} tags={tags} state={state} total={prompts.length} onState={onState} />}
        <div>
          <div class="browse-bar">
            <p class="browse-count" role="status">
              {isFiltered
                ? browseWords.promptsOf(arranged.total, prompts.length + list.unlisted)
                : browseWords.prompts(prompts.length + list.unlisted)}
            </p>
            {(state.tags.length > 0 || state.folder !== null || state.query !== '') && (
              <button type="button" class="quiet" onClick={() => onState({ ...EVERYTHING, sort: state.sort })}>
                {browseWords.clearFilters}
              </button>
            )}
            {hasChanges && prompts.length > 1 && (
              <label class="sort">
                {browseWords.sort}{' '}
                <select
                  value={state.sort}
                  onChange={event => onState({ ...state, sort: event.currentTarget.value === 'change' ? 'change' : 'name' })}
                >
                  <option value="name">{state.query ? browseWords.sortMatch : browseWords.sortName}</option>
                  <option value="change">{browseWords.sortChange}</option>
                </select>
              </label>
            )}
          </div>
          {list.isPartial && list.unlisted === 0 && (
            <p class="note" role="status">
              {browseWords.partial}
            </p>
          )}
          {list.unlisted > 0 && <Unlisted shown={prompts.length} unlisted={list.unlisted} query={state.query} finding={finding} />}
          <BrokenFiles
            files={files}
            isOpen={remembered !== null && remembered.place === null}
            onLeave={() => onLeave({ place: null, scroll: window.scrollY })}
          />
          {arranged.total === 0 ? (
            <div class="message">
              <h2>{browseWords.noMatchTitle}</h2>
              <p>{browseWords.noMatch}</p>
            </div>
          ) : (
            <Cards
              arranged={arranged}
              files={library.files}
              remembered={remembered}
              onLeave={onLeave}
              onTop={() => input.current?.focus()}
            />
          )}
        </div>
      </main>
    </>
  )
}

interface UnlistedProps {
  shown: number
  unlisted: number
  query: string
  finding: Finding | null
}

/** What the reader does not see of a gallery that is larger than the list. */
function Unlisted({ shown, unlisted, query, finding }: UnlistedProps) {
  const isSearch = query.trim() !== ''
  const words = !isSearch
    ? browseWords.unlisted(shown, shown + unlisted)
    : finding === null
      ? browseWords.searching
      : finding.hasMore
        ? browseWords.moreMatch
        : null
  return (
    <p class={words === null ? 'unseen' : 'note note-plain'} role="status">
      {words}
    </p>
  )
}

/** What the server finds beyond the list; `null` while it is asked. */
function useFinding(gallery: Gallery, query: string): Finding | null {
  const [last, setLast] = useState<{ query: string; finding: Finding } | null>(null)
  const words = query.trim()
  useEffect(() => {
    if (words === '' || !gallery.abilities.find) return
    const controller = new AbortController()
    const take = (finding: Finding) => {
      if (!controller.signal.aborted) setLast({ query: words, finding })
    }
    const find = () => void gallery.find(words, controller.signal).then(take, () => take({ names: [], hasMore: false }))
    const timer = setTimeout(find, FIND_DELAY_MS)
    return () => {
      clearTimeout(timer)
      controller.abort()
    }
  }, [gallery, words])
  return last?.query === words ? last.finding : null
}
