/** What the pages of a prompt and of a file have in common: they lead back to the list. */

import type { RefObject } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'

import { shellWords } from '../words'
import { Header, type HeaderProps } from './Header'
import { isCommand } from './keys'

/** Begins at the top with the focus on the main part. Esc goes back, and `/` to the search. Returns the reference of the main part. */
export function usePage(title: string, onBack: () => void, onSearch: () => void): RefObject<HTMLElement | null> {
  const main = useRef<HTMLElement>(null)

  useEffect(() => {
    document.title = shellWords.pageTitle(title)
  }, [title])

  useLayoutEffect(() => {
    window.scrollTo(0, 0)
    main.current?.focus({ preventScroll: true })
  }, [])

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === '/' && isCommand(event)) {
        event.preventDefault()
        onSearch()
        return
      }
      if (event.key !== 'Escape' || event.defaultPrevented || event.isComposing) return
      const field = event.target instanceof HTMLElement ? event.target.closest('input, textarea, select') : null
      // The first Esc leaves a field, so that nobody loses their place in the middle of a text.
      if (field instanceof HTMLElement) field.blur()
      else onBack()
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [onBack, onSearch])

  return main
}

interface BackHeaderProps {
  header: HeaderProps
  /** The address of the list as it was left. */
  back: string
  onBack(): void
}

export function BackHeader({ header, back, onBack }: BackHeaderProps) {
  const onClick = (event: MouseEvent) => {
    // With these keys, a browser opens the link elsewhere.
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    onBack()
  }
  return (
    <Header {...header}>
      <a class="back" href={back} onClick={onClick}>
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="m12 4-6 6 6 6" />
        </svg>
        {shellWords.back}
      </a>
    </Header>
  )
}
