/** What the path of a file tells. The rules are those of the server's `names.rs`. */

const EXTENSION = /\.(?:prompt|hbs|handlebars)$/
/** A longer name is cut, and ends with digits of its path's digest; so does a name that several files claim. */
const MAX_NAME = 64
const SUFFIX = /^-[0-9a-f]{6}$/

/** Whether a file is a partial, which other prompts include. */
export function isPartial(path: string): boolean {
  return path.slice(path.lastIndexOf('/') + 1).startsWith('_')
}

/** Whether the prompt of a file would have this name: `team/review.short.prompt` makes `team_review--short`. Of letters beyond ASCII, only accents are known. */
export function makesName(path: string, name: string): boolean {
  if (isPartial(path) || !EXTENSION.test(path)) return false
  const whole = path
    .replace(EXTENSION, '')
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/\.([^/]+)$/, '\n$1')
    .replace(/[^\w\n/-]/gu, '-')
    .replace('\n', '--')
    .replaceAll('/', '_')
  const kept = whole.slice(0, MAX_NAME - 7)
  return name === whole || (name.startsWith(kept) && SUFFIX.test(name.slice(kept.length)))
}
