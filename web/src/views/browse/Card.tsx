import type { Prompt, SourceFile } from '../../gallery'
import { promptHref } from '../../router'
import { browseWords } from '../../words'
import { Marked } from './Marked'
import type { Found } from './search'

export interface CardProps {
  prompt: Prompt
  /** Its place among all cards. */
  place: number
  count: number
  found: Found | null
  file: SourceFile | undefined
  /** Only one card is in the order of the Tab key; arrows lead to the others. */
  isCurrent: boolean
  onFocus(place: number): void
  onOpen(place: number): void
}

export const cardId = (place: number) => `card-${place}`

export function Card({ prompt, place, count, found, file, isCurrent, onFocus, onOpen }: CardProps) {
  const { name, title, description, tags } = prompt
  const problems = file?.problems ?? []
  const worst = problems.some(({ level }) => level === 'error') ? 'error' : 'warning'
  const required = prompt.arguments.filter(argument => argument.required).length
  const id = cardId(place)
  const icon = iconOf(prompt)
  return (
    <li class="card" aria-setsize={count} aria-posinset={place + 1}>
      <h3 class="card-title" dir="auto">
        {icon && <img class="card-icon" src={icon} alt="" />}
        {/* The link covers the card, and its name is the title alone. */}
        <a
          id={id}
          class="card-link"
          href={promptHref(name)}
          title={title ?? name}
          aria-describedby={`${id}-text`}
          tabIndex={isCurrent ? 0 : -1}
          onFocus={() => onFocus(place)}
          onClick={() => onOpen(place)}
        >
          <Marked text={title ?? name} found={found} />
        </a>
      </h3>
      {title !== undefined && (
        <p class="card-name" dir="auto">
          <Marked text={name} found={found} />
        </p>
      )}
      <p id={`${id}-text`} class="card-text" dir="auto">
        <Marked text={description ?? ''} found={found} />
      </p>
      <p class="card-foot">
        <span class="card-tags">
          {tags.map(tag => (
            <span key={tag} class="tag" dir="auto">
              <Marked text={tag} found={found} />
            </span>
          ))}
        </span>
        {problems.length > 0 && <span class={`card-problems card-problems-${worst}`}>{browseWords.problems(problems.length)}</span>}
        <span class="card-arguments">{browseWords.arguments(prompt.arguments.length, required)}</span>
      </p>
    </li>
  )
}

/** A picture that is in the list itself: the page asks no other host for one. */
function iconOf({ icons }: Prompt): string | undefined {
  return icons?.find(({ src, theme }) => src.startsWith('data:image/') && theme !== 'dark')?.src
}
