import { useEffect, useState } from 'preact/hooks'

import { takeWords } from '../words'
import { copyText } from './clipboard'

/** How long the sign that something was copied stays. */
const SIGN_MS = 2000

interface CopyButtonProps {
  label: string
  /** Only the sign is seen, and the label is for screen readers. */
  isSmall?: boolean
  isDisabled?: boolean
  text(): string
  /** What is said instead of “Copied”. */
  onCopied?(isCopied: boolean): void
}

export function CopyButton({ label, isSmall = false, isDisabled = false, text, onCopied }: CopyButtonProps) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle')
  useEffect(() => {
    if (state === 'idle') return
    const timer = setTimeout(() => setState('idle'), SIGN_MS)
    return () => clearTimeout(timer)
  }, [state])

  const copy = async () => {
    if (isDisabled) return
    const isCopied = await copyText(text())
    setState(isCopied ? 'copied' : 'failed')
    onCopied?.(isCopied)
  }
  return (
    <>
      <button type="button" class={isSmall ? 'copy copy-small' : 'copy'} aria-disabled={isDisabled} aria-label={isSmall ? label : undefined} title={isSmall ? label : undefined} onClick={copy}>
        <svg viewBox="0 0 20 20" aria-hidden="true" class="icon">
          {state === 'copied' ? <path d="m4 10.5 4 4 8-9" /> : <path d="M7 7V4h9v9h-3M4 7h9v9H4Z" />}
        </svg>
        {!isSmall && label}
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
