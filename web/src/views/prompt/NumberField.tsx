import { promptWords } from '../../words'
import type { ControlProps } from './Field'
import { stepped } from './step'

interface NumberFieldProps {
  control: ControlProps
  isInteger: boolean
  defaultValue: string | undefined
}

/** Text, and not `type=number`: that shows nothing for a value that is no number, so nobody would see what is wrong. */
export function NumberField({
  control: { id, label, value, placeholder, aria, onValue, onLeave },
  isInteger,
  defaultValue,
}: NumberFieldProps) {
  const step = (by: 1 | -1) => {
    const next = stepped(value || defaultValue || '0', by, isInteger)
    if (next !== undefined) onValue(next)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : undefined
    if (by !== undefined) {
      event.preventDefault()
      step(by)
    }
  }
  return (
    <div class="number">
      <input
        type="text"
        id={id}
        {...aria}
        inputMode={isInteger ? 'numeric' : 'decimal'}
        autocomplete="off"
        value={value}
        placeholder={placeholder}
        onInput={event => onValue(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onBlur={onLeave}
      />
      {/* The arrow keys do the same, so the buttons are for pointers. */}
      <button type="button" tabIndex={-1} aria-label={promptWords.decrease(label)} onClick={() => step(-1)}>
        <span aria-hidden="true">−</span>
      </button>
      <button type="button" tabIndex={-1} aria-label={promptWords.increase(label)} onClick={() => step(1)}>
        <span aria-hidden="true">+</span>
      </button>
    </div>
  )
}
