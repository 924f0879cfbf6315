/** A rendered prompt, as the conversation that a model gets. */

import { useEffect, useMemo, useRef, useState } from 'preact/hooks'

import type { Content, Message } from '../../gallery'
import { promptWords } from '../../words'
import { count } from './count'
import { MAX_MARKDOWN } from '../../markdownLimit'
import { base64Bytes, bytesInWords, dataAddress, linkAddress } from './media'

interface ConversationProps {
  messages: Message[]
  /** They are of earlier values. */
  isStale: boolean
  isLoading: boolean
}

export function Conversation({ messages, isStale, isLoading }: ConversationProps) {
  const [isRaw, setIsRaw] = useState(false)
  const isEmpty = messages.every(({ content }) => content.every(part => part.type === 'text' && part.text === ''))
  const total = messages.flatMap(({ content }) => content.map(markdownLength)).reduce((sum, length) => sum + length, 0)
  let shown = 0
  return (
    <>
      <div class="rendered-bar">
        <Counts messages={messages} />
        <fieldset class="radios" role="radiogroup">
          <legend class="unseen">{promptWords.view}</legend>
          {[false, true].map(raw => (
            <label key={String(raw)} class="radio">
              <input type="radio" name="rendered-view" checked={raw === isRaw} onChange={() => setIsRaw(raw)} />
              <span>{raw ? promptWords.raw : promptWords.markdown}</span>
            </label>
          ))}
        </fieldset>
      </div>
      {isStale && !isLoading && <p class="remark">{promptWords.stale}</p>}
      <div class={isStale ? 'conversation conversation-stale' : 'conversation'} aria-busy={isLoading}>
        {isEmpty && <p class="remark">{promptWords.empty}</p>}
        {messages.map(({ role, content }, at) => (
          <article key={at} class={`turn turn-${role}`} aria-labelledby={`message-${at}`}>
            <h3 id={`message-${at}`}>{promptWords.roles[role]}</h3>
            {content.map((part, at) => {
              shown += markdownLength(part)
              return <Part key={at} part={part} isRaw={isRaw} isLong={shown > MAX_MARKDOWN} total={total} />
            })}
          </article>
        ))}
      </div>
    </>
  )
}

const numbers = new Intl.NumberFormat('en')

function Counts({ messages }: { messages: Message[] }) {
  const { characters, tokens } = useMemo(() => count(messages.flatMap(({ content }) => content.map(textOfPart)).join('')), [messages])
  return (
    <p class="counts">
      {promptWords.characters(numbers.format(characters))}, {promptWords.tokens(numbers.format(tokens))}
      <span class="token-rule">{promptWords.tokenRule}</span>
    </p>
  )
}

function textOfPart(part: Content): string {
  return part.type === 'text' || part.type === 'resource' ? (part.text ?? '') : ''
}

function markdownLength(part: Content): number {
  return part.type === 'text' ? part.text.length : 0
}

interface ShownAs {
  isRaw: boolean
  /** With what is above it, it is more Markdown than is read at each change. */
  isLong: boolean
  /** The length of all Markdown that is shown. */
  total: number
}

function Part({ part, ...shownAs }: ShownAs & { part: Content }) {
  switch (part.type) {
    case 'text':
      return <Text text={part.text} {...shownAs} />
    case 'image': {
      const address = dataAddress('image', part.mimeType, part.data)
      return (
        <figure class="media">
          {address && <img src={address} alt={promptWords.picture} />}
          <Caption part={part} isShown={address !== undefined} />
        </figure>
      )
    }
    case 'audio': {
      const address = dataAddress('audio', part.mimeType, part.data)
      return (
        <figure class="media">
          {address && <audio controls src={address} aria-label={promptWords.recording} />}
          <Caption part={part} isShown={address !== undefined} />
        </figure>
      )
    }
    case 'resource':
      return (
        <figure class="media">
          <figcaption>
            {promptWords.file}: {part.uri} {part.mimeType && `(${part.mimeType})`}
          </figcaption>
          {part.text !== undefined && <pre class="raw">{part.text}</pre>}
        </figure>
      )
    case 'link': {
      const address = linkAddress(part.uri)
      return (
        <p class="media">
          {promptWords.link}:{' '}
          {address ? (
            <a href={address} target="_blank" rel="noopener noreferrer">
              {part.name}
            </a>
          ) : (
            <>
              {part.name} <code>{part.uri}</code>
            </>
          )}
          {part.description && ` – ${part.description}`}
        </p>
      )
    }
  }
}

function Caption({ part, isShown }: { part: Extract<Content, { data: string }>; isShown: boolean }) {
  return (
    <figcaption>
      {promptWords.media(part.mimeType, bytesInWords(base64Bytes(part.data)))}
      {!isShown && ` – ${promptWords.notShown}`}
    </figcaption>
  )
}

function Text({ text, isRaw, isLong, total }: ShownAs & { text: string }) {
  const [isWanted, setIsWanted] = useState(false)
  const [failed, setFailed] = useState<string | null>(null)
  if (isRaw) {
    return <pre class="raw">{text}</pre>
  }
  if (isLong && !isWanted) {
    return (
      <>
        <p class="remark">
          {promptWords.longText}{' '}
          <button type="button" class="outlined" onClick={() => setIsWanted(true)}>
            {promptWords.showMarkdown}
          </button>
        </p>
        <pre class="raw">{text}</pre>
      </>
    )
  }
  if (failed === text) {
    return (
      <>
        <p class="remark">{promptWords.markdownFailed}</p>
        <pre class="raw">{text}</pre>
      </>
    )
  }
  return <Markdown text={text} total={total} onFailed={() => setFailed(text)} />
}

/** The nodes come from the sanitiser, and are put in as nodes: no text is read as HTML here. */
function Markdown({ text, total, onFailed }: { text: string; total: number; onFailed(): void }) {
  const holder = useRef<HTMLDivElement>(null)
  useEffect(() => {
    let isLast = true
    const show = async () => {
      try {
        const { renderMarkdown } = await import('../../markdown')
        if (isLast) holder.current?.replaceChildren(renderMarkdown(text, total))
      } catch {
        if (isLast) onFailed()
      }
    }
    void show()
    return () => {
      isLast = false
    }
  }, [text, total])
  return <div class="markdown" ref={holder} />
}
