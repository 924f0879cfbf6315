/** Where the reader is: in the fragment of the page, or in memory where an app has no address of its own. */

import { useLayoutEffect, useState } from 'preact/hooks'

import { type Route, routeOf } from '../router'

let memory: string | null = null
/** What an app keeps with its places, by their addresses. */
const keptInMemory = new Map<string, unknown>()
const followers = new Set<() => void>()

/** Keeps the place in memory, and follows links itself: the address of a host's frame is the host's. */
export function keepInMemory(): void {
  memory = '#/'
  document.addEventListener('click', event => {
    const link = event.target instanceof Element ? event.target.closest('a[href^="#/"]') : null
    if (!link || event.defaultPrevented) return
    event.preventDefault()
    navigate(link.getAttribute('href') ?? '#/')
  })
}

export function fragment(): string {
  return memory ?? location.hash
}

export function navigate(href: string): void {
  if (memory === null) {
    location.hash = href
  } else {
    memory = href
    tell()
  }
}

/**
 * Changes the address without another entry in the history. The route is not followed: it says what the view shows already.
 * What is kept with the address is there again when the reader comes back to it.
 */
export function replace(href: string, keep: unknown = null): void {
  if (memory === null) {
    history.replaceState(keep, '', href)
  } else {
    memory = href
    keptInMemory.set(href, keep)
  }
}

export function kept(): unknown {
  return memory === null ? history.state : (keptInMemory.get(memory) ?? null)
}

function tell(): void {
  for (const follow of followers) follow()
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(fragment()))
  // Before the next message of a host, which may lead elsewhere.
  useLayoutEffect(() => {
    const follow = () => setRoute(routeOf(fragment()))
    followers.add(follow)
    addEventListener('hashchange', follow)
    return () => {
      followers.delete(follow)
      removeEventListener('hashchange', follow)
    }
  }, [])
  return route
}
