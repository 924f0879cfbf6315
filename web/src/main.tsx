import './style.css'
import { render } from 'preact'

import { routeOf } from './router'
import { readSettings, type Settings } from './settings'
import { type Account, Shell } from './shell/Shell'
import { Failed, Loading } from './shell/states'
import type { SignIn } from './signIn'
import { HttpGallery } from './sources/http'
import { shellWords } from './words'

const NO_ACCOUNT = { isApp: false, account: null }

const root = document.getElementById('root')
if (root) void start(root)

async function start(root: HTMLElement): Promise<void> {
  // Whether the page needs the sign-in is in the settings. Both are asked for at once, and the frame is drawn before either is here.
  const loadingSettings = readSettings()
  const loadingSignIn = import('./signIn')
  // It is awaited where it is needed.
  loadingSignIn.catch(() => {})
  render(<Loading header={NO_ACCOUNT} isPrompt={routeOf(location.hash).view !== 'browse'} />, root)

  let settings: Settings
  let signIn: SignIn | null = null
  let notice: string | null = null
  let gallery: HttpGallery | null = null
  let isSignedOut = false
  let failed = (_: unknown) => {}
  const draw = () => {
    if (isSignedOut) {
      const again = () => void signIn?.begin({ fragment: '', values: null, arguments: [] }).catch(failed)
      const action = { words: shellWords.signIn, run: again }
      render(<Failed header={NO_ACCOUNT} title={shellWords.signedOutTitle} text={notice ?? shellWords.signedOut} action={action} />, root)
    } else if (gallery) {
      const account = signIn && accountOf(signIn)
      render(<Shell gallery={gallery} isApp={false} account={account} notice={notice} typed={signIn?.typed ?? null} />, root)
    }
  }
  const accountOf = (signIn: SignIn): Account => ({
    isSignedIn: signIn.isSignedIn,
    signIn: place => void signIn.begin(place).catch(failed),
    signOut: () => void signOut(signIn).catch(failed),
  })
  const signOut = async (signIn: SignIn) => {
    if (await signIn.end()) return
    // The issuer's session goes on, and the page says so. Nothing that was read or typed stays in the page.
    isSignedOut = true
    gallery = null
    notice = null
    draw()
  }
  try {
    settings = await loadingSettings
    if (settings.signIn?.clientId) {
      const { SignIn, isAnswer, reasonOf, takeStored } = await loadingSignIn
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
      else takeStored()
    }
  } catch {
    const action = { words: shellWords.tryAgain, run: () => location.reload() }
    render(<Failed header={NO_ACCOUNT} title={shellWords.unreachableTitle} text={shellWords.noSettings} action={action} />, root)
    return
  }
  // The address for clients may have another host than the page, such as a proxy's; the page's policy allows its own origin.
  gallery = new HttpGallery({
    endpoint: './mcp',
    address: settings.mcp,
    hasSource: settings.source,
    hasSignIn: settings.signIn !== null,
    token: signIn,
  })
  draw()
}
