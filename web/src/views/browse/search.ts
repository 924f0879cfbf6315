/**
 * Instant search. Words are first looked for as they are written, anywhere in a text; only a word that no prompt has is taken for a typing
 * mistake, so that a mistake never adds noise to a word that is right. uFuzzy finds one mistake a word (a letter too many, too few, wrong or swapped) by
 * compiling the word to one regular expression: 10,000 prompts take 4 ms, and no index has to be built while the page loads.
 */

import uFuzzy from '@leeoniya/ufuzzy'

import type { Prompt } from '../../gallery'

/** How much a match says, by where it is. A word's beginning counts twice. */
const LABEL = 8
const TAG = 4
const TEXT = 1

/** Shorter words have no typing mistakes: nearly everything would match. */
const MIN_MISTAKEN = 3

/** More than any gallery has. */
const MAX_PROMPTS = 2 ** 20

export interface SearchIndex {
  prompts: Prompt[]
  fields: { weight: number; texts: string[] }[]
}

export type Range = [start: number, end: number]

export interface Found {
  /** Places in `prompts`, the best match first. */
  order: number[]
  /** Where a text matches. */
  marks(text: string): Range[]
}

interface Term {
  text: string
  isMistaken: boolean
}

/** Lower case without accents, each character in its old place: marks are places in the original. */
export function fold(text: string): string {
  const lower = text.toLowerCase()
  if (lower.length === text.length && /^[\x00-\x7f]*$/.test(lower)) return lower
  let folded = ''
  for (let i = 0; i < text.length; i++) folded += text[i]!.toLowerCase().normalize('NFD')[0]
  return folded
}

/** `folders` are those of prompts by their names. */
export function indexOf(prompts: Prompt[], folders: Map<string, string> = new Map()): SearchIndex {
  const texts = (of: (prompt: Prompt) => string) => prompts.map(prompt => fold(of(prompt)))
  return {
    prompts,
    fields: [
      { weight: LABEL, texts: texts(({ title, name }) => `${title ?? ''}\n${name}`) },
      { weight: TAG, texts: texts(({ name, tags }) => [...tags, folders.get(name) ?? ''].join('\n')) },
      { weight: TEXT, texts: texts(({ description }) => description ?? '') },
    ],
  }
}

/** The prompts that have every word of `query`. `null` for a query without words. */
export function search(index: SearchIndex, query: string): Found | null {
  const words = [
    ...new Set(
      fold(query)
        .split(/[\s_/-]+/)
        .filter(Boolean),
    ),
  ]
  if (words.length === 0) return null
  const total = new Float64Array(index.prompts.length)
  const terms: Term[] = []
  words.forEach((word, place) => {
    let scores = exactScores(index, word)
    const isMistaken = scores === null && word.length >= MIN_MISTAKEN
    if (isMistaken) scores = mistakenScores(index, word)
    terms.push({ text: word, isMistaken })
    for (let i = 0; i < total.length; i++) {
      const score = scores?.[i] ?? 0
      // A prompt without one of the words before stays out.
      total[i] = score > 0 && (place === 0 || total[i]! > 0) ? total[i]! + score : 0
    }
  })
  return { order: bestFirst(total), marks: text => marks(text, terms) }
}

/** The places with a score. Score and place are packed into one number each, which sorts ten times as fast as with a function. */
function bestFirst(scores: Float64Array): number[] {
  const keys = new Float64Array(scores.length)
  let count = 0
  // Scores are multiples of one half.
  for (let i = 0; i < scores.length; i++) if (scores[i]! > 0) keys[count++] = i - scores[i]! * 2 * MAX_PROMPTS
  return Array.from(keys.subarray(0, count).sort(), key => ((key % MAX_PROMPTS) + MAX_PROMPTS) % MAX_PROMPTS)
}

/** A score for each prompt that has the word; `null` if none has. */
function exactScores({ fields, prompts }: SearchIndex, word: string): Float64Array | null {
  const scores = new Float64Array(prompts.length)
  let hasAny = false
  for (const { weight, texts } of fields) {
    for (let i = 0; i < texts.length; i++) {
      const text = texts[i]!
      let at = text.indexOf(word)
      if (at < 0) continue
      hasAny = true
      while (at > 0 && !isBoundary(text, at)) {
        const next = text.indexOf(word, at + 1)
        if (next < 0) break
        at = next
      }
      const begins = at === 0 || isBoundary(text, at)
      scores[i]! += begins ? weight * (ends(text, at + word.length) ? 2.5 : 2) : weight
    }
  }
  return hasAny ? scores : null
}

function mistakenScores({ fields, prompts }: SearchIndex, word: string): Float64Array {
  const scores = new Float64Array(prompts.length)
  const forgiving = forgivingFor(word)
  for (const { weight, texts } of fields) for (const i of forgiving.filter(texts, word) ?? []) scores[i]! += weight
  return scores
}

function isBoundary(text: string, at: number): boolean {
  return !isWordCharacter(text.charCodeAt(at - 1))
}

function ends(text: string, at: number): boolean {
  return at === text.length || !isWordCharacter(text.charCodeAt(at))
}

/** Letters and digits of folded text; beyond ASCII all characters are taken for letters. */
function isWordCharacter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code > 127
}

function marks(text: string, terms: Term[]): Range[] {
  const folded = fold(text)
  const ranges: Range[] = []
  for (const { text: word, isMistaken } of terms) {
    if (isMistaken) {
      const found = mistakenRanges(folded, word)
      for (let i = 0; i + 1 < found.length; i += 2) ranges.push([found[i]!, found[i + 1]!])
    } else {
      for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + word.length)) {
        // One letter is in nearly every word.
        if (word.length > 1 || at === 0 || isBoundary(folded, at)) ranges.push([at, at + word.length])
      }
    }
  }
  return merged(ranges)
}

/** `info` takes only texts that `filter` has found. */
function mistakenRanges(text: string, word: string): number[] {
  const forgiving = forgivingFor(word)
  const found = forgiving.filter([text], word)
  return found?.length ? (forgiving.info(found, [text], word).ranges[0] ?? []) : []
}

function merged(ranges: Range[]): Range[] {
  ranges.sort((a, b) => a[0] - b[0])
  const all: Range[] = []
  for (const [start, end] of ranges) {
    const last = all.at(-1)
    if (last && start <= last[1]) last[1] = Math.max(last[1], end)
    else all.push([start, end])
  }
  return all
}

const ascii = new uFuzzy({ intraMode: 1 })
let unicode: uFuzzy | undefined

/** Letters beyond ASCII need slower expressions, so that only words with such letters get them. */
function forgivingFor(word: string): uFuzzy {
  if (/^[a-z0-9]*$/.test(word)) return ascii
  unicode ??= new uFuzzy({
    unicode: true,
    intraMode: 1,
    interSplit: "[^\\p{L}\\d']+",
    intraSplit: '\\p{Ll}\\p{Lu}',
    intraBound: '\\p{L}\\d|\\d\\p{L}|\\p{Ll}\\p{Lu}',
    intraChars: "[\\p{L}\\d']",
    intraContr: "'\\p{L}{1,2}\\b",
  })
  return unicode
}
