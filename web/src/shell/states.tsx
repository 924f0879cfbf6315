/** What is shown in place of a view, and above all views. */

import { useEffect, useRef, useState } from 'preact/hooks'

import { browseWords, shellWords } from '../words'
import { Header, type HeaderProps } from './Header'

/** How long the news that the server is back stays. */
const NEWS_MS = 4_000

/** Takes the room that the view will take. */
export function Loading({ header, isPrompt }: { header: HeaderProps; isPrompt: boolean }) {
  return (
    <>
      <Header {...header}>{!isPrompt && <div class="ghost ghost-search" aria-hidden="true" />}</Header>
      <main id="main" class={isPrompt ? 'page' : 'page browse browse-filtered'} tabIndex={-1} aria-busy="true">
        <h1 class="unseen">{isPrompt ? shellWords.product : browseWords.title}</h1>
        <p class="unseen" role="status">
          {isPrompt ? shellWords.loadingPrompt : shellWords.loading}
        </p>
        {isPrompt ? (
          <div aria-hidden="true">
            <div class="ghost ghost-title" />
            <div class="ghost ghost-line" />
            <div class="ghost ghost-form" />
          </div>
        ) : (
          <>
            <div class="filters" />
            <div aria-hidden="true">
              <div class="browse-bar">
                <span class="ghost ghost-count" />
              </div>
              <div class="ghost-cards">
                {Array.from({ length: 9 }, (_, i) => (
                  <div key={i} class="ghost ghost-card" />
                ))}
              </div>
            </div>
          </>
        )}
      </main>
    </>
  )
}

interface FailedProps {
  header: HeaderProps
  title: string
  text: string
  action?: { words: string; run(): void } | null
  /** Where more is said. */
  link?: { words: string; href: string }
  toList?: string
}

export function Failed({ header, title, text, action, link, toList }: FailedProps) {
  const parts = text.split('`')
  return (
    <>
      <Header {...header} />
      <main id="main" class="page" tabIndex={-1}>
        <div class="message" role="alert">
          <h1>{title}</h1>
          <p>{parts.map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</p>
          {link && (
            <p>
              <a href={link.href}>{link.words}</a>
            </p>
          )}
          {action && (
            <button type="button" class="button" onClick={action.run}>
              {action.words}
            </button>
          )}
          {toList !== undefined && (
            <a class="button" href={toList}>
              {shellWords.toGallery}
            </a>
          )}
        </div>
      </main>
    </>
  )
}

interface NoticeProps {
  /** `null` while the view itself says so. */
  isReachable: boolean | null
  notice: string | null
}

/** A line at the foot of the window: the server is away, or back. */
export function Notice({ isReachable, notice }: NoticeProps) {
  const wasAway = useRef(false)
  const [isNews, setIsNews] = useState(false)
  useEffect(() => {
    if (isReachable === null) return
    if (!isReachable) {
      wasAway.current = true
      setIsNews(false)
      return
    }
    if (!wasAway.current) return
    wasAway.current = false
    setIsNews(true)
    const timer = setTimeout(() => setIsNews(false), NEWS_MS)
    return () => clearTimeout(timer)
  }, [isReachable])
  const words = isReachable === false ? shellWords.unreachableBanner : isNews ? shellWords.reachableAgain : notice
  return (
    <div class="notice-frame" role="status">
      {words !== null && <p class={isNews ? 'notice notice-good' : 'notice'}>{words}</p>}
    </div>
  )
}
