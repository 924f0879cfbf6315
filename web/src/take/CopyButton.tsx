import './take.css'

import { useEffect, useState } from 'preact/hooks'

import { takeWords } from '../words'
import { copyText } from './clipboard'

/** How long the sign that something was copied stays. */
const SIGN_MS = 2000

interface CopyButtonProps {
  label: string
  /** What is seen of the label where there is little room. */
  short?: string
  /** Only the sign is seen, and the label is for screen readers. */
  isSmall?: boolean
  isDisabled?: boolean
  /** The button was pressed while it is disabled. */
  onRefused?(): void
  text(): string
  /** What is said instead of “Copied”. */
  onCopied?(isCopied: boolean): void
}

export function CopyButton({ label, short, isSmall = false, isDisabled = false, onRefused, text, onCopied }: CopyButtonProps) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle')
  useEffect(() => {
    if (state === 'idle') return
    const timer = setTimeout(() => setState('idle'), SIGN_MS)
    return () => clearTimeout(timer)
  }, [state])

  const copy = async () => {
    if (isDisabled) return onRefused?.()
    const isCopied = await copyText(text())
    setState(isCopied ? 'copied' : 'failed')
    onCopied?.(isCopied)
  }
  return (
    <>
      <button
        type="button"
        class={isSmall ? 'outlined copy-small' : 'outlined'}
        aria-disabled={isDisabled}
        aria-label={isSmall || short ? label : undefined}
        title={isSmall ? label : undefined}
        onClick={copy}
      >
        <svg viewBox="0 0 20 20" aria-hidden="true" class="icon">
          {state === 'copied' ? <path d="m4 10.5 4 4 8-9" /> : <path d="M7 7V4h9v9h-3M4 7h9v9H4Z" />}
        </svg>
        {!isSmall && <Label long={label} short={short} />}
      </button>
      <span class="unseen" role="status">
        {state === 'copied' && takeWords.copied}
      </span>
      {state === 'failed' && (
        <span class="failed" role="alert">
          {takeWords.copyFailed}
        </span>
      )}
    </>
  )
}

/** A label that has a short form for where there is little room. */
export function Label({ long, short }: { long: string; short: string | undefined }) {
  return short === undefined ? (
    <>{long}</>
  ) : (
    <>
      <span class="label-long">{long}</span>
      <span class="label-short">{short}</span>
    </>
  )
}
