/** A number one step up or down, in its last decimal place. Nothing, if the text is not a number that can be stepped. */
export function stepped(text: string, by: 1 | -1, isInteger: boolean): string | undefined {
  const trimmed = text.trim()
  const number = Number(trimmed)
  if (!Number.isFinite(number) || Math.abs(number) >= Number.MAX_SAFE_INTEGER) {
    return undefined
  }
  const decimals = isInteger ? 0 : (/^[-+]?\d*\.(\d{1,10})$/.exec(trimmed)?.[1]?.length ?? 0)
  return (number + by / 10 ** decimals).toFixed(decimals)
}
