/** What the server says of itself to its page. */
export interface Settings {
  /** The address that clients are given. */
  mcp: string
  /** Whether `resources/list` has the files of prompts. */
  source: boolean
  signIn: SignInSettings | null
}

export interface SignInSettings {
  issuer: string
  /** The client that the page is; `null` if the server was given none. */
  clientId: string | null
  scopes: string[]
}

export async function readSettings(): Promise<Settings> {
  const response = await fetch('./assets/settings.json', { cache: 'no-cache' })
  if (!response.ok) throw new Error(`HTTP status ${response.status}`)
  return (await response.json()) as Settings
}
