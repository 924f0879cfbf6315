/** A text field with a list of suggestions, by the pattern of ARIA's editable combobox. */

import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

import { promptWords } from '../../words'
import type { ControlProps } from './Field'
import type { Suggest } from './TextField'

const DELAY_MS = 150

interface ComboboxProps {
  control: ControlProps
  input: RefObject<HTMLInputElement | null>
  /** The values that are suggested for empty text. */
  known: string[]
  suggest: Suggest
  /** Text with several lines was pasted, with the place of the caret after it. */
  onLines(text: string, at: number): void
}

export function Combobox({ control, input, known, suggest, onLines }: ComboboxProps) {
  const { id, label, value, placeholder, aria, onValue, onLeave } = control
  // The suggestions show as soon as the field has the focus.
  const [isOpen, setIsOpen] = useState(true)
  const [active, setActive] = useState(-1)
  const options = useSuggestions(value, known, suggest)
  const list = useRef<HTMLUListElement>(null)
  const isShown = isOpen && options.length > 0 && !(options.length === 1 && options[0] === value)
  const listId = `${id}-list`
  const optionId = (at: number) => `${id}-option-${at}`
  const current = isShown && active >= 0 && active < options.length ? active : -1

  useEffect(() => setActive(-1), [options])
  useEffect(() => {
    if (isShown) list.current?.scrollIntoView({ block: 'nearest' })
  }, [isShown])
  useEffect(() => {
    list.current?.children[current]?.scrollIntoView({ block: 'nearest' })
  }, [current])

  const open = (at: number) => {
    setIsOpen(true)
    setActive(at)
  }
  const close = () => {
    setIsOpen(false)
    setActive(-1)
  }
  const take = (option: string) => {
    onValue(option)
    close()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return
    const last = options.length - 1
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      const step = event.key === 'ArrowDown' ? 1 : -1
      const from = isShown ? current + step : step > 0 ? 0 : last
      open(from > last ? 0 : from < 0 ? last : from)
    } else if (event.key === 'Enter' && current >= 0) {
      event.preventDefault()
      take(options[current] ?? value)
    } else if (event.key === 'Escape' && isShown) {
      event.preventDefault()
      close()
    }
  }
  const onPaste = (event: ClipboardEvent) => {
    const pasted = event.clipboardData?.getData('text/plain').replace(/\r\n?/g, '\n') ?? ''
    const element = input.current
    if (!element || !pasted.includes('\n')) return
    event.preventDefault()
    const { selectionStart, selectionEnd } = element
    const before = value.slice(0, selectionStart ?? value.length)
    onLines(before + pasted + value.slice(selectionEnd ?? value.length), before.length + pasted.length)
  }
  return (
    <div class="combobox">
      <input
        ref={input}
        type="text"
        id={id}
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={isShown}
        aria-controls={listId}
        aria-activedescendant={current >= 0 ? optionId(current) : undefined}
        {...aria}
        dir="auto"
        autocomplete="off"
        value={value}
        placeholder={placeholder}
        onInput={event => {
          onValue(event.currentTarget.value)
          open(-1)
        }}
        onClick={() => open(-1)}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
        onBlur={() => {
          close()
          onLeave()
        }}
      />
      <ul ref={list} id={listId} role="listbox" aria-label={promptWords.suggestions(label)} hidden={!isShown}>
        {options.map((option, at) => (
          <li
            key={option}
            id={optionId(at)}
            role="option"
            dir="auto"
            aria-selected={at === current}
            // The field keeps the focus.
            onMouseDown={event => event.preventDefault()}
            onClick={() => take(option)}
          >
            {option}
          </li>
        ))}
      </ul>
      <span class="unseen" role="status">
        {isShown && promptWords.suggestionCount(options.length)}
      </span>
    </div>
  )
}

/** Suggestions for what is typed. An answer for earlier text is dropped. */
function useSuggestions(value: string, known: string[], suggest: Suggest): string[] {
  const [options, setOptions] = useState(known)
  const isFirst = useRef(true)
  useEffect(() => {
    if (value === '') return setOptions(known)
    const controller = new AbortController()
    const load = async () => {
      const found = await suggest(value, controller.signal).catch(() => [])
      if (!controller.signal.aborted) setOptions(found)
    }
    const timer = setTimeout(load, isFirst.current ? 0 : DELAY_MS)
    return () => {
      clearTimeout(timer)
      controller.abort()
    }
  }, [value, known])
  useEffect(() => {
    isFirst.current = false
  }, [])
  return options
}
