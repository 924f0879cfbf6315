/** The frame of both the page and the app: which view is shown, and what is said while there is none. */

import { useCallback, useEffect, useRef, useState } from 'preact/hooks'

import { type Gallery, GalleryError, type PromptList, type SourceFile, type Values } from '../gallery'
import { type BrowseState, browseHref, EVERYTHING, promptHref } from '../router'
import { BrowseView } from '../views/browse/BrowseView'
import type { Remembered } from '../views/browse/Cards'
import { hostWords, shellWords } from '../words'
import { FilePage } from './FilePage'
import type { HeaderProps } from './Header'
import { kept, navigate, replace, useRoute } from './navigation'
import { PromptPage } from './PromptPage'
import { Failed, Loading, Notice } from './states'

/** Browsers refuse many changes of the address in a short time, such as one a keystroke. */
const ADDRESS_DELAY_MS = 250

export interface Account {
  isSignedIn: boolean
  /** Leaves for the sign-in page, which leads back to this fragment. `typed` are the values of its prompt. */
  signIn(fragment: string, typed: Values | null): void
  signOut(): void
}

interface ShellProps {
  gallery: Gallery
  isApp: boolean
  account: Account | null
  /** Said above the views once, such as why signing in failed. */
  notice?: string | null
  /** Values of the prompt that is shown first. */
  typed?: Values | null
}

export function Shell({ gallery, isApp, account, notice = null, typed = null }: ShellProps) {
  const { list, files, error, reload } = usePrompts(gallery)
  const isReachable = useReachable(gallery)
  const route = useRoute()
  const [browse, setBrowse] = useBrowseState(route.view === 'browse' ? route.state : null)
  const hasLeftList = useRef(false)
  const values = useRef(new Map<string, Values>(route.view === 'prompt' && typed ? [[route.name, typed]] : []))
  const signIn = () => {
    const typed = route.view === 'prompt' ? values.current.get(route.name) : undefined
    // What was typed counts more than the values of the link that began it.
    if (route.view === 'prompt' && typed) account?.signIn(promptHref(route.name), typed)
    else account?.signIn(location.hash, null)
  }
  const header: HeaderProps = { isApp, account: account && { ...account, signIn } }

  const toList = useCallback(() => {
    // Going back keeps the history short; a prompt that was opened by a link has no list before it.
    if (hasLeftList.current && !isApp) history.back()
    else navigate(browseHref(browse.state))
  }, [isApp, browse.state])

  useEffect(() => {
    if (route.view === 'browse') document.title = shellWords.product
  }, [route.view])

  const content = () => {
    if (route.view === 'unknown' || (route.view === 'file' && !gallery.abilities.source)) {
      return <Failed header={header} title={shellWords.unknownPageTitle} text={shellWords.unknownPage} toList={browseHref(EVERYTHING)} />
    }
    if (!list) {
      if (!error) return <Loading header={header} isPrompt={route.view !== 'browse'} />
      if (error.kind === 'signIn') {
        const text = account ? shellWords.signInText : shellWords.noClient
        const action = account && { words: shellWords.signIn, run: signIn }
        return <Failed header={header} title={shellWords.signInTitle} text={text} action={action} />
      }
      const isAway = error.kind === 'unreachable'
      return (
        <Failed
          header={header}
          title={isAway ? shellWords.unreachableTitle : shellWords.failedTitle}
          text={isAway ? (isApp ? hostWords.unreachable : shellWords.unreachable) : error.message}
          action={{ words: shellWords.tryAgain, run: reload }}
        />
      )
    }
    if (route.view === 'prompt') {
      return (
        <PromptPage
          key={route.name}
          header={header}
          gallery={gallery}
          list={list}
          files={files}
          name={route.name}
          values={Object.keys(route.values).length > 0 ? route.values : (values.current.get(route.name) ?? {})}
          onValues={next => values.current.set(route.name, next)}
          back={browseHref(browse.state)}
          onBack={toList}
        />
      )
    }
    if (route.view === 'file') {
      return (
        <FilePage
          key={route.path}
          header={header}
          gallery={gallery}
          files={files}
          path={route.path}
          back={browseHref(browse.state)}
          onBack={toList}
        />
      )
    }
    return (
      <BrowseView
        header={header}
        gallery={gallery}
        list={list}
        files={files}
        state={browse.state}
        onState={setBrowse}
        remembered={kept() as Remembered | null}
        onLeave={place => {
          hasLeftList.current = true
          browse.leave(place)
        }}
      />
    )
  }

  return (
    <>
      {!isApp && (
        <a class="skip" href="#main" onClick={skipToMain}>
          {shellWords.skip}
        </a>
      )}
      {content()}
      <Notice isReachable={list === null ? null : isReachable} notice={notice} />
    </>
  )
}

/** The fragment is the address of a view, so that it cannot be the address of an element too. */
function skipToMain(event: MouseEvent): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

interface Prompts {
  list: PromptList | null
  files: SourceFile[]
  error: GalleryError | null
  reload(): void
}

const NO_FILES: SourceFile[] = []

/** The prompts, asked for again when they change. The last list stays while a newer one cannot be had. */
function usePrompts(gallery: Gallery): Prompts {
  const [list, setList] = useState<PromptList | null>(null)
  const [files, setFiles] = useState(NO_FILES)
  const [error, setError] = useState<GalleryError | null>(null)
  const loading = useRef<AbortController | null>(null)

  const reload = useCallback(() => {
    loading.current?.abort()
    const controller = new AbortController()
    loading.current = controller
    const { signal } = controller
    const isLast = () => !signal.aborted
    const loadFiles = async () => {
      const files = await gallery.files(signal)
      if (isLast()) setFiles(files)
    }
    const load = async () => {
      // Cards are shown before the files, which only add to them.
      if (gallery.abilities.source) void loadFiles().catch(() => {})
      const list = await gallery.prompts(signal)
      if (!isLast()) return
      setList(list)
      setError(null)
    }
    void load().catch((e: unknown) => {
      if (isLast()) setError(e instanceof GalleryError ? e : new GalleryError(String(e), 'server'))
    })
  }, [gallery])

  useEffect(() => {
    const stop = gallery.onChange(reload)
    reload()
    return () => {
      stop()
      loading.current?.abort()
    }
  }, [gallery, reload])

  return { list, files, error, reload }
}

function useReachable(gallery: Gallery): boolean {
  const [isReachable, setIsReachable] = useState(true)
  useEffect(() => gallery.onReachable(setIsReachable), [gallery])
  return isReachable
}

interface Browse {
  state: BrowseState
  /** Writes the address now, with what is to be there again when the reader comes back. */
  leave(remembered: Remembered): void
}

/** The search and the filters. The address follows them with a short delay. */
function useBrowseState(routed: BrowseState | null): [Browse, (state: BrowseState) => void] {
  const current = useRef(routed ?? EVERYTHING)
  const adopted = useRef(routed)
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  const [, redraw] = useState(current.current)
  const stopTimer = () => {
    if (timer.current !== null) clearTimeout(timer.current)
    timer.current = null
  }
  // The address was changed by the reader, or by going back. The very first drawing has to be of it: cards are focused by their places.
  if (routed !== adopted.current) {
    adopted.current = routed
    if (routed && browseHref(routed) !== browseHref(current.current)) {
      stopTimer()
      current.current = routed
    }
  }
  const write = useCallback((remembered: Remembered | null) => {
    stopTimer()
    replace(browseHref(current.current), remembered)
  }, [])
  const set = useCallback((next: BrowseState) => {
    current.current = next
    redraw(next)
    stopTimer()
    timer.current = setTimeout(() => write(null), ADDRESS_DELAY_MS)
  }, [])
  return [{ state: current.current, leave: write }, set]
}
