/**
 * What expressions can look at. Each member is a getter that is asked only when an expression needs it: build nothing before.
 * `ClientRequest` and `RouteView` of the plugin contract and `ApikeyView` fit as they are.
 */

export interface ExpressionRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly path: string
  /** `host[:port]`. */
  readonly host: string
  readonly domain: string
  readonly protocol: string
  readonly ip: string
  /** Major × 10 + minor. */
  readonly version: number
  /** Names are given in lower case. */
  readonly headers: { get(name: string): string | undefined }
  readonly query: { get(name: string): string | null }
  readonly cookies: { get(name: string): string | undefined }
  readonly pathParams: Readonly<Record<string, string>>
  readonly connection: {
    readonly listener: string
    /** DER certificates of the client, leaf first. */
    readonly tls: { clientChain(): readonly Uint8Array[] } | null
  }
}

export interface ExpressionRoute {
  readonly id: string
  readonly name: string
  readonly groups: readonly string[]
  readonly domains: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
  readonly json: unknown
}

export interface ExpressionApikey {
  readonly clientId: string
  readonly clientName: string
  readonly metadata: Readonly<Record<string, string>>
  readonly tags: readonly string[]
}

export interface ExpressionUser {
  readonly name: string
  readonly email: string
  readonly realm: string
  /** Light form, without secrets. */
  readonly json: unknown
  /** Tokens of the identity provider (`id_token` …). */
  readonly tokens: Readonly<Record<string, unknown>>
  /** Otoroshi data of the user, or null. */
  readonly metadata: unknown
  /** Profile given by the identity provider, or null. */
  readonly profile: unknown
}

/** A verified JWT. */
export interface ExpressionToken {
  readonly raw: string
  readonly claims: unknown
}

export interface Named {
  readonly id: string
  readonly name: string
}

export interface ExpressionContext {
  /** Id of the request; empty when there is none. */
  readonly requestId: string
  readonly request: ExpressionRequest | null
  readonly route: ExpressionRoute | null
  readonly apikey: ExpressionApikey | null
  readonly user: ExpressionUser | null
  /** The context map: `ctx.x` and `token.x` ask for `x`, `item.x` and `params.x` for their whole text. */
  value(key: string): string | undefined
  /** The JWT the request came with, once verified. */
  readonly inputToken: ExpressionToken | null
  /** The JWT that goes to the backend. */
  readonly outputToken: ExpressionToken | null
  /** Claims of the JWT that served as API key. */
  readonly apikeyClaims: unknown
  readonly userAgent: unknown
  readonly geolocation: unknown
  readonly plan: Named | null
  readonly api: Named | null
}

/** A context without anything. Extend it and override the getters there is something for. */
export class EmptyContext implements ExpressionContext {
  get requestId(): string {
    return ''
  }
  get request(): ExpressionRequest | null {
    return null
  }
  get route(): ExpressionRoute | null {
    return null
  }
  get apikey(): ExpressionApikey | null {
    return null
  }
  get user(): ExpressionUser | null {
    return null
  }
  value(_key: string): string | undefined {
    return undefined
  }
  get inputToken(): ExpressionToken | null {
    return null
  }
  get outputToken(): ExpressionToken | null {
    return null
  }
  get apikeyClaims(): unknown {
    return null
  }
  get userAgent(): unknown {
    return null
  }
  get geolocation(): unknown {
    return null
  }
  get plan(): Named | null {
    return null
  }
  get api(): Named | null {
    return null
  }
}

/** What expressions may reach outside the request. Whatever is not given cannot be reached: it reads as `bad-expr`. */
export interface ExpressionSettings {
  /** Environment variables. Give only those that whoever writes routes may read. */
  readonly env?: (name: string) => string | undefined
  /** The gateway's own settings by path; the same warning. */
  readonly config?: (path: string) => string | undefined
  /** Secret of a vault, from a cache: it must not wait. */
  readonly secret?: (uri: string) => string | undefined
  /** Metadata and `env` object of the global configuration. */
  readonly globalConfig?: () => { readonly metadata: Readonly<Record<string, string>>; readonly env: unknown }
  /** Most characters that expressions may add to one text; 262144 unless given. */
  readonly maxLength?: number
}
