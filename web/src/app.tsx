/** The gallery inside of a chat, as an MCP App. */

import './style.css'
import { App } from '@modelcontextprotocol/ext-apps'
import { render } from 'preact'

import { browseHref, EVERYTHING, promptHref } from './router'
import { keepInMemory, navigate } from './shell/navigation'
import { Shell } from './shell/Shell'
import { Failed } from './shell/states'
import { HostGallery } from './sources/host'
import { hostWords } from './words'

/** The app scrolls its list itself: with the height of all cards, a host would show thousands of rows. */
const MAX_HEIGHT = 640

const root = document.getElementById('root')
if (root) void start(root)

async function start(root: HTMLElement): Promise<void> {
  const app = new App({ name: 'prompt-gallery', version: '1' }, {}, { autoResize: false })
  const gallery = new HostGallery(app)
  keepInMemory()
  document.documentElement.classList.add('in-chat')
  // Hosts send these as soon as they are connected.
  app.addEventListener('toolinput', ({ arguments: input }) => open(input))
  app.addEventListener('toolresult', ({ structuredContent }) => gallery.take(structuredContent))
  app.addEventListener('hostcontextchanged', ({ theme }) => setTheme(theme))
  try {
    await app.connect()
  } catch {
    render(<Failed header={{ isApp: true, account: null }} title={hostWords.noHostTitle} text={hostWords.noHost} />, root)
    return
  }
  setTheme(app.getHostContext()?.theme)
  if (app.getHostCapabilities()?.openLinks) openLinksByHost(app)
  reportHeight(app, root)
  render(<Shell gallery={gallery} isApp={true} account={null} />, root)
}

/** Shows what the tool was called with. */
function open(input: Record<string, unknown> | undefined): void {
  const { name, query } = input ?? {}
  if (typeof name === 'string' && name) navigate(promptHref(name))
  else if (typeof query === 'string' && query) navigate(browseHref({ ...EVERYTHING, query }))
}

function setTheme(theme: string | undefined): void {
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme
}

/** The frame of an app may open no windows. */
function openLinksByHost(app: App): void {
  document.addEventListener('click', event => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href^="http"]') : null
    if (!link) return
    event.preventDefault()
    void app.openLink({ url: link.href })
  })
}

function reportHeight(app: App, root: HTMLElement): void {
  let last = 0
  const report = () => {
    const dimensions = app.getHostContext()?.containerDimensions
    const max = dimensions && 'maxHeight' in dimensions && dimensions.maxHeight ? Math.min(dimensions.maxHeight, MAX_HEIGHT) : MAX_HEIGHT
    const height = Math.min(Math.ceil(root.getBoundingClientRect().height), max)
    if (height === last || height === 0) return
    last = height
    void app.sendSizeChanged({ height })
  }
  new ResizeObserver(report).observe(root)
}
