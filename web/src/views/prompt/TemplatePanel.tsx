/** The file of a prompt, as its author wrote it. */

import './prompt.css'
import './template.css'

import { useEffect, useMemo, useState } from 'preact/hooks'

import type { Gallery, Problem, SourceFile } from '../../gallery'
import { highlight, type Token } from '../../highlight'
import { CopyButton } from '../../take/CopyButton'
import { promptWords, takeWords } from '../../words'
import { Inline } from './Inline'
import { bytesInWords } from './media'

/** Characters of a file that is coloured. */
const MAX_COLOURED = 100_000

interface TemplatePanelProps {
  gallery: Gallery
  /** The file, by the prompt that it makes or by its path: one that is broken makes no prompt. */
  of: { prompt: string } | { path: string }
  /** Another one is another file to load. */
  version?: string | undefined
}

type State = { file: SourceFile; source: string } | { error: string } | null

export function TemplatePanel({ gallery, of, version }: TemplatePanelProps) {
  const [state, setState] = useState<State>(null)
  const [round, setRound] = useState(0)
  const retry = () => setRound(last => last + 1)
  useEffect(() => gallery.onChange(retry), [gallery])
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    const load = async (): Promise<State> => {
      const files = await gallery.files(signal)
      const file = files.find(({ prompt, path }) => ('path' in of ? path === of.path : prompt === of.prompt))
      return file ? { file, source: await gallery.source(file.uri, signal) } : { error: promptWords.templateMissing }
    }
    const show = (next: State) => {
      if (!signal.aborted) setState(next)
    }
    load().then(show, (error: unknown) => show({ error: error instanceof Error ? error.message : String(error) }))
    return () => controller.abort()
  }, [gallery, JSON.stringify(of), version, round])

  if (!state) {
    return <p role="status">{promptWords.templateLoading}</p>
  }
  if ('error' in state) {
    return (
      <div class="box box-error" role="alert">
        <p class="box-title">{promptWords.templateFailed}</p>
        <p class="box-text">{state.error}</p>
        <button type="button" class="outlined" onClick={retry}>
          {promptWords.again}
        </button>
      </div>
    )
  }
  return <Template {...state} hasName={'prompt' in of} />
}

interface TemplateProps {
  file: SourceFile
  source: string
  /** The name is not told elsewhere. */
  hasName: boolean
}

function Template({ file, source, hasName }: TemplateProps) {
  const lines = useMemo(() => linesOf(source.replace(/\r?\n$/, '')), [source])
  const placed = (line: number) => file.problems.filter(problem => problem.line === line)
  const others = file.problems.filter(({ line }) => line === undefined || line > lines.length)
  return (
    <div class="template">
      {hasName && (
        <h2>
          <code>{file.path}</code>
        </h2>
      )}
      <div class="template-head">
        <dl class="facts">
          <Fact name={promptWords.changed} text={file.lastModified && dateInWords(file.lastModified)} />
          <Fact name={promptWords.size} text={file.size === undefined ? undefined : bytesInWords(file.size)} />
          <Fact name={promptWords.version} text={file.version} />
        </dl>
        <CopyButton label={takeWords.copyTemplate} text={() => source} />
      </div>
      {file.problems.length > 0 && <p class="box-title">{promptWords.problems(file.problems.length)}</p>}
      {others.map((problem, at) => (
        <Trouble key={at} problem={problem} />
      ))}
      <pre class="source">
        <code>
          {lines.map((tokens, at) => (
            <span key={at} class={lineClass(placed(at + 1))}>
              {tokens.map(({ type, text }, at) =>
                type === 'text' ? (
                  text
                ) : (
                  <span key={at} class={`token-${type}`}>
                    {text}
                  </span>
                ),
              )}
              {'\n'}
              {placed(at + 1).map((problem, at) => (
                <Trouble key={at} problem={problem} />
              ))}
            </span>
          ))}
        </code>
      </pre>
    </div>
  )
}

/** Each coloured word is an element, which are too many for a long file. */
function linesOf(source: string): Token[][] {
  return source.length <= MAX_COLOURED ? highlight(source) : source.split(/\r?\n/).map(text => [{ type: 'text', text }])
}

function lineClass(problems: Problem[]): string {
  const worst = problems.find(({ level }) => level === 'error') ?? problems[0]
  return worst ? `line line-${worst.level}` : 'line'
}

function Fact({ name, text }: { name: string; text: string | undefined }) {
  return text ? (
    <div>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  ) : null
}

function Trouble({ problem: { level, message, line, hint } }: { problem: Problem }) {
  return (
    <span class={`trouble trouble-${level}`}>
      <strong>{promptWords.levels[level]}</strong>
      {line !== undefined && `, ${promptWords.line(line)}`}: <Inline text={hint ? `${message} – ${hint}` : message} />
    </span>
  )
}

function dateInWords(iso: string): string {
  const date = new Date(iso)
  return Number.isNaN(date.getTime()) ? iso : date.toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' })
}
