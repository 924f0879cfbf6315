/** Names of arguments may have any character, so the place of an argument makes the id of its field. */
export const fieldId = (at: number) => `argument-${at}`

/** Moves to the field of an argument: for radios, which are a group, to the one that the Tab key would reach. */
export function focusField(at: number): void {
  const field = document.getElementById(fieldId(at))
  const target = field?.matches('fieldset') ? (field.querySelector<HTMLElement>(':checked') ?? field.querySelector('input')) : field
  target?.focus({ preventScroll: true })
  field?.scrollIntoView({ block: 'center' })
}
