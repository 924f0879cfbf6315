import './style.css'
import { render } from 'preact'

import { readSettings, type Settings } from './settings'
import { type Account, Shell } from './shell/Shell'
import { Failed } from './shell/states'
import type { SignIn } from './signIn'
import { HttpGallery } from './sources/http'
import { shellWords } from './words'

const root = document.getElementById('root')
if (root) void start(root)

async function start(root: HTMLElement): Promise<void> {
  let settings: Settings
  let signIn: SignIn | null = null
  let notice: string | null = null
  let gallery: HttpGallery | null = null
  const draw = () => {
    if (gallery) render(<Shell gallery={gallery} isApp={false} account={account(signIn, tell)} notice={notice} />, root)
  }
  const tell = (words: string) => {
    notice = words
    draw()
  }
  try {
    settings = await readSettings()
    if (settings.signIn) {
      const { SignIn, isAnswer } = await import('./signIn')
      let wasSignedIn = false
      signIn = new SignIn(settings.signIn, () => {
        notice = wasSignedIn ? shellWords.signInEnded : null
        wasSignedIn = signIn?.isSignedIn ?? false
        draw()
      })
      if (isAnswer(location.search)) await signIn.finish().catch((e: unknown) => (notice = shellWords.signInFailed(reason(e))))
    }
  } catch {
    const action = { words: shellWords.tryAgain, run: () => location.reload() }
    const header = { isApp: false, account: null }
    render(<Failed header={header} title={shellWords.unreachableTitle} text={shellWords.noSettings} action={action} />, root)
    return
  }
  // The address for clients may have another host than the page, such as a proxy's; the page's policy allows its own origin.
  gallery = new HttpGallery({ endpoint: './mcp', address: settings.mcp, hasSource: settings.source, token: signIn })
  draw()
}

function account(signIn: SignIn | null, tell: (words: string) => void): Account | null {
  if (!signIn) return null
  const failed = (e: unknown) => tell(shellWords.signInFailed(reason(e)))
  return {
    isSignedIn: signIn.isSignedIn,
    signIn: () => void signIn.begin().catch(failed),
    signOut: () => void signIn.end().catch(failed),
  }
}

function reason(e: unknown): string {
  return e instanceof Error ? e.message : String(e)
}
