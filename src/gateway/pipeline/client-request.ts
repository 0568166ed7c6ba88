/** The request as the client sent it, with what is derived from it made on first use. Never changes. */
import { FirstObjects } from '../../http/first-objects.ts'
import {
  type ConnectionFacts,
  cookiePairs,
  type HeaderBlock,
  type HttpVersion,
  type ServerExchange,
  validAuthority,
} from '../../http/index.ts'
import type { ClientRequest, Cookies } from '../../plugin/contract.ts'
import { normalizePath, type PathFault } from '../router/index.ts'

const noParams: Readonly<Record<string, string>> = Object.freeze(Object.create(null))

const firstObjects = new FirstObjects()

export class GatewayRequest implements ClientRequest {
  readonly method: string
  readonly target: string
  readonly path: string
  readonly queryString: string
  readonly version: HttpVersion
  readonly headers: HeaderBlock
  readonly host: string
  readonly domain: string
  readonly bodyLength: number
  readonly connection: ConnectionFacts
  readonly upgrade: string | null
  /** Why the path is refused, or null. */
  readonly pathFault: PathFault | null
  pathParams: Readonly<Record<string, string>> = noParams
  readonly #trusted: boolean
  readonly #scheme: 'http' | 'https'
  #query: URLSearchParams | null = null
  #cookies: Cookies | null = null

  /** `trusted`: believe `X-Forwarded-*` of the client. */
  constructor(exchange: ServerExchange, trusted: boolean) {
    const target = exchange.target
    const question = target.indexOf('?')
    const raw = question < 0 ? target : target.slice(0, question)
    const path = normalizePath(raw)
    this.method = exchange.method
    this.pathFault = typeof path === 'string' ? null : path.fault
    this.path = typeof path === 'string' ? path : raw
    // One form of the path for routing, plugins and backend: see the router.
    this.target = path === raw || typeof path !== 'string' ? target : path + target.slice(raw.length)
    this.queryString = question < 0 ? '' : target.slice(question + 1)
    this.version = exchange.version
    this.headers = exchange.headers
    this.bodyLength = exchange.bodyLength
    this.connection = exchange.connection
    this.upgrade = exchange.upgrade
    this.#trusted = trusted
    this.#scheme = exchange.scheme
    this.host = (trusted ? forwardedHost(exchange.headers) : null) ?? exchange.authority
    this.domain = domainOf(this.host)
    firstObjects.note(this)
  }

  get hasBody(): boolean {
    return this.bodyLength !== 0
  }

  get ip(): string {
    const forwarded = this.#trusted ? this.headers.get('x-forwarded-for') : undefined
    if (forwarded === undefined) return this.connection.remoteAddress
    const comma = forwarded.indexOf(',')
    const first = (comma < 0 ? forwarded : forwarded.slice(0, comma)).trim()
    return first === '' ? this.connection.remoteAddress : first
  }

  get protocol(): 'http' | 'https' {
    if (this.#trusted) {
      const named = this.headers.get('x-forwarded-proto') ?? this.headers.get('x-forwarded-protocol')
      if (named !== undefined) return named === 'https' ? 'https' : 'http'
    }
    return this.#scheme
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.queryString)
    return this.#query
  }

  get cookies(): Cookies {
    this.#cookies ??= new CookieFields(this.headers.getAll('cookie'))
    return this.#cookies
  }
}

/** The first of the hosts that proxies passed on; null where it is none: like `Host` it is a name, and a port maybe. */
function forwardedHost(headers: HeaderBlock): string | null {
  const named = headers.get('x-forwarded-host')
  if (named === undefined) return null
  const comma = named.indexOf(',')
  const first = (comma < 0 ? named : named.slice(0, comma)).trim()
  return first !== '' && validAuthority(first) ? first : null
}

/** Host without port, lower case. */
export function domainOf(host: string): string {
  let end = host.length
  if (host.charCodeAt(0) === 91) {
    const bracket = host.indexOf(']')
    if (bracket > 0) end = bracket + 1
  } else {
    const colon = host.indexOf(':')
    if (colon >= 0) end = colon
  }
  return host.slice(0, end).toLowerCase()
}

/** Cookie fields, taken apart once somebody asks for a name that stands in them. */
class CookieFields implements Cookies {
  readonly #fields: readonly string[]
  #parsed: ReadonlyMap<string, string> | null = null

  constructor(fields: readonly string[]) {
    this.#fields = fields
  }

  get(name: string): string | undefined {
    if (this.#parsed === null && !this.#fields.some(field => field.includes(name))) return undefined
    return this.#map.get(name)
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return this.#map[Symbol.iterator]()
  }

  get #map(): ReadonlyMap<string, string> {
    this.#parsed ??= parseCookies(this.#fields)
    return this.#parsed
  }
}

/** Cookie fields as a map (RFC 6265, 4.2.1). The first of equal names wins. */
function parseCookies(fields: readonly string[]): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>()
  for (const [name, value] of cookiePairs(fields)) if (!cookies.has(name)) cookies.set(name, value)
  return cookies
}
