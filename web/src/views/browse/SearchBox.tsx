import './search.css'

import type { Ref } from 'preact'

import { browseWords } from '../../words'

interface SearchBoxProps {
  input: Ref<HTMLInputElement>
  query: string
  onQuery(query: string): void
  onDown(): void
  onEnter(): void
}

export function SearchBox({ input, query, onQuery, onDown, onEnter }: SearchBoxProps) {
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLInputElement }) => {
    // The keys of an input method are its own.
    if (event.isComposing) return
    switch (event.key) {
      case 'ArrowDown':
        event.preventDefault()
        onDown()
        break
      case 'Enter':
        event.preventDefault()
        onEnter()
        break
      case 'Escape':
        event.preventDefault()
        if (query) onQuery('')
        else event.currentTarget.blur()
    }
  }
  return (
    <search class="search">
      <svg class="search-icon" viewBox="0 0 20 20" aria-hidden="true">
        <circle cx="8.5" cy="8.5" r="5.5" />
        <path d="m13 13 4.5 4.5" />
      </svg>
      <input
        ref={input}
        type="search"
        class="search-input"
        aria-label={browseWords.searchLabel}
        aria-keyshortcuts="/"
        placeholder={browseWords.searchPlaceholder}
        autocomplete="off"
        spellcheck={false}
        enterkeyhint="search"
        value={query}
        onInput={event => onQuery(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {query ? (
        <button type="button" class="search-clear" aria-label={browseWords.clearSearch} onClick={() => onQuery('')}>
          <svg viewBox="0 0 20 20" aria-hidden="true">
            <path d="m5 5 10 10M15 5 5 15" />
          </svg>
        </button>
      ) : (
        <kbd class="search-key" aria-hidden="true">
          /
        </kbd>
      )}
    </search>
  )
}
