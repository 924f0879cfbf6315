/** The form of a prompt, and beside it what the values make of it. */

import './rendering.css'

import { useEffect, useMemo, useRef, useState } from 'preact/hooks'

import type { Argument, Gallery, Prompt, Values } from '../../gallery'
import { TakeBar } from '../../take/TakeBar'
import { promptWords } from '../../words'
import { ArgumentForm } from './ArgumentForm'
import { Conversation } from './Conversation'
import { tellArguments, wordsOfFault } from './faults'
import { focusField } from './focus'
import { useRendering } from './useRendering'
import { faultOf, labelOf, missingArguments, sentValues, valueOf } from './values'

/** What the server takes, less the frame of a request. */
const MAX_VALUES_BYTES = 1024 * 1024 - 4096

interface TryPanelProps {
  gallery: Gallery
  prompt: Prompt
  values: Values
  onValues(values: Values): void
}

export function TryPanel({ gallery, prompt, values, onValues }: TryPanelProps) {
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const sent = sentValues(prompt, values)
  const missing = missingArguments(prompt, values)
  const faults = faultsOf(prompt, values)
  const size = useMemo(() => new Blob([JSON.stringify(sent)]).size, [values])
  const rendered = useHeight()
  const isTooLong = size > MAX_VALUES_BYTES
  const isReady = missing.length === 0 && faults.size === 0 && !isTooLong
  const rendering = useRendering(gallery, prompt, sent, isReady)
  const told = tellArguments(
    prompt.arguments.map(({ name }) => name),
    rendering.error,
  )

  const errors = new Map([...told.atFields, ...faults])
  for (const { name } of missing) {
    if (left.has(name) && !errors.has(name)) errors.set(name, promptWords.isMissing)
  }
  const wrong = prompt.arguments.filter(({ name }) => faults.has(name) || told.atFields.has(name))
  const open = prompt.arguments.filter(argument => missing.includes(argument) || wrong.includes(argument))
  const leave = (names: string[]) => setLeft(before => (names.every(name => before.has(name)) ? before : new Set([...before, ...names])))
  return (
    <div class="try">
      <ArgumentForm gallery={gallery} prompt={prompt} values={values} errors={errors} onValues={onValues} onLeave={name => leave([name])} />
      <section class="rendered" ref={rendered} aria-labelledby="rendered-title">
        <h2 id="rendered-title">{promptWords.rendering}</h2>
        <TakeBar
          gallery={gallery}
          prompt={prompt}
          values={sent}
          messages={rendering.isCurrent ? (rendering.messages ?? undefined) : undefined}
          open={open}
          onRefused={() => {
            leave(missing.map(({ name }) => name))
            if (open[0]) focusField(prompt.arguments.indexOf(open[0]))
          }}
        />
        <div role="status" class="summaries">
          <Summary title={promptWords.missing(missing.length)} prompt={prompt} list={missing} />
          <Summary title={promptWords.wrong(wrong.length)} prompt={prompt} list={wrong} isError />
        </div>
        {isTooLong && (
          <p class="box box-error" role="alert">
            {promptWords.tooLong}
          </p>
        )}
        {told.above && (
          <div class="box box-error" role="alert">
            <p class="box-title">{promptWords.failed}</p>
            <p class="box-text">{told.above}</p>
            <button type="button" class="outlined" onClick={rendering.retry}>
              {promptWords.again}
            </button>
          </div>
        )}
        <p class="unseen" role="status">
          {rendering.isLoading && promptWords.loading}
        </p>
        {rendering.messages ? (
          <Conversation messages={rendering.messages} isStale={!rendering.isCurrent} isLoading={rendering.isLoading} />
        ) : (
          rendering.isLoading && <div class="waiting" aria-hidden="true" />
        )}
      </section>
    </div>
  )
}

/** Tells the style sheet how high the rendering is: one that is higher than the window sticks to the window's lower edge. */
function useHeight() {
  const element = useRef<HTMLElement>(null)
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      element.current?.style.setProperty('--rendered-height', `${entry?.borderBoxSize[0]?.blockSize ?? 0}px`)
    })
    if (element.current) observer.observe(element.current)
    return () => observer.disconnect()
  }, [])
  return element
}

function faultsOf(prompt: Prompt, values: Values): Map<string, string> {
  const entries = prompt.arguments.flatMap(argument => {
    const fault = faultOf(argument, valueOf(values, argument.name))
    return fault ? [[argument.name, wordsOfFault(fault)] as const] : []
  })
  return new Map(entries)
}

/** Arguments to look at, each with a way to its field. */
function Summary({ title, prompt, list, isError = false }: { title: string; prompt: Prompt; list: Argument[]; isError?: boolean }) {
  if (list.length === 0) {
    return null
  }
  return (
    <div class={isError ? 'box box-error' : 'box'}>
      <p class="box-title">{title}</p>
      <ul>
        {list.map(argument => (
          <li key={argument.name}>
            <button
              type="button"
              class="to-field"
              aria-label={promptWords.goTo(labelOf(argument))}
              onClick={() => focusField(prompt.arguments.indexOf(argument))}
            >
              {labelOf(argument)}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
