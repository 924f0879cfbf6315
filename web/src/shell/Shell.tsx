/** The frame of both the page and the app: shows the view of the route, or why it cannot be shown yet. */

import './shell.css'

import { useCallback, useEffect, useRef, useState } from 'preact/hooks'

import { type Gallery, GalleryError, type PromptList, type SourceFile, type Values } from '../gallery'
import { browseHref, EVERYTHING } from '../router'
import type { Place } from '../signIn'
import { BrowseView } from '../views/browse/BrowseView'
import type { Remembered } from '../views/browse/Cards'
import { hostWords, shellWords } from '../words'
import { useBrowseState, usePromptState } from './address'
import { FilePage } from './FilePage'
import type { HeaderProps } from './Header'
import { fragment, kept, navigate, useRoute } from './navigation'
import { PromptPage } from './PromptPage'
import { Failed, Loading, Notice } from './states'

export interface Account {
  isSignedIn: boolean
  /** Leaves for the sign-in page, which leads back to this place. */
  signIn(place: Place): void
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
  const wantsSearch = useRef(false)
  const argumentsOf = (name: string) => list?.prompts.find(prompt => prompt.name === name)?.arguments ?? []
  const prompt = usePromptState(route, { typed, argumentsOf, hasAddress: !isApp })
  const signIn = () => {
    // The address is what comes back.
    prompt.leave()
    const shown = route.view === 'prompt' ? { values: prompt.values, arguments: argumentsOf(route.name) } : { values: null, arguments: [] }
    account?.signIn({ fragment: fragment(), ...shown })
  }
  const signOut = () => {
    // A write that is due would bring values back into the address.
    prompt.leave()
    account?.signOut()
  }
  const header: HeaderProps = { isApp, account: account && { ...account, signIn, signOut } }

  const toList = useCallback(() => {
    prompt.leave()
    // Going back keeps the history short; a prompt that was opened by a link has no list before it.
    if (hasLeftList.current && !isApp) history.back()
    else navigate(browseHref(browse.state))
  }, [isApp, browse.state])

  const toSearch = useCallback(() => {
    wantsSearch.current = true
    toList()
  }, [toList])

  useEffect(() => {
    if (route.view !== 'browse') return
    document.title = shellWords.product
    wantsSearch.current = false
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
          state={prompt}
          onState={prompt.set}
          back={browseHref(browse.state)}
          onBack={toList}
          onSearch={toSearch}
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
          onSearch={toSearch}
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
        // A search begins at the top, and not at the card that was left.
        remembered={wantsSearch.current ? null : (kept() as Remembered | null)}
        beginsWithSearch={wantsSearch.current}
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
