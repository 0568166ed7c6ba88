/** The conditions of one route, in the order in which they are asked. */
import type { RouteSpec } from './entry.ts'
import type { CompiledFrontend } from './frontend.ts'
import type { ListenerScope, RouterRequest } from './request.ts'
import type { ValueMatcher } from './value-matcher.ts'

/** The condition that failed, for explanations. */
export type FailedPredicate =
  | 'listener'
  | 'enabled'
  | 'method'
  | 'exact'
  | `header:${string}`
  | `query:${string}`
  | `cookie:${string}`
  | 'plugin'

/** Listener ids a route may name to be bound to the standard ports. */
const STANDARD = ['standard-listener', 'experimental-listener']

/** The route may serve requests of this listener. */
export function isOpenTo(spec: RouteSpec, listener: ListenerScope): boolean {
  const bound = spec.boundListeners
  if (listener.standard) return bound.length === 0 || STANDARD.some(id => bound.includes(id))
  if (bound.length === 0) return !listener.exclusive
  return bound.includes(listener.id)
}

/** The first condition of the frontend that the request does not meet, or null. */
export function failedPredicate(
  frontend: CompiledFrontend,
  request: RouterRequest,
  noMoreSegments: boolean,
): FailedPredicate | null {
  if (frontend.methods.length > 0 && !frontend.methods.includes(request.method)) return 'method'
  if (frontend.exact && !noMoreSegments) return 'exact'
  for (const matcher of frontend.headers)
    if (!accepts(matcher, request.headers.get(matcher.name))) return `header:${matcher.label}`
  for (const matcher of frontend.query)
    if (!acceptsAny(matcher, request.query)) return `query:${matcher.label}`
  for (const matcher of frontend.cookies)
    if (!accepts(matcher, cookie(request.cookies, matcher.name))) return `cookie:${matcher.label}`
  return null
}

function accepts(matcher: ValueMatcher, value: string | undefined): boolean {
  if (matcher.kind === 'absent') return value === undefined
  return value !== undefined && (matcher.kind === 'present' || matcher.matches(value))
}

function acceptsAny(matcher: ValueMatcher, query: URLSearchParams): boolean {
  if (matcher.kind === 'value') return query.getAll(matcher.name).some(matcher.matches)
  return query.has(matcher.name) === (matcher.kind === 'present')
}

/** The first cookie of this name in any case. */
function cookie(cookies: Iterable<readonly [string, string]>, lower: string): string | undefined {
  for (const [name, value] of cookies)
    if (name.length === lower.length && name.toLowerCase() === lower) return value
  return undefined
}
