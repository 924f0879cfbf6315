import { useState } from 'preact/hooks'

import type { Problem, SourceFile } from '../../gallery'
import { fileHref } from '../../router'
import { browseWords } from '../../words'
import { Inline } from '../prompt/Inline'

interface BrokenFilesProps {
  files: SourceFile[]
  /** Whether the list is unfolded at first. */
  isOpen?: boolean
  /** One of the files was opened. */
  onLeave?(): void
}

/** The files with problems, in the words of `prompt-gallery check`. */
export function BrokenFiles({ files, isOpen = false, onLeave }: BrokenFilesProps) {
  // The reader folds and unfolds it afterwards.
  const [wasOpen] = useState(isOpen)
  const broken = files.filter(file => file.problems.length > 0)
  if (broken.length === 0) return null
  const hasErrors = broken.some(({ problems }) => problems.some(({ level }) => level === 'error'))
  return (
    <details class={hasErrors ? 'broken broken-errors' : 'broken'} open={wasOpen}>
      <summary>{browseWords.brokenTitle(broken.length)}</summary>
      <ul>
        {broken.map(({ uri, path, brokenPrompt, problems }) => (
          <li key={uri}>
            <p class="broken-file">
              <a href={fileHref(path)} onClick={onLeave}>
                <code>{path}</code>
              </a>
              {brokenPrompt !== undefined && <span class="broken-state">{browseWords.brokenNotServed}</span>}
            </p>
            <ul>
              {problems.map((problem, i) => (
                <ProblemLine key={i} problem={problem} />
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </details>
  )
}

function ProblemLine({ problem: { level, message, line, column, hint } }: { problem: Problem }) {
  return (
    <li class={`problem problem-${level}`}>
      <strong>{level === 'error' ? browseWords.error : browseWords.warning}</strong>{' '}
      {line !== undefined && <span class="problem-place">{browseWords.place(line, column)}: </span>}
      <Inline text={message} />
      {hint !== undefined && (
        <span class="problem-hint">
          <Inline text={hint} />
        </span>
      )}
    </li>
  )
}
