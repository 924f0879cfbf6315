/** The most that the server takes as a request. */
export const MAX_FILE_BYTES = 1024 * 1024

export type FileFault = 'tooLarge' | 'notText' | 'unreadable'

/** The text of a file that a person chose, or why it cannot be a value. */
export async function readTextFile(file: Blob): Promise<{ text: string } | { fault: FileFault }> {
  if (file.size > MAX_FILE_BYTES) {
    return { fault: 'tooLarge' }
  }
  let bytes: ArrayBuffer
  try {
    bytes = await file.arrayBuffer()
  } catch {
    return { fault: 'unreadable' }
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    // Many binary files are valid UTF-8 by chance, but have NUL.
    return text.includes('\0') ? { fault: 'notText' } : { text: text.replace(/\r\n?/g, '\n') }
  } catch {
    return { fault: 'notText' }
  }
}
