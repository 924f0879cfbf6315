/** The prompts in the order of the page: by folder, by last change, or by how well they match. */

import type { Prompt, SourceFile } from '../../gallery'
import { compareWords } from '../../order'
import type { BrowseState } from '../../router'
import { browseWords } from '../../words'
import { type Found, indexOf, search, type SearchIndex } from './search'

export interface Section {
  /** `null` where the page has one section alone. */
  title: string | null
  prompts: Prompt[]
}

/** What is known of prompts beyond their list. */
export interface Library {
  index: SearchIndex
  folders: Map<string, string>
  files: Map<string, SourceFile>
}

export interface Counted {
  name: string
  count: number
}

export function libraryOf(prompts: Prompt[], files: SourceFile[]): Library {
  const byPrompt = new Map(files.flatMap(file => (file.prompt === undefined ? [] : [[file.prompt, file] as const])))
  const folders = new Map(prompts.map(({ name }) => [name, folderOf(name, byPrompt.get(name))]))
  return { index: indexOf(prompts, folders), folders, files: byPrompt }
}

/** The folder of the prompt's file; where that is not known, what the name begins with: `team_code-review` is in `team`. */
export function folderOf(name: string, file: SourceFile | undefined): string {
  if (file) return file.path.slice(0, Math.max(file.path.lastIndexOf('/'), 0))
  return name.slice(0, Math.max(name.indexOf('_'), 0))
}

export function foldersOf({ folders }: Library): Counted[] {
  return counted(folders.values()).sort(byName)
}

/** The tags, those of the most prompts first. */
export function tagsOf({ index }: Library): Counted[] {
  return counted(index.prompts.flatMap(prompt => prompt.tags)).sort((a, b) => b.count - a.count || byName(a, b))
}

function counted(names: Iterable<string>): Counted[] {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => ({ name, count }))
}

function byName(a: Counted, b: Counted): number {
  return compareWords(a.name, b.name)
}

export interface Arranged {
  sections: Section[]
  total: number
  found: Found | null
}

/** `others` are names of prompts that the server found: it forgives other mistakes than the page. They come after the page's own finds. */
export function arrange(library: Library, { query, tags, folder, sort }: BrowseState, others: string[]): Arranged {
  const { index, folders, files } = library
  const isWanted = (prompt: Prompt) =>
    tags.every(tag => prompt.tags.includes(tag)) && (folder === null || folders.get(prompt.name) === folder)
  const found = search(index, query)
  const prompts = (found ? matching(index.prompts, found, others) : index.prompts).filter(isWanted)
  const one = (title: string | null, prompts: Prompt[]) => ({
    sections: prompts.length > 0 ? [{ title, prompts }] : [],
    total: prompts.length,
    found,
  })
  if (sort === 'change') {
    const changed = (prompt: Prompt) => files.get(prompt.name)?.lastModified ?? ''
    return one(
      browseWords.byChange,
      prompts.sort((a, b) => (changed(a) < changed(b) ? 1 : changed(a) > changed(b) ? -1 : 0)),
    )
  }
  if (found) return one(browseWords.results, prompts)
  const byFolder = Map.groupBy(prompts, prompt => folders.get(prompt.name) ?? '')
  if (byFolder.size === 1 && byFolder.has('')) return one(null, prompts)
  const sections = [...byFolder].sort(([a], [b]) => compareWords(a, b))
  return { sections: sections.map(([name, prompts]) => ({ title: name || browseWords.topFolder, prompts })), total: prompts.length, found }
}

function matching(prompts: Prompt[], found: Found, others: string[]): Prompt[] {
  const matches = found.order.map(i => prompts[i]!)
  if (others.length === 0) return matches
  const known = new Set(matches.map(({ name }) => name))
  const wanted = others.filter(name => !known.has(name))
  return [...matches, ...wanted.flatMap(name => prompts.find(prompt => prompt.name === name) ?? [])]
}
