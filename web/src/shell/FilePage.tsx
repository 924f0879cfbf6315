import '../views/prompt/prompt.css'

import type { Gallery, SourceFile } from '../gallery'
import { promptHref } from '../router'
import { TemplatePanel } from '../views/prompt/TemplatePanel'
import { shellWords } from '../words'
import type { HeaderProps } from './Header'
import { BackHeader, usePage } from './page'

interface FilePageProps {
  header: HeaderProps
  gallery: Gallery
  files: SourceFile[]
  path: string
  back: string
  onBack(): void
  onSearch(): void
}

/** A file with its problems, also one that is so broken that it makes no prompt. */
export function FilePage({ header, gallery, files, path, back, onBack, onSearch }: FilePageProps) {
  const main = usePage(path, onBack, onSearch)
  const file = files.find(other => other.path === path)
  return (
    <>
      <BackHeader header={header} back={back} onBack={onBack} />
      <main id="main" ref={main} class="page" tabIndex={-1} aria-label={path}>
        <div class="prompt">
          <header class="prompt-head">
            <h1>{path}</h1>
            {file && <About file={file} />}
          </header>
          <TemplatePanel gallery={gallery} of={{ path }} version={file?.version} />
        </div>
      </main>
    </>
  )
}

/** The prompt that a file makes, or why it makes none. */
function About({ file: { prompt, brokenPrompt, problems } }: { file: SourceFile }) {
  const said = () => {
    if (prompt !== undefined) return <a href={promptHref(prompt)}>{shellWords.toPrompt(prompt)}</a>
    if (brokenPrompt === undefined) return shellWords.filePartial
    return problems.some(({ level }) => level === 'error') ? shellWords.fileNotServed : null
  }
  const words = said()
  return words === null ? null : <p class="prompt-description">{words}</p>
}
