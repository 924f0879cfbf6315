import './style.css'
import { render } from 'preact'

import { readSettings, type Settings } from './settings'
import { Failed } from './shell/states'
import { type Account, Shell } from './shell/Shell'
import { HttpGallery } from './sources/http'
import { shellWords } from './words'

const root = document.getElementById('root')
if (root) void start(root)

async function start(root: HTMLElement): Promise<void> {
  let settings: Settings
  try {
    settings = await readSettings()
  } catch {
    const action = { words: shellWords.tryAgain, run: () => location.reload() }
    render(<Failed header={{ isApp: false, account: null }} title={shellWords.unreachableTitle} text={shellWords.noSettings} action={action} />, root)
    return
  }
  const account: Account | null = null
  // The address for clients may have another host than the page, such as a proxy's; the page's own origin is the one that its policy allows.
  const gallery = new HttpGallery({ endpoint: '/mcp', address: settings.mcp, hasSource: settings.source, token: null })
  render(<Shell gallery={gallery} isApp={false} account={account} />, root)
}
