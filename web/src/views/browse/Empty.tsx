import { useState } from 'preact/hooks'

import { browseWords } from '../../words'

/** A gallery without prompts: how the first one is added. */
export function Empty() {
  const [isCopied, setIsCopied] = useState(false)
  const copy = () => void navigator.clipboard.writeText(browseWords.emptyExample).then(() => setIsCopied(true))
  const [before, file, after] = browseWords.emptyText.split('`')
  return (
    <div class="message empty">
      <h2>{browseWords.emptyTitle}</h2>
      <p>
        {before}
        <code>{file}</code>
        {after}
      </p>
      <pre class="example" tabIndex={0}>
        {browseWords.emptyExample}
      </pre>
      <button type="button" class="button" onClick={copy}>
        {isCopied ? browseWords.emptyCopied : browseWords.emptyCopy}
      </button>
    </div>
  )
}
