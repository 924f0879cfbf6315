/**
 * Sign-in by the code flow with PKCE. Loaded on demand, because most pages need none.
 *
 * Tokens stay in memory. What must survive the way to the sign-in page and back passes through the tab's `sessionStorage`: `state`, the PKCE
 * verifier and the fragment of the page.
 */

import * as oauth from 'oauth4webapi'

import type { SignInSettings } from './settings'
import type { Token } from './sources/mcp'
import { shellWords } from './words'

const STORED = 'prompt-gallery/sign-in'
/** A token is renewed when it has less time left than this. */
const RENEW_BEFORE_MS = 30_000

interface Stored {
  state: string
  verifier: string
  fragment: string
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

export class SignIn implements Token {
  #tokens: Tokens | null = null
  #renewal: Promise<boolean> | null = null
  #server: Promise<oauth.AuthorizationServer> | null = null
  readonly #client: oauth.Client
  readonly #isLoopback: boolean

  /** `changed` is called when the reader has signed in, and when the sign-in server ends that. */
  constructor(
    private readonly settings: SignInSettings,
    private readonly changed: () => void,
  ) {
    this.#client = { client_id: settings.clientId }
    const { protocol, hostname } = new URL(settings.issuer)
    this.#isLoopback = protocol === 'http:' && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname)
  }

  get isSignedIn(): boolean {
    return this.#tokens !== null
  }

  async current(): Promise<string | null> {
    if (this.#tokens && this.#tokens.expiresAt - performance.now() < RENEW_BEFORE_MS) await this.renew()
    return this.#tokens?.access ?? null
  }

  /** Requests that are refused at once share one renewal: a refresh token that is rotated counts once. */
  renew(): Promise<boolean> {
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = null
    })
    return this.#renewal
  }

  /** Leaves for the sign-in page. */
  async begin(): Promise<void> {
    const server = await this.#discover()
    if (!server.authorization_endpoint) throw new Error(shellWords.noSignInPage)
    const stored: Stored = {
      state: oauth.generateRandomState(),
      verifier: oauth.generateRandomCodeVerifier(),
      fragment: location.hash,
    }
    const address = new URL(server.authorization_endpoint)
    address.search = new URLSearchParams({
      ...Object.fromEntries(address.searchParams),
      response_type: 'code',
      client_id: this.settings.clientId,
      redirect_uri: redirectAddress(),
      scope: this.settings.scopes.join(' '),
      state: stored.state,
      code_challenge: await oauth.calculatePKCECodeChallenge(stored.verifier),
      code_challenge_method: 'S256',
    }).toString()
    sessionStorage.setItem(STORED, JSON.stringify(stored))
    location.assign(address)
  }

  /** Takes the answer of the sign-in page out of the address, and returns to where the reader was. */
  async finish(): Promise<void> {
    const answer = new URL(location.href)
    const text = sessionStorage.getItem(STORED)
    sessionStorage.removeItem(STORED)
    const stored = text === null ? null : (JSON.parse(text) as Stored)
    history.replaceState(null, '', `/${stored?.fragment ?? ''}`)
    // A code that another tab asked for, or that was used before the page was loaded again.
    if (!stored) return
    const server = await this.#discover()
    const params = oauth.validateAuthResponse(server, this.#client, answer, stored.state)
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      this.#client,
      oauth.None(),
      params,
      redirectAddress(),
      stored.verifier,
      this.#options(),
    )
    this.#take(await oauth.processAuthorizationCodeResponse(server, this.#client, response), null)
  }

  /** Forgets the tokens, and ends the session of the sign-in page where it can be ended. */
  async end(): Promise<void> {
    this.#tokens = null
    const server = await this.#discover().catch(() => null)
    if (!server?.end_session_endpoint) {
      // A fresh page knows nothing of what this one has read.
      location.reload()
      return
    }
    const address = new URL(server.end_session_endpoint)
    address.searchParams.set('client_id', this.settings.clientId)
    // Cognito's name, and OpenID Connect's.
    address.searchParams.set('logout_uri', redirectAddress())
    address.searchParams.set('post_logout_redirect_uri', redirectAddress())
    location.assign(address)
  }

  async #renew(): Promise<boolean> {
    const tokens = this.#tokens
    if (!tokens?.refresh) return this.#forget()
    try {
      const server = await this.#discover()
      const response = await oauth.refreshTokenGrantRequest(server, this.#client, oauth.None(), tokens.refresh, this.#options())
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

  #discover(): Promise<oauth.AuthorizationServer> {
    this.#server ??= this.#readMetadata().catch((e: unknown) => {
      this.#server = null
      throw e
    })
    return this.#server
  }

  async #readMetadata(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(this.settings.issuer)
    const response = await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...this.#options() })
    return oauth.processDiscoveryResponse(issuer, response)
  }

  /** Without encryption only a server on the reader's own machine is asked. */
  #options() {
    return this.#isLoopback ? { [oauth.allowInsecureRequests]: true } : {}
  }
}

function redirectAddress(): string {
  return `${location.origin}/`
}
