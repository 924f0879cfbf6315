/** What is done with a rendered prompt: copied, sent, shared. */

import { useEffect, useState } from 'preact/hooks'

import type { Argument, Gallery, Message, Prompt, Values } from '../gallery'
import { labelOf } from '../views/prompt/values'
import { takeWords } from '../words'
import { CopyButton, Label } from './CopyButton'
import { curlOf } from './curl'
import { jsonOf, textOf } from './messages'
import { type LeftOut, shareFragment } from './share'

interface TakeBarProps {
  gallery: Gallery
  prompt: Prompt
  values: Values
  /** Absent while the rendering of these values is not known. */
  messages: Message[] | undefined
  /** Arguments that have no value, or a wrong one: the prompt cannot be taken before they are filled in. */
  open: Argument[]
  /** Somebody tried to take it all the same. */
  onRefused(): void
}

export function TakeBar({ gallery, prompt, values, messages, open, onRefused }: TakeBarProps) {
  const { send, address } = gallery.abilities
  const isDisabled = messages === undefined
  const [said, setSaid] = useState<string | null>(null)
  const labels = open.map(labelOf).join(', ')
  useEffect(() => setSaid(null), [messages, JSON.stringify(values)])
  const refuse = () => {
    setSaid(labels ? takeWords.refused(labels) : takeWords.notRendered)
    onRefused()
  }
  const take = { isDisabled, onRefused: refuse }
  return (
    <div class="take">
      {send && <UseButton gallery={gallery} messages={messages} onRefused={refuse} />}
      <CopyButton label={takeWords.copyText} short={takeWords.short.text} {...take} text={() => textOf(messages ?? [])} />
      <CopyButton label={takeWords.copyJson} short={takeWords.short.json} {...take} text={() => jsonOf(messages ?? [])} />
      {address !== null && (
        <CopyButton
          label={takeWords.copyCurl}
          short={takeWords.short.curl}
          text={() => curlOf(address, prompt.name, values)}
          onCopied={isCopied => setSaid(isCopied && labels ? takeWords.curlOpen(labels) : null)}
        />
      )}
      {address !== null && <Share prompt={prompt} values={values} />}
      <p class={said ? 'said' : 'unseen'} role="status">
        {said}
      </p>
    </div>
  )
}

function UseButton({ gallery, messages, onRefused }: Pick<TakeBarProps, 'gallery' | 'messages' | 'onRefused'>) {
  const [state, setState] = useState<'idle' | 'sending' | 'sent' | { failed: string }>('idle')
  useEffect(() => setState('idle'), [messages])
  const use = async () => {
    if (state === 'sending') return
    if (!messages) return onRefused()
    setState('sending')
    try {
      await gallery.send(messages)
      setState('sent')
    } catch (error) {
      setState({ failed: error instanceof Error ? error.message : String(error) })
    }
  }
  return (
    <>
      <button
        type="button"
        class="button"
        aria-disabled={!messages || state === 'sending'}
        aria-label={state === 'sending' ? undefined : takeWords.use}
        onClick={use}
      >
        {state === 'sending' ? takeWords.using : <Label long={takeWords.use} short={takeWords.short.use} />}
      </button>
      <span role="status" class={state === 'sent' ? 'done' : 'unseen'}>
        {state === 'sent' && takeWords.used}
      </span>
      {typeof state === 'object' && (
        <p class="failed" role="alert">
          {takeWords.useFailed}: {state.failed}
        </p>
      )}
    </>
  )
}

function Share({ prompt, values }: Pick<TakeBarProps, 'prompt' | 'values'>) {
  const [leftOut, setLeftOut] = useState<LeftOut[] | null>(null)
  const key = JSON.stringify(values)
  useEffect(() => setLeftOut(null), [key])
  const share = (isWhole: boolean) => shareFragment(prompt, values, isWhole)
  const link = (isWhole: boolean) => new URL(share(isWhole).fragment, location.href).href
  const name = ({ name, why }: LeftOut) => {
    const argument = prompt.arguments.find(other => other.name === name)
    return `${argument ? labelOf(argument) : name} (${takeWords.why[why]})`
  }
  return (
    <>
      <CopyButton
        label={Object.keys(values).length > 0 ? takeWords.share : takeWords.shareBare}
        short={takeWords.short.link}
        text={() => link(false)}
        onCopied={isCopied => setLeftOut(isCopied ? share(false).leftOut : null)}
      />
      {leftOut && leftOut.length > 0 && (
        <div class="left-out" role="status">
          <p>{takeWords.leftOut(leftOut.map(name).join(', '))}</p>
          <CopyButton label={takeWords.shareWhole} text={() => link(true)} onCopied={isCopied => isCopied && setLeftOut(null)} />
        </div>
      )}
    </>
  )
}
