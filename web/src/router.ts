/** The state of the page in its fragment. A fragment never reaches a server. */

import type { Values } from './gallery'

export type Sort = 'name' | 'change'

const TABS = ['try', 'clients', 'template'] as const
/** What is shown of a prompt. */
export type Tab = (typeof TABS)[number]

export interface BrowseState {
  query: string
  tags: string[]
  folder: string | null
  sort: Sort
}

export type Route =
  | { view: 'browse'; state: BrowseState }
  | { view: 'prompt'; name: string; tab: Tab; values: Values }
  | { view: 'file'; path: string }
  | { view: 'unknown' }

export const EVERYTHING: BrowseState = { query: '', tags: [], folder: null, sort: 'name' }

export function routeOf(fragment: string): Route {
  const [, path = '', search = ''] = /^#?([^?]*)\??(.*)$/s.exec(fragment) ?? []
  const params = new URLSearchParams(search)
  if (path === '' || path === '/') {
    return {
      view: 'browse',
      state: {
        query: params.get('q') ?? '',
        tags: params.getAll('tag'),
        folder: params.get('folder'),
        sort: params.get('sort') === 'change' ? 'change' : 'name',
      },
    }
  }
  const [, view, encoded = '', under = 'try'] = /^\/(prompt|file)\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? []
  const name = decode(encoded)
  const tab = TABS.find(tab => tab === under)
  if (view === undefined || name === null || tab === undefined) return { view: 'unknown' }
  if (view === 'prompt') return { view, name, tab, values: Object.fromEntries(params) }
  return tab === 'try' ? { view: 'file', path: name } : { view: 'unknown' }
}

export function browseHref({ query, tags, folder, sort }: BrowseState): string {
  const params = new URLSearchParams()
  if (query) params.set('q', query)
  for (const tag of tags) params.append('tag', tag)
  if (folder !== null) params.set('folder', folder)
  if (sort !== 'name') params.set('sort', sort)
  return `#/${question(params)}`
}

/** The tab is a part of the path, because an argument may have any name. */
export function promptHref(name: string, values: Values = {}, tab: Tab = 'try'): string {
  const path = tab === 'try' ? encodeURIComponent(name) : `${encodeURIComponent(name)}/${tab}`
  return `#/prompt/${path}${question(new URLSearchParams(values))}`
}

/** A file of the gallery, by its path. */
export function fileHref(path: string): string {
  return `#/file/${encodeURIComponent(path)}`
}

function question(params: URLSearchParams): string {
  const text = params.toString()
  return text && `?${text}`
}

/** A fragment that somebody typed may have a `%` that begins no character. */
function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
