/** Text of one paragraph with the two marks that descriptions and problems often have: `code` and **strong**. */
export function Inline({ text }: { text: string }) {
  const parts = text.split(/(`[^`]+`|\*\*[^*]+\*\*)/)
  return (
    <>
      {parts.map((part, at) => {
        // What matched is at every second place.
        if (at % 2 === 0) return part
        return part.startsWith('`') ? <code key={at}>{part.slice(1, -1)}</code> : <strong key={at}>{part.slice(2, -2)}</strong>
      })}
    </>
  )
}
