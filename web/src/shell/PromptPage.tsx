import { useEffect, useState } from 'preact/hooks'

import clients from '../clients.json'
import type { Gallery, Prompt, PromptList, SourceFile } from '../gallery'
import { fileHref } from '../router'
import type { Clients } from '../take/clients'
import { PromptView } from '../views/prompt/PromptView'
import { browseWords, shellWords } from '../words'
import type { PromptState } from './address'
import type { HeaderProps } from './Header'
import { BackHeader, usePage } from './page'
import { Failed } from './states'

interface PromptPageProps {
  header: HeaderProps
  gallery: Gallery
  list: PromptList
  files: SourceFile[]
  name: string
  state: PromptState
  onState(next: Partial<PromptState>): void
  /** The address of the list as it was left. */
  back: string
  onBack(): void
  onSearch(): void
}

export function PromptPage({ header, gallery, list, files, name, state, onState, back, onBack, onSearch }: PromptPageProps) {
  const listed = list.prompts.find(prompt => prompt.name === name)
  const prompt = useDetails(gallery, listed)
  const title = listed?.title ?? name
  const main = usePage(title, onBack, onSearch)

  if (!listed) {
    const broken = brokenFile(files, name)
    if (broken) {
      return (
        <Failed
          header={header}
          title={shellWords.brokenPromptTitle}
          text={broken.why}
          link={{ words: shellWords.toFile(broken.path), href: fileHref(broken.path) }}
          toList={back}
        />
      )
    }
    return <Failed header={header} title={shellWords.unknownPromptTitle} text={shellWords.unknownPrompt(name)} toList={back} />
  }
  return (
    <>
      <BackHeader header={header} back={back} onBack={onBack} />
      <main id="main" ref={main} class="page" tabIndex={-1} aria-label={title}>
        {prompt ? (
          <PromptView
            gallery={gallery}
            prompt={prompt}
            tab={state.tab}
            onTab={tab => onState({ tab })}
            values={state.values}
            onValues={values => onState({ values })}
            clients={clients as Clients}
          />
        ) : (
          <div class="prompt-loading" aria-busy="true">
            <h1 dir="auto">{title}</h1>
            <p>{shellWords.loadingPrompt}</p>
          </div>
        )}
      </main>
    </>
  )
}

/** The file that would make a prompt, and why it cannot be used: its first error, or else one of a partial. */
function brokenFile(files: SourceFile[], name: string): { path: string; why: string } | null {
  const file = files.find(({ brokenPrompt }) => brokenPrompt === name)
  if (!file) return null
  const first = file.problems.find(({ level }) => level === 'error')
  if (!first) return { path: file.path, why: shellWords.brokenElsewhere }
  const { message, line, column } = first
  return { path: file.path, why: shellWords.brokenPrompt(line === undefined ? message : `${browseWords.place(line, column)}: ${message}`) }
}

/** The prompt with types. While a changed prompt is asked for, the one before stays; without an answer, the listed one does. */
function useDetails(gallery: Gallery, listed: Prompt | undefined): Prompt | null {
  const [detailed, setDetailed] = useState<Prompt | null>(null)
  const key = listed && JSON.stringify(listed)
  useEffect(() => {
    if (!listed) return
    const controller = new AbortController()
    const take = (prompt: Prompt) => {
      if (!controller.signal.aborted) setDetailed(prompt)
    }
    gallery.details(listed, controller.signal).then(take, () => take(listed))
    return () => controller.abort()
  }, [gallery, key])
  return detailed
}
