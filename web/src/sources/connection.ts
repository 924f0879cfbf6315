/**
 * Whether the server answers, and when its lists change. A server with live lists is listened to; others are asked again when somebody looks
 * at the page: when it is shown, and when its window gets the focus, as beside an editor that never hides it. A server that went away is asked again after growing pauses.
 *
 * A hidden page holds no stream: browsers open six connections to a server of HTTP/1.1, so that a seventh tab would never load.
 */

import { GalleryError } from '../gallery'
import { isAbort, type McpClient } from './mcp'

const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 15_000
/** A stream that lasted longer was a good one: its end is the first failure of a new row. */
const GOOD_STREAM_MS = 5_000

/** A window that gets the focus more often is not worth as many requests. */
const MIN_LOOK_MS = 3_000

const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged'

interface Discovered {
  capabilities: { prompts?: { listChanged?: boolean }; resources?: { listChanged?: boolean } }
}

export class Connection {
  readonly #changed = new Set<() => void>()
  readonly #told = new Set<(isReachable: boolean) => void>()
  #isReachable = true
  /** When the server was asked last because of a look at the page, by `performance.now()`. */
  #lookedAt = Number.NEGATIVE_INFINITY
  /** Stops following the server; `null` while nobody wants to know, the page is hidden, or a server without live lists has answered. */
  #following: AbortController | null = null
  /** Ends the pause before the next attempt. */
  #wake: (() => void) | null = null

  constructor(private readonly client: McpClient) {}

  onChange(changed: () => void): () => void {
    this.#changed.add(changed)
    if (this.#changed.size === 1) {
      document.addEventListener('visibilitychange', this.#onVisibility)
      window.addEventListener('focus', this.#onFocus)
      window.addEventListener('online', this.#onOnline)
      if (!document.hidden) this.#follow()
    }
    return () => {
      this.#changed.delete(changed)
      if (this.#changed.size === 0) {
        document.removeEventListener('visibilitychange', this.#onVisibility)
        window.removeEventListener('focus', this.#onFocus)
        window.removeEventListener('online', this.#onOnline)
        this.#stop()
      }
    }
  }

  onReachable(told: (isReachable: boolean) => void): () => void {
    this.#told.add(told)
    return () => void this.#told.delete(told)
  }

  /** A request was answered. */
  answered(): void {
    this.#tell(true)
  }

  /** A request was not answered. */
  failed(): void {
    this.#tell(false)
    if (this.#changed.size > 0 && !this.#following && !document.hidden) this.#follow()
  }

  readonly #onVisibility = (): void => {
    if (document.hidden) this.#stop()
    else this.#look()
  }

  readonly #onFocus = (): void => {
    // A server that is followed tells of changes itself.
    if (document.hidden || this.#following || performance.now() - this.#lookedAt < MIN_LOOK_MS) return
    this.#look()
  }

  #look(): void {
    this.#lookedAt = performance.now()
    this.#notify()
    this.#follow()
  }

  readonly #onOnline = (): void => this.#wake?.()

  #stop(): void {
    this.#following?.abort()
    this.#following = null
  }

  #follow(): void {
    this.#stop()
    const following = new AbortController()
    this.#following = following
    void this.#run(following.signal).finally(() => {
      if (this.#following === following) this.#following = null
    })
  }

  /** Returns when there is nothing to wait for: the server answers, and has no live lists. */
  async #run(signal: AbortSignal): Promise<void> {
    let failures = 0
    while (!signal.aborted) {
      const began = performance.now()
      try {
        const { capabilities } = await this.client.request<Discovered>('server/discover', {}, { signal })
        const wasAway = !this.#isReachable
        this.#tell(true)
        if (!capabilities.prompts?.listChanged) {
          if (wasAway) this.#notify()
          return
        }
        const wanted: Record<string, true> = { promptsListChanged: true }
        if (capabilities.resources?.listChanged) wanted['resourcesListChanged'] = true
        await this.client.listen(
          wanted,
          method => {
            // A list may have changed after it was read and before the stream began.
            if (method === ACKNOWLEDGED || method.endsWith('/list_changed')) this.#notify()
          },
          signal,
        )
      } catch (e) {
        if (signal.aborted) return
        if (e instanceof GalleryError && e.kind === 'signIn') return
        if (!isAbort(e)) this.#reachableIfAnswered(e)
      }
      failures = performance.now() - began > GOOD_STREAM_MS ? 1 : failures + 1
      await this.#pause(failures, signal)
    }
  }

  #reachableIfAnswered(e: unknown): void {
    if (e instanceof GalleryError && e.kind === 'unreachable') this.#tell(false)
  }

  /** Pauses before another attempt, longer each time, and at random by a third so that all pages do not come back at once. */
  #pause(failures: number, signal: AbortSignal): Promise<void> {
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), MAX_PAUSE_MS)
    return new Promise(resolve => {
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        this.#wake = null
        resolve()
      }
      const timer = setTimeout(end, longest * (1 - Math.random() / 3))
      signal.addEventListener('abort', end)
      this.#wake = end
    })
  }

  #notify(): void {
    for (const changed of this.#changed) changed()
  }

  #tell(isReachable: boolean): void {
    if (this.#isReachable === isReachable) return
    this.#isReachable = isReachable
    for (const told of this.#told) told(isReachable)
  }
}
