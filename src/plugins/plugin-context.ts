/** What filters see as `$context`: the request and its caller, without secrets of keys and sessions. */
import {
  apikeyAttribute,
  type ClientRequest,
  type Exchange,
  inputTokenAttribute,
  userAttribute,
} from '../plugin/index.ts'

/**
 * The document: `snowflake`, `route` (id and name), `config` (settings of the plugin), `apikey`, `user`, `token` (claims),
 * `request` and `raw_request` as the client sent it, `otoroshi_request` as it goes to the backend and, in the response phase,
 * `otoroshi_response`. Of fields that are there twice, both values, after a comma.
 */
export function pluginContext(exchange: Exchange, config: unknown, answered: boolean): unknown {
  const { attributes, request, route, upstream } = exchange
  const key = attributes.get(apikeyAttribute)
  const seen = described(request, exchange.id)
  return {
    snowflake: exchange.id,
    route: { id: route.id, name: route.name },
    config,
    apikey:
      key === undefined
        ? null
        : { clientId: key.clientId, clientName: key.clientName, metadata: key.metadata, tags: key.tags },
    user: attributes.get(userAttribute)?.light() ?? null,
    token: attributes.get(inputTokenAttribute)?.claims ?? null,
    request: seen,
    raw_request: seen,
    otoroshi_request: {
      method: upstream.method,
      path: upstream.path,
      headers: fields(upstream.headers),
      backend: exchange.target,
    },
    ...(answered && {
      otoroshi_response: { status: exchange.response.status, headers: fields(exchange.response.headers) },
    }),
  }
}

function described(request: ClientRequest, id: string): unknown {
  return {
    id,
    method: request.method,
    headers: fields(request.headers),
    cookies: [...request.cookies].map(([name, value]) => ({ name, value })),
    tls: request.protocol === 'https',
    uri: request.target,
    query: Object.fromEntries(request.query),
    path: request.path,
    version: `HTTP/${request.version === 20 ? '2.0' : (request.version / 10).toFixed(1)}`,
    has_body: request.hasBody,
    remote: request.ip,
    path_params: { ...request.pathParams },
  }
}

/** Names as they came, the first spelling of each. */
function fields(headers: Iterable<[string, string]>): Record<string, string> {
  const found = new Map<string, [name: string, value: string]>()
  for (const [name, value] of headers) {
    const known = found.get(name.toLowerCase())
    if (known === undefined) found.set(name.toLowerCase(), [name, value])
    else known[1] += `, ${value}`
  }
  return Object.fromEntries(found.values())
}
