import { useEffect, useMemo, useRef } from 'preact/hooks'

import type { PromptList, SourceFile } from '../../gallery'
import { type BrowseState, EVERYTHING, promptHref } from '../../router'
import { Header, type HeaderProps } from '../../shell/Header'
import { navigate } from '../../shell/navigation'
import { browseWords } from '../../words'
import { BrokenFiles } from './BrokenFiles'
import { Cards, type Remembered } from './Cards'
import { Empty } from './Empty'
import { Filters } from './Filters'
import { indexOf } from './search'
import { SearchBox } from './SearchBox'
import { arrange, foldersOf, libraryOf, tagsOf } from './sections'

interface BrowseViewProps {
  header: HeaderProps
  list: PromptList
  files: SourceFile[]
  state: BrowseState
  onState(state: BrowseState): void
  remembered: Remembered | null
  onLeave(remembered: Remembered): void
}

export function BrowseView({ header, list, files, state, onState, remembered, onLeave }: BrowseViewProps) {
  const { prompts } = list
  const index = useMemo(() => indexOf(prompts), [prompts])
  const library = useMemo(() => libraryOf(prompts, files, index), [prompts, files, index])
  const folders = useMemo(() => foldersOf(library), [library])
  const tags = useMemo(() => tagsOf(library), [library])
  const arranged = useMemo(() => arrange(library, state), [library, state])
  const input = useRef<HTMLInputElement>(null)
  const hasChanges = useMemo(() => files.some(file => file.prompt !== undefined && file.lastModified !== undefined), [files])

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return
      const { target } = event
      const isTyping = target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null
      if (isTyping) return
      if (event.key === '/' || event.key === 'Escape') {
        event.preventDefault()
        input.current?.focus()
        input.current?.select()
      }
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
        <div class="browse-list">
          <div class="browse-bar">
            <p class="browse-count" role="status">
              {isFiltered ? browseWords.promptsOf(arranged.total, prompts.length) : browseWords.prompts(prompts.length)}
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
          {list.isPartial && (
            <p class="note" role="status">
              {browseWords.partial}
            </p>
          )}
          <BrokenFiles files={files} isOpen={remembered !== null && remembered.place === null} onLeave={() => onLeave({ place: null, scroll: window.scrollY })} />
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
