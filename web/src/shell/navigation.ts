/** Where the reader is: in the fragment of the page, or in memory where an app has no address of its own. */

import { useLayoutEffect, useState } from 'preact/hooks'

import { type Route, routeOf } from '../router'

let memory: string | null = null
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

/** Changes the address without another entry in the history. The route is not followed: it says what the view shows already. */
export function replace(href: string): void {
  if (memory === null) history.replaceState(history.state, '', href)
  else memory = href
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
