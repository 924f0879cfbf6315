/** A field that takes typed characters. */
const TEXT_FIELD = 'input:not([type="radio"], [type="checkbox"]), textarea, select, [contenteditable]'

/** Whether a key is a command to the page: it comes alone, and does not go to a text field. */
export function isCommand(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return false
  return !(event.target instanceof Element && event.target.closest(TEXT_FIELD))
}
