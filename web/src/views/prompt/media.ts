/** Pictures that an `<img>` may show from data. An SVG in an `<img>` runs no script and loads nothing. */
const PICTURES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/svg+xml'])

/** A `data:` address for a picture or a recording, or nothing if its type or data is not one that the page shows. */
export function dataAddress(kind: 'image' | 'audio', mimeType: string, data: string): string | undefined {
  const type = mimeType.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const isShown = kind === 'image' ? PICTURES.has(type) : /^audio\/[\w.+-]+$/.test(type)
  return isShown && /^[\w+/=\s-]+$/.test(data) ? `data:${type};base64,${data.replace(/\s/g, '')}` : undefined
}

/** An address that a link may have: no script, and no place in this page. */
export function linkAddress(uri: string): string | undefined {
  return /^(https?:\/\/|mailto:)/i.test(uri) && URL.canParse(uri) ? uri : undefined
}

/** About how many bytes Base64 has. */
export function base64Bytes(data: string): number {
  return Math.floor((data.replace(/[=\s]/g, '').length * 3) / 4)
}

/** `1.2 KB` */
export function bytesInWords(bytes: number): string {
  const [unit, size] = bytes < 1000 ? ['bytes', 1] : bytes < 1_000_000 ? ['KB', 1000] : ['MB', 1_000_000]
  return `${new Intl.NumberFormat('en', { maximumFractionDigits: 1 }).format(bytes / Number(size))} ${unit}`
}
