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
  let failed = (_: unknown) => {}
  const draw = () => {
    if (gallery)
      render(
        <Shell gallery={gallery} isApp={false} account={account(signIn, failed)} notice={notice} typed={signIn?.typed ?? null} />,
        root,
      )
  }
  try {
    settings = await readSettings()
    if (settings.signIn?.clientId) {
      const { SignIn, isAnswer, reasonOf } = await import('./signIn')
      failed = e => {
        notice = shellWords.signInFailed(reasonOf(e))
        draw()
      }
      let wasSignedIn = false
      signIn = new SignIn(settings.signIn, settings.signIn.clientId, settings.mcp, () => {
        notice = wasSignedIn ? shellWords.signInEnded : null
        wasSignedIn = signIn?.isSignedIn ?? false
        draw()
      })
      if (isAnswer(location.search)) await signIn.finish().catch(failed)
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

function account(signIn: SignIn | null, failed: (e: unknown) => void): Account | null {
  if (!signIn) return null
  return {
    isSignedIn: signIn.isSignedIn,
    signIn: (fragment, typed) => void signIn.begin(fragment, typed).catch(failed),
    signOut: () => void signIn.end().catch(failed),
  }
}
