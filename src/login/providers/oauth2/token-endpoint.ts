/** Tokens of a provider: for a code, and for a refresh token (RFC 6749, 4.1.3 and 6; RFC 7636, 4.5). */
import { textClaim } from '../../../identity/jwt/jws.ts'
import type { OAuthModule } from '../../../identity/oauth-module.ts'
import type { ProviderServices } from '../../contract.ts'
import { proofOfClient } from './client-proof.ts'
import { NotBelieved } from './fault.ts'
import { type Json, objectOf, type ProviderCalls } from './provider-calls.ts'

export interface Tokens {
  /** The whole answer, as sessions keep it. */
  readonly answer: Json
  readonly access: string
  readonly id: string | null
}

export class TokenEndpoint {
  readonly #settings: OAuthModule
  readonly #tenant: string
  readonly #calls: ProviderCalls
  readonly #services: ProviderServices

  constructor(settings: OAuthModule, tenant: string, calls: ProviderCalls, services: ProviderServices) {
    this.#settings = settings
    this.#tenant = tenant
    this.#calls = calls
    this.#services = services
  }

  /** `verifier`: of the proof key, or null. Rejects with `NotBelieved` or `ProviderDown`. */
  byCode(url: string, code: string, redirectUri: string, verifier: string | null): Promise<Tokens> {
    return this.#ask(url, {
      code,
      grant_type: 'authorization_code',
      redirect_uri: redirectUri,
      ...(verifier !== null && { code_verifier: verifier }),
    })
  }

  /** Rejects with `NotBelieved` or `ProviderDown`. */
  byRefreshToken(url: string, refreshToken: string): Promise<Tokens> {
    const { callbackUrl } = this.#settings
    return this.#ask(url, {
      refresh_token: refreshToken,
      grant_type: 'refresh_token',
      redirect_uri: callbackUrl,
    })
  }

  async #ask(url: string, grant: Readonly<Record<string, string>>): Promise<Tokens> {
    const { useJson, accessTokenField } = this.#settings
    const proof = proofOfClient(this.#settings, this.#tenant, url, this.#services)
    const fields = { ...grant, ...proof.fields }
    const answer = await this.#calls.send({
      method: 'POST',
      url,
      headers: [
        ['Accept', 'application/json'],
        ['Content-Type', useJson ? 'application/json' : 'application/x-www-form-urlencoded'],
        ...proof.headers,
      ],
      body: useJson ? JSON.stringify(fields) : new URLSearchParams(fields).toString(),
    })
    const json = objectOf(answer, 'token endpoint')
    const access = textClaim(json, accessTokenField)
    // It goes into a header.
    if (access === null || !/^[\x21-\x7e]+$/.test(access))
      throw new NotBelieved(`token endpoint: there is no ${accessTokenField}`)
    const type = json['token_type']
    // RFC 6749, 7.1: a token of a kind that is not understood must not be used.
    if (type !== undefined && (typeof type !== 'string' || type.toLowerCase() !== 'bearer'))
      throw new NotBelieved('token endpoint: the token is of a kind that cannot be used')
    return { answer: json, access, id: textClaim(json, 'id_token') }
  }
}
