/**
 * Sign-in by the code flow with PKCE. A chunk of its own, because most pages are drawn without it.
 *
 * Tokens stay in memory. What must survive the way to the sign-in page and back passes through the tab's `sessionStorage`: `state`, the PKCE
 * verifier, the fragment of the page as a shared link has it, and values that do not look secret.
 */

import * as oauth from 'oauth4webapi'

import type { Values } from './gallery'
import { promptHref, routeOf } from './router'
import type { SignInSettings } from './settings'
import type { Token } from './sources/mcp'
import { type NamedArgument, partsOf, withoutSecrets } from './take/share'
import { shellWords } from './words'

const STORED = 'prompt-gallery/sign-in'
/** A token is renewed when it has less time left than this. */
const RENEW_BEFORE_MS = 30_000
/** More typed values than this are not kept while somebody signs in: browsers give a page 5 MB in all. In characters of JSON. */
const MAX_TYPED_CHARACTERS = 100_000
/** Without this scope many issuers give no refresh token. */
const OFFLINE_ACCESS = 'offline_access'

/** Where the reader is when they leave for the sign-in page. */
export interface Place {
  fragment: string
  /** The values of the shown prompt, and its arguments as far as they are known. */
  values: Values | null
  arguments: NamedArgument[]
}

interface Stored {
  state: string
  verifier: string
  fragment: string
  typed: Values | null
}

interface Tokens {
  access: string
  refresh: string | null
  /** By `performance.now()`. */
  expiresAt: number
}

/** Whether the address is an answer of the sign-in page. */
export function isAnswer(search: string): boolean {
  const params = new URLSearchParams(search)
  return params.has('state') && (params.has('code') || params.has('error'))
}

/** Why signing in failed, in words for people. */
export function reasonOf(e: unknown): string {
  if (e instanceof oauth.AuthorizationResponseError || e instanceof oauth.ResponseBodyError) {
    const why = e.error_description || null
    return e.error === 'access_denied' ? shellWords.signInDenied(why) : (why ?? e.error)
  }
  // `fetch` tells no more of a server that does not answer, or that forbids the page to read its answer.
  if (e instanceof TypeError) return shellWords.signInUnreachable
  if (e instanceof oauth.OperationProcessingError) return shellWords.signInOdd(e.message)
  return e instanceof Error ? e.message : String(e)
}

/** The address of the page without what was asked of it: `/`, or a stage such as `/prod/`. */
export function pageAddress({ origin, pathname }: { origin: string; pathname: string }): string {
  return `${origin}${pathname.replace(/[^/]*$/, '')}`
}

/** What is kept of a place: the fragment as a shared link has it, and the values that do not look secret, if they are not too many. */
export function keptOf({ fragment, values: shown, arguments: known }: Place): Pick<Stored, 'fragment' | 'typed'> {
  const route = routeOf(fragment)
  if (route.view !== 'prompt') return { fragment, typed: null }
  const values = shown ?? route.values
  const typed = withoutSecrets(values, known)
  return {
    fragment: promptHref(route.name, partsOf(values, known).shared, route.tab),
    typed: JSON.stringify(typed).length > MAX_TYPED_CHARACTERS ? null : typed,
  }
}

function store(stored: Stored): void {
  try {
    sessionStorage.setItem(STORED, JSON.stringify(stored))
  } catch {
    // The storage is full, perhaps of another page of this origin. The values are worth less than the sign-in.
    try {
      sessionStorage.setItem(STORED, JSON.stringify({ ...stored, typed: null }))
    } catch {
      throw new Error(shellWords.noStorage)
    }
  }
}

/** Takes what was kept out of the storage. A sign-in that was given up leaves it there. */
export function takeStored(): Stored | null {
  try {
    const text = sessionStorage.getItem(STORED)
    sessionStorage.removeItem(STORED)
    return text === null ? null : (JSON.parse(text) as Stored)
  } catch {
    return null
  }
}

export class SignIn implements Token {
  #tokens: Tokens | null = null
  #typed: Values | null = null
  #renewal: Promise<boolean> | null = null
  #server: Promise<oauth.AuthorizationServer> | null = null
  readonly #client: oauth.Client
  readonly #isLoopback: boolean

  /**
   * `resource` is the address of the MCP endpoint: tokens are for it alone, where the sign-in server knows RFC 8707. `changed` is called when the
   * reader has signed in, and when the sign-in server ends that.
   */
  constructor(
    private readonly settings: SignInSettings,
    clientId: string,
    private readonly resource: string,
    private readonly changed: () => void,
  ) {
    this.#client = { client_id: clientId }
    const { protocol, hostname } = new URL(settings.issuer)
    this.#isLoopback = protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname)
  }

  get isSignedIn(): boolean {
    return this.#tokens !== null
  }

  async current(): Promise<string | null> {
    if (this.#tokens && this.#tokens.expiresAt - performance.now() < RENEW_BEFORE_MS) await this.renew(this.#tokens.access)
    return this.#tokens?.access ?? null
  }

  /** Requests that are refused at once share one renewal: a refresh token that is rotated counts once. */
  renew(refused: string | null): Promise<boolean> {
    if (this.#tokens && this.#tokens.access !== refused) return Promise.resolve(true)
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = null
    })
    return this.#renewal
  }

  /** What was typed when the reader left for the sign-in page. Known once the sign-in is finished, or has failed. */
  get typed(): Values | null {
    return this.#typed
  }

  /** Leaves for the sign-in page, which leads back to this place. */
  async begin(place: Place): Promise<void> {
    const server = await this.#discover()
    if (!server.authorization_endpoint) throw new Error(shellWords.noSignInPage)
    const stored: Stored = {
      state: oauth.generateRandomState(),
      verifier: oauth.generateRandomCodeVerifier(),
      ...keptOf(place),
    }
    const address = new URL(server.authorization_endpoint)
    address.search = new URLSearchParams({
      ...Object.fromEntries(address.searchParams),
      response_type: 'code',
      client_id: this.#client.client_id,
      redirect_uri: pageAddress(location),
      scope: this.#scopes(server).join(' '),
      resource: this.resource,
      state: stored.state,
      code_challenge: await oauth.calculatePKCECodeChallenge(stored.verifier),
      code_challenge_method: 'S256',
    }).toString()
    store(stored)
    location.assign(address)
  }

  /** Takes the answer of the sign-in page out of the address, and returns to where the reader was. */
  async finish(): Promise<void> {
    const answer = new URL(location.href)
    const stored = takeStored()
    history.replaceState(null, '', pageAddress(location) + (stored?.fragment ?? ''))
    this.#typed = stored?.typed ?? null
    // A code that another tab asked for, that was used before, or that somebody else wants this page to use.
    if (!stored || answer.searchParams.get('state') !== stored.state) throw new Error(shellWords.signInForeign)
    const server = await this.#discover()
    const params = oauth.validateAuthResponse(server, this.#client, answer, stored.state)
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      this.#client,
      oauth.None(),
      params,
      pageAddress(location),
      stored.verifier,
      this.#tokenOptions(),
    )
    this.#take(await oauth.processAuthorizationCodeResponse(server, this.#client, response), null)
  }

  /** Forgets and revokes the tokens. Returns whether the browser leaves for the issuer, which ends its own session: not every issuer has an address for that. */
  async end(): Promise<boolean> {
    const refresh = this.#tokens?.refresh
    this.#tokens = null
    this.#typed = null
    // The fragment has values that were typed.
    history.replaceState(null, '', pageAddress(location))
    const server = await this.#discover().catch(() => null)
    if (refresh && server?.revocation_endpoint) this.#revoke(server.revocation_endpoint, refresh)
    if (!server?.end_session_endpoint) return false
    const address = new URL(server.end_session_endpoint)
    address.searchParams.set('client_id', this.#client.client_id)
    // Cognito's name, and OpenID Connect's.
    address.searchParams.set('logout_uri', pageAddress(location))
    address.searchParams.set('post_logout_redirect_uri', pageAddress(location))
    location.assign(address)
    return true
  }

  /** RFC 7009. The request outlives the page, and needs no permission to read its answer. */
  #revoke(endpoint: string, token: string): void {
    const body = new URLSearchParams({ token, token_type_hint: 'refresh_token', client_id: this.#client.client_id })
    void fetch(endpoint, { method: 'POST', body, mode: 'no-cors', credentials: 'omit', keepalive: true }).catch(() => {})
  }

  async #renew(): Promise<boolean> {
    const tokens = this.#tokens
    if (!tokens?.refresh) return this.#forget()
    try {
      const server = await this.#discover()
      const response = await oauth.refreshTokenGrantRequest(server, this.#client, oauth.None(), tokens.refresh, this.#tokenOptions())
      this.#take(await oauth.processRefreshTokenResponse(server, this.#client, response), tokens.refresh)
      return true
    } catch (e) {
      // Only the server's own word ends the sign-in: one that does not answer may do so later.
      return e instanceof oauth.ResponseBodyError ? this.#forget() : false
    }
  }

  #forget(): false {
    if (this.#tokens) {
      this.#tokens = null
      this.changed()
    }
    return false
  }

  #take({ access_token, refresh_token, expires_in }: oauth.TokenEndpointResponse, refreshBefore: string | null): void {
    const wasSignedIn = this.isSignedIn
    this.#tokens = {
      access: access_token,
      refresh: refresh_token ?? refreshBefore,
      expiresAt: performance.now() + (expires_in ?? Number.POSITIVE_INFINITY) * 1000,
    }
    if (!wasSignedIn) this.changed()
  }

  #scopes({ scopes_supported: supported }: oauth.AuthorizationServer): string[] {
    const { scopes } = this.settings
    return supported?.includes(OFFLINE_ACCESS) && !scopes.includes(OFFLINE_ACCESS) ? [...scopes, OFFLINE_ACCESS] : scopes
  }

  #discover(): Promise<oauth.AuthorizationServer> {
    this.#server ??= this.#readMetadata().catch((e: unknown) => {
      this.#server = null
      throw e
    })
    return this.#server
  }

  async #readMetadata(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(this.settings.issuer)
    const ask = (algorithm: 'oidc' | 'oauth2') => oauth.discoveryRequest(issuer, { algorithm, ...this.#options() })
    // An issuer without OpenID Connect has RFC 8414's metadata alone, and often lets no page read its 404.
    const response = await ask('oidc').catch(() => null)
    return oauth.processDiscoveryResponse(issuer, response?.ok ? response : await ask('oauth2'))
  }

  /** Without encryption only a server on the reader's own machine is asked. */
  #options() {
    return this.#isLoopback ? { [oauth.allowInsecureRequests]: true } : {}
  }

  #tokenOptions() {
    return { ...this.#options(), additionalParameters: { resource: this.resource } }
  }
}
