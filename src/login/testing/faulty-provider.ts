/**
 * An identity provider (OpenID Connect Core 1.0) for tests, that can be wrong in every way an attacker or a bad day makes it.
 * Codes count once, proof keys and redirection addresses are judged, and it remembers what it was asked.
 */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { signToken } from '../../identity/jwt/signing.ts'

type Json = Readonly<Record<string, unknown>>

export interface ProviderAsked {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

export interface ProviderAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

interface Granted {
  readonly nonce: string | null
  readonly challenge: string | null
  readonly redirectUri: string
}

export class FaultyProvider {
  readonly origin: string
  readonly asked: ProviderAsked[] = []
  /** The issuer it says it is, and the one its tokens name. */
  issuer: string
  tokenIssuer: string | null = null
  /** Members of the configuration besides the usual. */
  configuration: Json = {}
  /** Claims of ID tokens besides the usual; undefined takes one away. */
  claims: Json = {}
  profile: Json = { sub: 'ada', name: 'Ada', email: 'ada@idp.test', email_verified: true }
  /** Members of token answers besides the usual. */
  tokens: Json = {}
  /** Makes of an ID token what it sends. */
  twist: (idToken: string) => string | undefined = token => token
  /** Answers of these paths, in place of its own. */
  readonly broken = new Map<string, ProviderAnswer>()
  readonly #codes = new Map<string, Granted>()
  readonly #refreshTokens = new Set<string>()
  #keys: { readonly kid: string; readonly key: KeyObject }[] = []

  constructor(origin: string) {
    this.origin = origin
    this.issuer = origin
    this.rotate()
  }

  /** New keys; the old ones are not published any more. */
  rotate(): void {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#keys = [{ kid: randomBytes(6).toString('hex'), key: privateKey }]
  }

  get signingKey() {
    const { kid, key } = this.#keys[0]!
    return { alg: 'ES256', key, kid }
  }

  /** Paths it was asked for, in order. */
  get paths(): string[] {
    return this.asked.map(({ url }) => new URL(url, this.origin).pathname)
  }

  /** Fields of the last form or JSON for a path. */
  lastFields(path: string): Record<string, string> {
    const { headers, body } = this.asked.findLast(({ url }) => new URL(url, this.origin).pathname === path)!
    if (headers['content-type'] === 'application/json') return JSON.parse(body)
    return Object.fromEntries(new URLSearchParams(body))
  }

  /** The user logs in: where his browser is sent. */
  authorize(loginUrl: string): URL {
    const { searchParams: query } = new URL(loginUrl, this.origin)
    const code = randomBytes(12).toString('hex')
    const redirectUri = query.get('redirect_uri') ?? ''
    this.#codes.set(code, {
      nonce: query.get('nonce'),
      challenge: query.get('code_challenge'),
      redirectUri,
    })
    const back = new URL(redirectUri)
    back.searchParams.set('code', code)
    back.searchParams.set('state', query.get('state') ?? '')
    return back
  }

  answer(asked: ProviderAsked): ProviderAnswer {
    this.asked.push(asked)
    const url = new URL(asked.url, this.origin)
    const broken = this.broken.get(url.pathname)
    if (broken !== undefined) return broken
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return json(200, this.#configuration())
      case '/jwks':
        return json(200, { keys: this.#keys.map(({ kid, key }) => published(kid, key)) })
      case '/authorize':
        return { status: 302, headers: { location: this.authorize(asked.url).href }, body: '' }
      case '/token':
        return this.#token(asked)
      case '/userinfo':
        return this.#userInfo(asked)
      case '/logout':
        return json(200, Object.fromEntries(url.searchParams))
      default:
        return json(404, {})
    }
  }

  #configuration(): Json {
    const { origin } = this
    return {
      issuer: this.issuer,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      userinfo_endpoint: `${origin}/userinfo`,
      end_session_endpoint: `${origin}/logout`,
      jwks_uri: `${origin}/jwks`,
      ...this.configuration,
    }
  }

  #token(asked: ProviderAsked): ProviderAnswer {
    const fields = fieldsOf(asked)
    if (fields['grant_type'] === 'refresh_token') {
      if (!this.#refreshTokens.delete(fields['refresh_token'] ?? ''))
        return json(400, { error: 'invalid_grant' })
      return this.#grant(null)
    }
    const granted = this.#codes.get(fields['code'] ?? '')
    this.#codes.delete(fields['code'] ?? '')
    if (granted === undefined || granted.redirectUri !== fields['redirect_uri'])
      return json(400, { error: 'invalid_grant', error_description: 'secret words of the provider' })
    const verifier = fields['code_verifier']
    const proof = verifier === undefined ? null : createHash('sha256').update(verifier).digest('base64url')
    if (granted.challenge !== proof) return json(400, { error: 'invalid_grant' })
    return this.#grant(granted.nonce)
  }

  #grant(nonce: string | null): ProviderAnswer {
    const access = `access-${randomBytes(8).toString('hex')}`
    const refresh = `refresh-${randomBytes(8).toString('hex')}`
    this.#refreshTokens.add(refresh)
    const id_token = this.twist(signToken(this.signingKey, this.idClaims(nonce, access)))
    return json(200, {
      access_token: access,
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: refresh,
      ...(id_token !== undefined && { id_token }),
      ...this.tokens,
    })
  }

  idClaims(nonce: string | null, access: string): Json {
    const now = Math.floor(Date.now() / 1000)
    const digest = createHash('sha256').update(access).digest()
    return {
      iss: this.tokenIssuer ?? this.issuer,
      sub: 'ada',
      aud: 'gateway',
      iat: now,
      exp: now + 300,
      at_hash: digest.subarray(0, 16).toString('base64url'),
      ...(nonce !== null && { nonce }),
      ...this.claims,
    }
  }

  #userInfo({ headers, body }: ProviderAsked): ProviderAnswer {
    const bearer = /^Bearer (access-\w+)$/.exec(headers['authorization'] ?? '')
    if (bearer === null && !body.includes('access-')) return json(401, {})
    return json(200, this.profile)
  }
}

function fieldsOf({ headers, body }: ProviderAsked): Record<string, string> {
  return headers['content-type'] === 'application/json'
    ? JSON.parse(body)
    : Object.fromEntries(new URLSearchParams(body))
}

function json(status: number, value: unknown): ProviderAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}

function published(kid: string, key: KeyObject): Json {
  return {
    ...createPublicKey(key.export({ type: 'pkcs8', format: 'pem' })).export({ format: 'jwk' }),
    kid,
    use: 'sig',
  }
}
