import type { HeaderBlock } from '../../http/headers.ts'

/** What the router looks at. `query` and `cookies` may be getters: they are read only when a route has conditions on them. */
export interface RouterRequest {
  /** Lower case, without port. */
  readonly domain: string
  /** Without query, in the form `normalizePath` gives. */
  readonly path: string
  readonly method: string
  readonly headers: HeaderBlock
  readonly query: URLSearchParams
  readonly cookies: Iterable<readonly [string, string]>
}

/** Where the request came in. */
export interface ListenerScope {
  readonly id: string
  /** One of the gateway's own HTTP and HTTPS ports. */
  readonly standard: boolean
  /** Serves only routes bound to it. */
  readonly exclusive: boolean
}
