/** An identity provider as a module knows it: its addresses, its keys, and who its users are. */
import type { AuthModuleView } from '../../../identity/auth-module.ts'
import type { Claims } from '../../../identity/jwt/jws.ts'
import type { TokenKeys } from '../../../identity/jwt/token-keys.ts'
import { VerifiedTokens } from '../../../identity/jwt/verified-tokens.ts'
import { type OAuthModule, oauthModule } from '../../../identity/oauth-module.ts'
import type { ProviderServices } from '../../contract.ts'
import { Discovery, type Provider } from './discovery.ts'
import { NotBelieved, ProviderDown } from './fault.ts'
import { judgeIdToken } from './id-token.ts'
import { type Json, ProviderCalls } from './provider-calls.ts'
import { publishedKeys, settingsKeys } from './provider-keys.ts'
import { TokenEndpoint, type Tokens } from './token-endpoint.ts'
import { checkSubject, userInfo } from './user-info.ts'

/** The login that tokens were asked for. */
export interface AskedLogin {
  readonly nonce: string
  readonly code: string
}

const verifier = new VerifiedTokens({ tokens: 1, characters: 0 })

export class Authority {
  readonly settings: OAuthModule
  readonly tokens: TokenEndpoint
  readonly #calls: ProviderCalls
  readonly #services: ProviderServices
  readonly #discovery: Discovery
  /** Keys of the settings (`jwtVerifier`), or null. */
  readonly #own: TokenKeys | null
  #published: { readonly url: string; readonly keys: TokenKeys } | null = null

  /** Throws when the module is of another type. */
  constructor(module: AuthModuleView, services: ProviderServices) {
    const settings = oauthModule(module)
    if (settings === null) throw new Error('the module is not of type oauth2')
    this.settings = settings
    this.#services = services
    this.#calls = new ProviderCalls(services.calls, settings)
    this.#discovery = new Discovery(settings, this.#calls)
    this.tokens = new TokenEndpoint(settings, module.tenant, this.#calls, services)
    const { jwtVerifier } = settings
    this.#own = jwtVerifier === null ? null : settingsKeys(jwtVerifier, module.tenant, this.#calls, services)
  }

  /** Rejects with `ProviderDown` or `NotBelieved`. */
  provider(): Promise<Provider> {
    return this.#discovery.provider()
  }

  /** The claims of the ID token; null when there is none and none is due. `asked` null: after a refresh. */
  async claimsOf(provider: Provider, tokens: Tokens, asked: AskedLogin | null): Promise<Claims | null> {
    const { clientId, scope } = this.settings
    if (tokens.id === null) {
      const due = asked !== null && provider.keys !== null && scope.split(' ').includes('openid')
      if (due) throw new NotBelieved('token endpoint: there is no ID token')
      return null
    }
    return judgeIdToken(tokens.id, {
      issuer: provider.issuer,
      clientId,
      nonce: asked?.nonce ?? null,
      accessToken: tokens.access,
      code: asked?.code ?? null,
      keys: this.#keysOf(provider),
    })
  }

  /** Who the user is. `claims`: of the ID token, or null. */
  async profileOf(provider: Provider, tokens: Tokens, claims: Claims | null): Promise<Json> {
    if (this.settings.readProfileFromToken && this.#own !== null)
      return this.#ofAccessToken(tokens, this.#own)
    const keys = this.#keysOf(provider)
    if (provider.userInfo === null) {
      if (claims === null || keys === null)
        throw new NotBelieved('profile: there is neither a place to ask nor an ID token that can be verified')
      return claims
    }
    const profile = await userInfo(provider.userInfo, tokens.access, this.settings, this.#calls, keys)
    checkSubject(profile, claims)
    return profile
  }

  async #ofAccessToken({ access }: Tokens, keys: TokenKeys): Promise<Json> {
    const verification = await verifier.verify(access, keys, Date.now())
    if (verification.ok) return verification.token.claims
    if (verification.keyless) throw new ProviderDown('access token: there is no key to verify it with')
    throw new NotBelieved(`access token: ${verification.fault}`)
  }

  #keysOf({ keys: url }: Provider): TokenKeys | null {
    if (url === null) return this.#own
    if (this.#published?.url !== url)
      this.#published = { url, keys: publishedKeys(url, this.#calls, this.#services) }
    return this.#published.keys
  }
}
