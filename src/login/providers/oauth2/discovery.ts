/**
 * What a provider publishes of itself (OpenID Connect Discovery 1.0, RFC 8414), joined with the settings of the module.
 *
 * Guarantees: an endpoint that the settings name is never replaced; the document must be that of its issuer; one fetch at a
 * time; a document is used for `LIFE`, and beyond that only while the provider cannot be asked.
 */
import type { OAuthModule } from '../../../identity/oauth-module.ts'
import { oauth2Schema } from '../../../model/types/auth-module-types.ts'
import { NotBelieved, ProviderDown } from './fault.ts'
import type { Json, ProviderCalls } from './provider-calls.ts'

/** Milliseconds a document is used, and the pause after a fetch that failed. */
const LIFE = 600_000
const PAUSE = 5_000
const WELL_KNOWN = '/.well-known/openid-configuration'

export interface Provider {
  /** Who issues ID tokens; null when nobody says. */
  readonly issuer: string | null
  readonly login: string
  readonly token: string
  /** Null: there is none. */
  readonly userInfo: string | null
  readonly keys: string | null
  readonly logout: string
  /** The logout endpoint is one of the document: it follows OpenID Connect RP-Initiated Logout 1.0. */
  readonly standardLogout: boolean
  /** The provider names itself in its callbacks (RFC 9207). */
  readonly namesItself: boolean
}

export class Discovery {
  readonly #settings: OAuthModule
  readonly #calls: ProviderCalls
  readonly #now: () => number
  #document: Json | null = null
  #until = Number.NEGATIVE_INFINITY
  #failed: unknown = null
  #flight: Promise<Json> | null = null

  constructor(settings: OAuthModule, calls: ProviderCalls, now: () => number = () => performance.now()) {
    this.#settings = settings
    this.#calls = calls
    this.#now = now
  }

  /** Rejects with `ProviderDown`, or with `NotBelieved` when the document is not that of its issuer. */
  async provider(): Promise<Provider> {
    const { oidConfig } = this.#settings
    if (oidConfig === null || oidConfig === '') return joined(this.#settings, null)
    return joined(this.#settings, await this.#current(oidConfig))
  }

  async #current(url: string): Promise<Json> {
    if (this.#now() < this.#until) {
      if (this.#document !== null) return this.#document
      throw this.#failed
    }
    this.#flight ??= this.#fetch(url).finally(() => (this.#flight = null))
    return this.#flight
  }

  async #fetch(url: string): Promise<Json> {
    try {
      const document = await this.#calls.published(url, 'the configuration of the provider')
      checkIssuer(document, url, this.#settings)
      this.#document = document
      this.#until = this.#now() + LIFE
      return document
    } catch (error) {
      this.#failed = error
      this.#until = this.#now() + PAUSE
      if (this.#document !== null && error instanceof ProviderDown) return this.#document
      this.#document = null
      throw error
    }
  }
}

// Discovery 1.0, 4.3: somebody else's document would bring somebody else's keys.
function checkIssuer(document: Json, url: string, { issuer }: OAuthModule): void {
  const named = document['issuer']
  if (typeof named !== 'string') throw new NotBelieved('the configuration of the provider names no issuer')
  const expected = issuer ?? (url.endsWith(WELL_KNOWN) ? url.slice(0, -WELL_KNOWN.length) : named)
  if (named !== expected && named !== `${expected}/`)
    throw new NotBelieved(
      `the configuration of the provider is that of another issuer: ${named.slice(0, 200)}`,
    )
}

function joined(settings: OAuthModule, document: Json | null): Provider {
  const own = (name: 'loginUrl' | 'tokenUrl' | 'userInfoUrl' | 'logoutUrl'): string | null => {
    const value = settings[name]
    // Whoever gives a document only has the addresses that stand there when nothing is said.
    return value === '' || (document !== null && value === defaults[name]) ? null : value
  }
  const told = (name: string): string | null => {
    const value = document?.[name]
    return typeof value === 'string' && value !== '' ? value : null
  }
  const login = own('loginUrl') ?? told('authorization_endpoint')
  const token = own('tokenUrl') ?? told('token_endpoint')
  if (login === null || token === null)
    throw new NotBelieved('neither settings nor provider say where one logs in and where tokens are')
  const logout = own('logoutUrl') ?? told('end_session_endpoint') ?? ''
  return {
    // As the provider writes it: a slash at the end was let pass above, and tokens have it too.
    issuer: told('issuer') ?? settings.issuer ?? null,
    login,
    token,
    userInfo: own('userInfoUrl') ?? told('userinfo_endpoint'),
    keys: told('jwks_uri'),
    logout,
    standardLogout: own('logoutUrl') === null && logout !== '',
    namesItself: document?.['authorization_response_iss_parameter_supported'] === true,
  }
}

const defaults = {
  loginUrl: defaultOf('loginUrl'),
  tokenUrl: defaultOf('tokenUrl'),
  userInfoUrl: defaultOf('userInfoUrl'),
  logoutUrl: defaultOf('logoutUrl'),
}

function defaultOf(name: 'loginUrl' | 'tokenUrl' | 'userInfoUrl' | 'logoutUrl'): string {
  const [nullish] = oauth2Schema.entries[name].pipe
  return nullish.default
}
