/** A request and its caller as one JSON document, for validators. */
import {
  apikeyAttribute,
  type ClientRequest,
  type Exchange,
  inputTokenAttribute,
  userAttribute,
} from '../plugin/index.ts'

/**
 * The document: `snowflake`, `apikey`, `user`, `request` (also as `req`), `route`, `config` and `token`, the verified token of
 * the request. Never sent anywhere: it holds secrets of the key. `config`: settings of the plugin. Parts that cost something
 * are made when they are looked at.
 */
export function requestDocument(exchange: Exchange, config: unknown): Record<string, unknown> {
  const { attributes, request, route } = exchange
  let described: Record<string, unknown> | undefined
  return {
    snowflake: exchange.id,
    apikey: attributes.get(apikeyAttribute)?.json ?? null,
    user: attributes.get(userAttribute)?.entity ?? null,
    get request() {
      return (described ??= describe(request, exchange.id))
    },
    get req() {
      return (described ??= describe(request, exchange.id))
    },
    config,
    get route() {
      return route.json
    },
    get token() {
      return tokenOf(exchange)
    },
  }
}

function describe(request: ClientRequest, id: string): Record<string, unknown> {
  const { connection } = request
  let headers: Record<string, string> | undefined
  let cookies: readonly unknown[] | undefined
  return {
    id,
    method: request.method,
    get headers() {
      return (headers ??= caseless(fieldsOf(request)))
    },
    get cookies() {
      return (cookies ??= [...request.cookies].map(([name, value]) => ({ name, value })))
    },
    tls: request.protocol === 'https',
    uri: request.target,
    get query() {
      return Object.fromEntries(request.query)
    },
    path: request.path,
    version: `HTTP/${request.version === 20 ? '2.0' : (request.version / 10).toFixed(1)}`,
    has_body: request.hasBody,
    remote: request.ip,
    get client_cert_chain() {
      return connection.tls === null ? [] : connection.tls.clientChain().map(pem)
    },
    get path_params() {
      return { ...request.pathParams }
    },
  }
}

function fieldsOf(request: ClientRequest): Map<string, string> {
  const fields = new Map<string, string>()
  for (const [name, value] of request.headers) {
    const known = fields.get(name.toLowerCase())
    // A field that is there twice shows both values: neither can hide the other.
    fields.set(name.toLowerCase(), known === undefined ? value : `${known}, ${value}`)
  }
  return fields
}

/** An object whose fields are found in any case, as header names are: no spelling of a client gets round a validator. */
function caseless(fields: ReadonlyMap<string, string>): Record<string, string> {
  const find = (name: string | symbol): string | undefined =>
    typeof name === 'string' ? fields.get(name.toLowerCase()) : undefined
  return new Proxy<Record<string, string>>(Object.create(null) as Record<string, string>, {
    get: (_target, name) => find(name),
    has: (_target, name) => find(name) !== undefined,
    ownKeys: () => [...fields.keys()],
    getOwnPropertyDescriptor(_target, name) {
      const value = find(name)
      return value === undefined
        ? undefined
        : { value, enumerable: true, configurable: true, writable: false }
    },
  })
}

function pem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----'].join('\n')
}

/** Header and claims of the token a verifier has accepted, or null. */
function tokenOf({ attributes }: Exchange): unknown {
  const token = attributes.get(inputTokenAttribute)
  if (token === undefined) return null
  const header = token.raw.slice(0, token.raw.indexOf('.'))
  return { header: JSON.parse(Buffer.from(header, 'base64url').toString('utf8')), payload: token.claims }
}
