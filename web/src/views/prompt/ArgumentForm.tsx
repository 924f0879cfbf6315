import './form.css'

import { useState } from 'preact/hooks'

import type { Gallery, Prompt, Values } from '../../gallery'
import { promptWords } from '../../words'
import { Field } from './Field'
import { fieldId, focusField } from './focus'
import { sentValues, unknownNames, valueOf, withValue } from './values'

interface ArgumentFormProps {
  gallery: Gallery
  prompt: Prompt
  values: Values
  /** What is wrong, by the name of the argument. */
  errors: Map<string, string>
  onValues(values: Values): void
  onLeave(name: string): void
}

export function ArgumentForm({ gallery, prompt, values, errors, onValues, onLeave }: ArgumentFormProps) {
  const [isCleared, setIsCleared] = useState(false)
  const unknown = unknownNames(prompt, values)
  const list = prompt.arguments
  const suggest = (name: string) => (text: string, signal: AbortSignal) => {
    return gallery.suggest(prompt.name, name, text, sentValues(prompt, values), signal)
  }
  return (
    <form class="arguments" aria-labelledby="arguments-title" noValidate onSubmit={event => event.preventDefault()}>
      <div class="arguments-head">
        <h2 id="arguments-title">{promptWords.form}</h2>
        {Object.keys(values).length > 0 && (
          <button
            type="button"
            class="quiet"
            onClick={() => {
              onValues({})
              setIsCleared(true)
              // The button goes away, and the focus with it.
              focusField(0)
            }}
          >
            {promptWords.clear}
          </button>
        )}
        <span class="unseen" role="status">
          {isCleared && Object.keys(values).length === 0 && promptWords.cleared}
        </span>
      </div>
      {list.length === 0 && <p class="remark">{promptWords.noArguments}</p>}
      {list.length > 0 && !list.some(({ required }) => required) && <p class="remark">{promptWords.allOptional}</p>}
      {unknown.length > 0 && <p class="box">{promptWords.unknown(unknown.join(', '))}</p>}
      {list.map((argument, at) => (
        <Field
          key={argument.name}
          id={fieldId(at)}
          argument={argument}
          value={valueOf(values, argument.name)}
          error={errors.get(argument.name)}
          suggest={gallery.abilities.completion ? suggest(argument.name) : undefined}
          onValue={value => onValues(withValue(values, argument.name, value))}
          onLeave={() => onLeave(argument.name)}
        />
      ))}
    </form>
  )
}
