import './prompt.css'

import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'

import type { Gallery, Prompt, Values } from '../../gallery'
import type { Tab } from '../../router'
import type { Clients } from '../../take/clients'
import { ClientsPanel } from '../../take/ClientsPanel'
import { promptWords } from '../../words'
import { Inline } from './Inline'
import { TemplatePanel } from './TemplatePanel'
import { TryPanel } from './TryPanel'
import { sentValues } from './values'

interface PromptViewProps {
  gallery: Gallery
  prompt: Prompt
  /** A tab that this gallery does not have is the first one. */
  tab: Tab
  onTab(tab: Tab): void
  values: Values
  onValues(values: Values): void
  clients: Clients
}

export function PromptView({ gallery, prompt, tab, onTab, values, onValues, clients }: PromptViewProps) {
  const { source, signIn, address } = gallery.abilities
  const tabs: Tab[] = ['try', ...(address === null ? [] : ['clients' as const]), ...(source ? ['template' as const] : [])]
  const shown = tabs.includes(tab) ? tab : 'try'
  return (
    <div class="prompt">
      <Head prompt={prompt} />
      {tabs.length > 1 && <Tabs tabs={tabs} shown={shown} onShow={onTab} />}
      <Panel tab="try" shown={shown} isAlone={tabs.length === 1}>
        {/* It stays while another tab is shown, so that no value and no rendering is lost. */}
        <TryPanel gallery={gallery} prompt={prompt} values={values} onValues={onValues} />
      </Panel>
      <Panel tab="clients" shown={shown}>
        {shown === 'clients' && address !== null && (
          <ClientsPanel address={address} hasSignIn={signIn} prompt={prompt} values={sentValues(prompt, values)} clients={clients} />
        )}
      </Panel>
      <Panel tab="template" shown={shown}>
        {shown === 'template' && <TemplatePanel gallery={gallery} of={{ prompt: prompt.name }} version={prompt.version} />}
      </Panel>
    </div>
  )
}

function Head({ prompt: { name, title, description, tags } }: { prompt: Prompt }) {
  return (
    <header class="prompt-head">
      <h1 dir="auto">{title || name}</h1>
      {title && title !== name && (
        <p class="prompt-name">
          <code>{name}</code>
        </p>
      )}
      {description && (
        <p class="prompt-description" dir="auto">
          <Inline text={description.trim()} />
        </p>
      )}
      {tags.length > 0 && (
        <ul class="prompt-tags" aria-label={promptWords.tags}>
          {tags.map(tag => (
            <li key={tag} dir="auto">
              {tag}
            </li>
          ))}
        </ul>
      )}
    </header>
  )
}

const tabId = (tab: Tab) => `prompt-tab-${tab}`
const panelId = (tab: Tab) => `prompt-panel-${tab}`

function Tabs({ tabs, shown, onShow }: { tabs: Tab[]; shown: Tab; onShow(tab: Tab): void }) {
  const list = useRef<HTMLDivElement>(null)
  const show = (at: number) => {
    const tab = tabs[(at + tabs.length) % tabs.length]
    if (tab) {
      onShow(tab)
      list.current?.querySelector<HTMLElement>(`#${tabId(tab)}`)?.focus()
    }
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const at = tabs.indexOf(shown)
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key]
    if (next !== undefined) {
      event.preventDefault()
      show(next)
    }
  }
  return (
    <div class="tabs" role="tablist" aria-label={promptWords.tabsLabel} ref={list} onKeyDown={onKeyDown}>
      {tabs.map(tab => (
        <button
          key={tab}
          type="button"
          role="tab"
          id={tabId(tab)}
          aria-selected={tab === shown}
          aria-controls={panelId(tab)}
          tabIndex={tab === shown ? 0 : -1}
          onClick={() => onShow(tab)}
        >
          {promptWords.tabs[tab]}
        </button>
      ))}
    </div>
  )
}

interface PanelProps {
  tab: Tab
  shown: Tab
  isAlone?: boolean
  children: ComponentChildren
}

function Panel({ tab, shown, isAlone = false, children }: PanelProps) {
  return isAlone ? (
    <div>{children}</div>
  ) : (
    <div role="tabpanel" id={panelId(tab)} aria-labelledby={tabId(tab)} hidden={tab !== shown}>
      {children}
    </div>
  )
}
