/** Text of any length, from the keyboard, a file or the suggestions of the server. */

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'

import { promptWords } from '../../words'
import { Combobox } from './Combobox'
import type { ControlProps } from './Field'
import { type FileFault, readTextFile } from './file'

export type Suggest = (text: string, signal: AbortSignal) => Promise<string[]>

interface TextFieldProps {
  control: ControlProps
  isCode: boolean
  suggest: Suggest | undefined
}

type FileState = { name: string; characters: number } | { fault: FileFault | 'several' } | null

export function TextField({ control, isCode, suggest }: TextFieldProps) {
  const { id, label, aria, onValue } = control
  const [file, setFile] = useState<FileState>(null)
  const [isOver, setIsOver] = useState(false)
  const chooser = useRef<HTMLInputElement>(null)

  const take = async (files: FileList | null | undefined) => {
    const [first, second] = files ?? []
    if (!first) return
    if (second) return setFile({ fault: 'several' })
    const read = await readTextFile(first)
    if ('fault' in read) return setFile(read)
    setFile({ name: first.name, characters: [...read.text].length })
    onValue(read.text)
  }
  const faultId = `${id}-file`
  const fault = file && 'fault' in file ? (file.fault === 'several' ? promptWords.oneFile : promptWords.fileFaults[file.fault]) : null
  const described = [aria['aria-describedby'], fault && faultId].filter(Boolean).join(' ') || undefined
  const typed: ControlProps = {
    ...control,
    aria: { ...aria, 'aria-describedby': described },
    onValue: value => {
      setFile(null)
      onValue(value)
    },
  }
  return (
    <div
      class={isOver ? 'text-field-over' : undefined}
      onDragOver={event => {
        if (event.dataTransfer?.types.includes('Files')) {
          event.preventDefault()
          setIsOver(true)
        }
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={event => {
        if (event.dataTransfer?.types.includes('Files')) {
          event.preventDefault()
          setIsOver(false)
          void take(event.dataTransfer.files)
        }
      }}
    >
      <TextControl control={typed} isCode={isCode} suggest={suggest} />
      <div class="text-file">
        <input
          ref={chooser}
          type="file"
          hidden
          onChange={async event => {
            const input = event.currentTarget
            await take(input.files)
            // The same file can be chosen again after an edit.
            input.value = ''
          }}
        />
        <button type="button" class="quiet" aria-label={promptWords.chooseFileFor(label)} onClick={() => chooser.current?.click()}>
          {promptWords.chooseFile}
        </button>
        <span role="status" class="text-file-name">
          {file && 'name' in file && promptWords.fileTaken(file.name, file.characters)}
        </span>
      </div>
      {fault && (
        <p id={faultId} class="field-error" role="alert">
          {fault}
        </p>
      )}
    </div>
  )
}

/** A text area, which becomes a combobox when it is entered and the server knows values for the argument. */
function TextControl({ control, isCode, suggest }: TextFieldProps) {
  const [known, setKnown] = useState<string[] | null>(null)
  const isAsked = useRef(false)
  const focusAt = useRef<number | null>(null)
  const area = useRef<HTMLTextAreaElement>(null)
  const field = useRef<HTMLInputElement>(null)
  const { id, value, placeholder, aria, onValue, onLeave } = control
  const isCombobox = known !== null && !value.includes('\n')

  useLayoutEffect(() => {
    // The element was replaced while someone was typing.
    const element = isCombobox ? field.current : area.current
    if (focusAt.current !== null && element) {
      element.focus({ preventScroll: true })
      element.setSelectionRange(focusAt.current, focusAt.current)
    }
    focusAt.current = null
  }, [isCombobox])

  useGrowth(area, value, isCombobox)

  const controller = useRef<AbortController | null>(null)
  useEffect(() => () => controller.current?.abort(), [])
  const ask = async () => {
    if (isAsked.current || !suggest) return
    isAsked.current = true
    controller.current = new AbortController()
    // For empty text the server suggests every value that it knows. Without any, typing asks no more.
    const values = await suggest('', controller.current.signal).catch(() => null)
    if (values?.length === 0) return
    if (!values || document.activeElement !== area.current) {
      // After an error, or if the field was left meanwhile, the next visit asks again.
      isAsked.current = false
      return
    }
    focusAt.current = area.current?.selectionStart ?? 0
    setKnown(values)
  }

  if (isCombobox && suggest) {
    return (
      <Combobox
        control={control}
        input={field}
        known={known}
        suggest={suggest}
        onLines={(text, at) => {
          focusAt.current = at
          onValue(text)
        }}
      />
    )
  }
  return (
    <textarea
      ref={area}
      id={id}
      class={isCode ? 'code' : undefined}
      {...aria}
      // Code is laid out from the left, whatever its texts are.
      dir={isCode ? 'ltr' : 'auto'}
      rows={1}
      value={value}
      placeholder={placeholder}
      spellcheck={!isCode}
      onFocus={ask}
      onInput={event => onValue(event.currentTarget.value)}
      onBlur={onLeave}
    />
  )
}

/** Lets a text area grow with its text, where the style sheet alone cannot. */
function useGrowth(area: { current: HTMLTextAreaElement | null }, value: string, isCombobox: boolean): void {
  useLayoutEffect(() => {
    const element = area.current
    if (!element || CSS.supports('field-sizing', 'content')) return
    element.style.height = 'auto'
    element.style.height = `${element.scrollHeight + element.offsetHeight - element.clientHeight}px`
  }, [value, isCombobox])
}
