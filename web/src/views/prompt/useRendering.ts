import { useEffect, useRef, useState } from 'preact/hooks'

import { type Gallery, GalleryError, type Message, type Prompt, type Values } from '../../gallery'
import { turnsOf } from '../../take/messages'

/** After the last keystroke. */
const DELAY_MS = 250

export interface Rendering {
  /** The last rendering that worked. */
  messages: Message[] | null
  /** `messages` are of these values, and not of earlier ones. */
  isCurrent: boolean
  isLoading: boolean
  /** Why these values have no rendering. */
  error: GalleryError | null
  retry(): void
}

/** Renders the prompt again whenever its values or the gallery change. Nothing is asked while `isReady` does not hold. */
export function useRendering(gallery: Gallery, prompt: Prompt, values: Values, isReady: boolean): Rendering {
  const [good, setGood] = useState<{ key: string; messages: Message[] } | null>(null)
  const [failure, setFailure] = useState<{ attempt: string; error: GalleryError } | null>(null)
  const [round, setRound] = useState(0)
  const isUnreachable = useRef(false)
  const isFirst = useRef(true)
  const retry = () => setRound(last => last + 1)

  const key = JSON.stringify([prompt.name, prompt.version, values])
  // When the same is asked for once more, the rendering stays current until the next answer: it would flicker at each change of the gallery.
  const attempt = `${round} ${key}`
  const error = isReady && failure?.attempt === attempt ? failure.error : null
  const isCurrent = isReady && !error && good?.key === key
  isUnreachable.current = error?.kind === 'unreachable'

  useEffect(() => {
    const stops = [
      gallery.onChange(retry),
      gallery.onReachable(isReachable => {
        if (isReachable && isUnreachable.current) retry()
      }),
    ]
    return () => stops.forEach(stop => stop())
  }, [gallery])

  useEffect(() => {
    if (!isReady) return
    const controller = new AbortController()
    const render = async () => {
      try {
        const messages = turnsOf(await gallery.render(prompt.name, values, controller.signal))
        if (!controller.signal.aborted) setGood({ key, messages })
      } catch (error) {
        if (controller.signal.aborted) return
        const known = error instanceof GalleryError ? error : new GalleryError(String(error), 'server')
        setFailure({ attempt, error: known })
      }
    }
    // A link that is opened shows its rendering at once.
    const timer = setTimeout(render, isFirst.current ? 0 : DELAY_MS)
    isFirst.current = false
    return () => {
      clearTimeout(timer)
      controller.abort()
    }
  }, [gallery, attempt, isReady])

  return { messages: good?.messages ?? null, isCurrent, isLoading: isReady && !isCurrent && !error, error, retry }
}
