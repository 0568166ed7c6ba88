/**
 * Where the answer to a request is kept.
 *
 * Whatever the backend may look at to make its answer is part of the key, or keeps the request away from the cache: fields
 * that name another host or path than the request does could otherwise plant an answer under the URL of somebody else.
 */
import { type AnswerStore, type Place, urlText } from '../../cache/index.ts'
import { apikeyAttribute, type Exchange, userAttribute } from '../../plugin/index.ts'

/** Fields that name another method, host or path. Nothing is kept or given out for a request with one of them. */
const DIVERTING = [
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
  'x-original-host',
  'x-host',
] as const

/** Fields that backends make links and redirections from. */
const KEYED = [
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-path',
  'x-forwarded-scheme',
  'x-forwarded-ssl',
  'x-forwarded-server',
  'x-scheme',
  'x-url-scheme',
  'front-end-https',
] as const

/** Fields in which clients prove who they are to backends. */
const CREDENTIALS = [
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'api-key',
  'apikey',
  'x-auth-token',
  'x-access-token',
  'x-session-token',
] as const

/** Places of an answer for everybody and of one for the caller alone. */
export interface Places {
  readonly shared: Place
  /** Null for a caller nobody knows. */
  readonly own: Place | null
}

export function isDiverted({ upstream }: Exchange): boolean {
  return DIVERTING.some(name => upstream.headers.has(name))
}

/** Looks at the request as it goes to the backend. `routeTag`: of its route. */
export function placesOf(exchange: Exchange, store: AnswerStore, routeTag: Place['route']): Places {
  const { upstream, request, route } = exchange
  const { headers } = upstream
  const parts: (string | null)[] = [route.id, headers.get('host') ?? '', upstream.path]
  for (const name of KEYED) if (headers.has(name)) parts.push(name, headers.getAll(name).join(','))
  if (headers.has('forwarded')) parts.push(namesIn(headers.getAll('forwarded')))
  const text = JSON.stringify(parts)
  const shared: Place = {
    key: store.key(text),
    route: routeTag,
    url: urlText(request.host, request.target),
  }
  const who = callerOf(exchange)
  return { shared, own: who === null ? null : { ...shared, key: store.key(`${text} ${who}`, true) } }
}

/** `host` and `proto` of a `Forwarded` field; addresses of clients would give each of them a cache of its own. */
function namesIn(lines: readonly string[]): string {
  const pairs = lines.flatMap(line => line.split(/[;,]/)).map(pair => pair.trim())
  return pairs.filter(pair => /^(?:host|proto)=/i.test(pair)).join(';')
}

/** Everything that tells who is calling, or null when nothing does. It is only hashed, never kept. */
function callerOf({ attributes, upstream, request }: Exchange): string | null {
  const key = attributes.get(apikeyAttribute)
  const user = attributes.get(userAttribute)
  const proofs = CREDENTIALS.flatMap(name => [
    ...upstream.headers.getAll(name),
    ...request.headers.getAll(name),
  ])
  const certificate = request.connection.tls?.clientChain()[0]
  if (key === undefined && user === undefined && proofs.length === 0 && certificate === undefined) return null
  return JSON.stringify([
    key?.clientId ?? null,
    user === undefined ? null : [user.realm, user.email, user.name],
    proofs,
    certificate === undefined ? null : certificate.toString('base64'),
  ])
}
