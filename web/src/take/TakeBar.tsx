/** What is done with a rendered prompt: copied, sent, shared. */

import { useEffect, useState } from 'preact/hooks'

import type { Gallery, Message, Prompt, Values } from '../gallery'
import { labelOf } from '../views/prompt/values'
import { takeWords } from '../words'
import { CopyButton } from './CopyButton'
import { curlOf } from './curl'
import { jsonOf, textOf } from './messages'
import { type LeftOut, shareFragment } from './share'

interface TakeBarProps {
  gallery: Gallery
  prompt: Prompt
  values: Values
  /** Absent while the rendering of these values is not known. */
  messages: Message[] | undefined
}

export function TakeBar({ gallery, prompt, values, messages }: TakeBarProps) {
  const { send, address } = gallery.abilities
  const isDisabled = messages === undefined
  return (
    <div class="take">
      {send && <UseButton gallery={gallery} messages={messages} />}
      <CopyButton label={takeWords.copyText} isDisabled={isDisabled} text={() => textOf(messages ?? [])} />
      <CopyButton label={takeWords.copyJson} isDisabled={isDisabled} text={() => jsonOf(messages ?? [])} />
      {address !== null && <CopyButton label={takeWords.copyCurl} text={() => curlOf(address, prompt.name, values)} />}
      {address !== null && <Share prompt={prompt} values={values} />}
    </div>
  )
}

function UseButton({ gallery, messages }: Pick<TakeBarProps, 'gallery' | 'messages'>) {
  const [state, setState] = useState<'idle' | 'sending' | 'sent' | { failed: string }>('idle')
  useEffect(() => setState('idle'), [messages])
  const use = async () => {
    if (!messages || state === 'sending') return
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
      <button type="button" class="button" aria-disabled={!messages || state === 'sending'} onClick={use}>
        {state === 'sending' ? takeWords.using : takeWords.use}
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
  const share = (isWhole: boolean) => shareFragment(prompt.name, values, isWhole)
  const link = (isWhole: boolean) => new URL(share(isWhole).fragment, location.href).href
  const name = ({ name, why }: LeftOut) => {
    const argument = prompt.arguments.find((other) => other.name === name)
    return `${argument ? labelOf(argument) : name} (${takeWords.why[why]})`
  }
  return (
    <>
      <CopyButton
        label={Object.keys(values).length > 0 ? takeWords.share : takeWords.shareBare}
        text={() => link(false)}
        onCopied={(isCopied) => setLeftOut(isCopied ? share(false).leftOut : null)}
      />
      {leftOut && leftOut.length > 0 && (
        <div class="left-out" role="status">
          <p>{takeWords.leftOut(leftOut.map(name).join(', '))}</p>
          <CopyButton label={takeWords.shareWhole} text={() => link(true)} onCopied={(isCopied) => isCopied && setLeftOut(null)} />
        </div>
      )}
    </>
  )
}
