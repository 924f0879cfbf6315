/** Bytes of UTF-8 that are taken for one token: a rule of thumb for English, and near enough for other languages. */
export const BYTES_PER_TOKEN = 4

export interface Count {
  characters: number
  tokens: number
}

/** Characters as people count them, nearly: an emoji is one, not two. */
export function count(text: string): Count {
  let characters = 0
  let bytes = 0
  for (const character of text) {
    characters += 1
    bytes += bytesOf(character.codePointAt(0) ?? 0)
  }
  return { characters, tokens: Math.ceil(bytes / BYTES_PER_TOKEN) }
}

function bytesOf(codePoint: number): number {
  if (codePoint < 0x80) return 1
  if (codePoint < 0x800) return 2
  return codePoint < 0x10000 ? 3 : 4
}
