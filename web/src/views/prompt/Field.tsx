/** One argument: its label, what is said of it, and the control for its type. */

import type { Argument } from '../../gallery'
import { promptWords } from '../../words'
import { Inline } from './Inline'
import { NumberField } from './NumberField'
import { shortened } from './faults'
import { type Suggest, TextField } from './TextField'
import { choicesOf, controlOf, labelOf } from './values'

/** Characters of the choices of a list's items. */
const MAX_CHOICES = 500

export interface FieldProps {
  id: string
  argument: Argument
  value: string
  error: string | undefined
  suggest: Suggest | undefined
  onValue(value: string): void
  onLeave(): void
}

/** What every control of a field has. */
export interface ControlProps {
  id: string
  label: string
  value: string
  placeholder: string | undefined
  /** Attributes for screen readers. */
  aria: {
    'aria-describedby': string | undefined
    'aria-invalid': boolean | undefined
    'aria-required': boolean | undefined
  }
  onValue(value: string): void
  onLeave(): void
}

export function Field(props: FieldProps) {
  const { id, argument, value, error, onValue, onLeave } = props
  const { required, description } = argument
  const hint = hintOf(argument)
  const described = [description && `${id}-about`, hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ')
  const control: ControlProps = {
    id,
    label: labelOf(argument),
    value,
    placeholder: argument.default === undefined ? undefined : promptWords.defaultIs(shortened(argument.default)),
    aria: {
      'aria-describedby': described || undefined,
      'aria-invalid': error ? true : undefined,
      'aria-required': required || undefined,
    },
    onValue,
    onLeave,
  }
  const kind = controlOf(argument)
  const title = (
    <>
      {control.label}
      {argument.title && argument.title !== argument.name && (
        // For those who type it elsewhere. Read aloud after the title it would be noise.
        <code class="argument-name" aria-hidden="true">
          {argument.name}
        </code>
      )}
      {required && <span class="required"> {promptWords.required}</span>}
    </>
  )
  const about = (
    <>
      {description && (
        <p id={`${id}-about`} class="about" dir="auto">
          <Inline text={description} />
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} class="about" dir="auto">
          {hint}
        </p>
      )}
    </>
  )
  const problem = (
    <p id={`${id}-error`} class="field-error" dir="auto" hidden={!error}>
      {error}
    </p>
  )
  if (kind === 'radios') {
    return (
      <fieldset class="field" id={id} role="radiogroup" {...control.aria} onFocusOut={leaving(onLeave)}>
        <legend dir="auto">{title}</legend>
        {about}
        <Radios argument={argument} control={control} />
        {problem}
      </fieldset>
    )
  }
  return (
    <div class={kind === 'switch' ? 'field field-switch' : 'field'}>
      <label for={id} dir="auto">
        {title}
      </label>
      {about}
      {kind === 'switch' && <Switch argument={argument} control={control} />}
      {kind === 'select' && <Select argument={argument} control={control} />}
      {kind === 'number' && <NumberField control={control} isInteger={argument.type === 'integer'} defaultValue={argument.default} />}
      {(kind === 'text' || kind === 'list' || kind === 'json') && (
        <TextField control={control} isCode={kind === 'json'} suggest={kind === 'text' ? props.suggest : undefined} />
      )}
      {problem}
    </div>
  )
}

function hintOf(argument: Argument): string | undefined {
  switch (controlOf(argument)) {
    case 'list': {
      const { itemEnum = [] } = argument
      return itemEnum.length > 0
        ? `${promptWords.oneOf(shortened(itemEnum.join(', '), MAX_CHOICES))} ${promptWords.listHint}`
        : promptWords.listHint
    }
    case 'json':
      return promptWords.jsonHint
    default:
      return undefined
  }
}

/** Calls back when the focus leaves an element with all that is in it. */
function leaving(onLeave: () => void) {
  return (event: FocusEvent) => {
    const { currentTarget, relatedTarget } = event
    if (currentTarget instanceof Element && !(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) {
      onLeave()
    }
  }
}

interface ChoiceProps {
  argument: Argument
  control: ControlProps
}

/** A choice for each value. The default is sent as nothing, and an optional argument without one can be taken back. */
function Radios({ argument, control: { id, value, onValue } }: ChoiceProps) {
  const choices = choicesOf(argument)
  const hasDefault = argument.default !== undefined && choices.includes(argument.default)
  const options = argument.required || hasDefault ? choices : ['', ...choices]
  const valueSent = (choice: string) => (choice === argument.default && !argument.required ? '' : choice)
  const isChecked = (choice: string) => sameChoice(argument, value) === choice || (value === '' && valueSent(choice) === '')
  return (
    <div class="radios">
      {options.map(choice => (
        <label key={choice} class="radio">
          <input type="radio" name={id} value={choice} checked={isChecked(choice)} onChange={() => onValue(valueSent(choice))} />
          <span dir="auto">{choiceWords(argument, choice)}</span>
        </label>
      ))}
    </div>
  )
}

function Select({ argument, control: { id, value, aria, onValue, onLeave } }: ChoiceProps) {
  const choices = choicesOf(argument)
  const known = sameChoice(argument, value)
  const nothing = argument.required ? promptWords.choose : promptWords.notSet
  const hasDefault = argument.default !== undefined && choices.includes(argument.default) && !argument.required
  return (
    <select id={id} dir="auto" {...aria} value={known ?? value} onChange={event => onValue(event.currentTarget.value)} onBlur={onLeave}>
      {!hasDefault && <option value="">{nothing}</option>}
      {value !== '' && known === undefined && <option value={value}>{promptWords.notAllowed(shortened(value))}</option>}
      {choices.map(choice => (
        <option key={choice} value={hasDefault && choice === argument.default ? '' : choice}>
          {choiceWords(argument, choice)}
        </option>
      ))}
    </select>
  )
}

/** The choice that a value is. The server ignores white space around it, and the case of booleans. */
function sameChoice(argument: Argument, value: string): string | undefined {
  const text = argument.type === 'boolean' ? value.trim().toLowerCase() : value.trim()
  return choicesOf(argument).find(choice => choice === value || choice.trim() === text)
}

function choiceWords(argument: Argument, choice: string): string {
  if (choice === '') {
    return promptWords.notSet
  }
  const isBoolean = argument.type === 'boolean'
  const words = isBoolean && choice === 'true' ? promptWords.yes : isBoolean && choice === 'false' ? promptWords.no : choice
  return choice === argument.default ? promptWords.defaultChoice(words) : words
}

function Switch({ argument, control: { id, value, aria, onValue, onLeave } }: ChoiceProps) {
  const atFirst = isTrue(argument.default ?? 'false')
  const isOn = value === '' ? atFirst : isTrue(value)
  const { 'aria-required': _, ...known } = aria
  return (
    <input
      type="checkbox"
      role="switch"
      id={id}
      {...known}
      checked={isOn}
      onChange={event => {
        const { checked } = event.currentTarget
        onValue(checked === atFirst ? '' : String(checked))
      }}
      onBlur={onLeave}
    />
  )
}

function isTrue(value: string): boolean {
  return value.trim().toLowerCase() === 'true'
}
