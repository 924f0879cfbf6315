/** For each client: how this server is added, and how this prompt is called. */

import type { Prompt, Values } from '../gallery'
import { Inline } from '../views/prompt/Inline'
import { takeWords } from '../words'
import { type Way, waysToAdd } from './add'
import { callOf, type Client, type Clients } from './clients'
import { CopyButton } from './CopyButton'

interface ClientsPanelProps {
  address: string
  hasSignIn: boolean
  prompt: Prompt
  values: Values
  clients: Clients
}

export function ClientsPanel({ address, hasSignIn, prompt, values, clients }: ClientsPanelProps) {
  const ways = waysToAdd(address, hasSignIn)
  const others = clients.filter(({ name }) => !ways.some(({ client }) => client === name))
  return (
    <div class="clients">
      <h2>{takeWords.addTitle}</h2>
      <p>{takeWords.addIntro}</p>
      <Line text={address} what={takeWords.address} />
      {ways.map((way, at) => (
        <details key={way.client} class="client" open={at === 0}>
          <summary>{way.client}</summary>
          <Adding way={way} />
          <Calling client={clients.find(({ name }) => name === way.client)} prompt={prompt} values={values} fallback={way.call} />
        </details>
      ))}
      {others.map(client => (
        <details key={client.name} class="client">
          <summary>{client.name}</summary>
          <h3>{takeWords.addTitle}</h3>
          <p>{takeWords.addIn(client.name)}</p>
          <Calling client={client} prompt={prompt} values={values} />
        </details>
      ))}
    </div>
  )
}

function Adding({ way: { client, link, command, file, notes } }: { way: Way }) {
  return (
    <>
      <h3>{takeWords.addTitle}</h3>
      {link && (
        <p>
          <a class="button" href={link} {...(link.startsWith('https:') ? { target: '_blank', rel: 'noopener noreferrer' } : {})}>
            {takeWords.openIn(client)}
          </a>
        </p>
      )}
      {command && (
        <>
          <p class="where">{takeWords.inTerminal}</p>
          <Line text={command} what={takeWords.commandOf(client)} />
        </>
      )}
      {file && (
        <>
          <p class="where">{takeWords.inFile(file.path)}</p>
          <Line text={file.text} what={takeWords.settingsOf(client)} />
        </>
      )}
      {notes.map(note => (
        <p key={note} class="remark">
          {note}
        </p>
      ))}
    </>
  )
}

interface CallingProps {
  client: Client | undefined
  prompt: Prompt
  values: Values
  /** Words for a client that the table does not have. */
  fallback?: string | undefined
}

function Calling({ client, prompt, values, fallback }: CallingProps) {
  if (!client) {
    return (
      <>
        <h3>{takeWords.callTitle}</h3>
        <p>{fallback}</p>
      </>
    )
  }
  const call = callOf(client, prompt, values)
  return (
    <>
      <h3>{takeWords.callTitle}</h3>
      {typeof call === 'string' ? <p>{takeWords[call]}</p> : <Line text={call.typed} what={takeWords.callOf(client.name)} />}
      {client.call && (
        <dl class="facts">
          <Fact name={takeWords.argumentsAre} text={client.arguments} />
          <Fact name={takeWords.messagesAre} text={client.messages} />
          <Fact name={takeWords.mediaAre} text={client.media} />
        </dl>
      )}
      <p class="remark">{takeWords.seen(client.seen, client.version)}</p>
    </>
  )
}

function Fact({ name, text }: { name: string; text: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <Inline text={text} />
      </dd>
    </div>
  )
}

/** Something to type or to paste, with a button that copies it. */
function Line({ text, what }: { text: string; what: string }) {
  return (
    <div class="line-to-copy">
      <pre>{text}</pre>
      <CopyButton isSmall label={takeWords.copyOf(what)} text={() => text} />
    </div>
  )
}
