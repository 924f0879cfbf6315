import type { ComponentChildren } from 'preact'

import { shellWords } from '../words'

export interface HeaderProps {
  /** An app in a chat has its host's name above it. */
  isApp: boolean
  account: { isSignedIn: boolean; signIn(): void; signOut(): void } | null
  children?: ComponentChildren
}

export function Header({ isApp, account, children }: HeaderProps) {
  // An empty bar in a chat would only take room.
  if (isApp && !children) return null
  return (
    <header class="top">
      <div class="top-inside">
        {!isApp && (
          <a class="brand" href="#/" aria-label={shellWords.product}>
            <svg class="brand-mark" viewBox="0 0 24 24" aria-hidden="true">
              <path d="M5 4h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-6l-5 4v-4H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2Z" />
              <path class="brand-lines" d="M7.5 8.5h9M7.5 12.5h6" />
            </svg>
            <span class="brand-name">{shellWords.product}</span>
          </a>
        )}
        <div class="top-middle">{children}</div>
        {account && (
          <button type="button" class="quiet" onClick={account.isSignedIn ? account.signOut : account.signIn}>
            {account.isSignedIn ? shellWords.signOut : shellWords.signIn}
          </button>
        )}
      </div>
    </header>
  )
}
