/**
 * A second router, written from the rules over plain lists: no tree, no index, no compiled form, everything decided anew
 * for each request. Slow and simple; the tests hold the real one against it.
 */
import type { HeaderBlock } from '../../../http/headers.ts'

export interface OracleFrontend {
  readonly domains: readonly string[]
  readonly exact?: boolean
  readonly methods?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly cookies?: Readonly<Record<string, string>>
}

export interface OracleRoute {
  readonly id: string
  readonly frontend: OracleFrontend
  readonly enabled: boolean
  readonly boundListeners: readonly string[]
}

export interface OracleRequest {
  readonly domain: string
  readonly path: string
  readonly method: string
  readonly headers: HeaderBlock
  readonly query: URLSearchParams
  readonly cookies: ReadonlyMap<string, string>
}

export interface OracleListener {
  readonly id: string
  readonly standard: boolean
  readonly exclusive: boolean
}

export interface OracleAnswer {
  readonly id: string
  readonly matchedPath: string
  readonly params: Readonly<Record<string, string>>
  readonly noMoreSegments: boolean
}

interface Line {
  readonly route: OracleRoute
  readonly domain: string
  readonly path: string
  /** Segments of the path that are not consumed yet. */
  readonly rest: readonly string[]
}

interface Place {
  readonly routes: readonly OracleRoute[]
  readonly matchedPath: string
  readonly params: Readonly<Record<string, string>>
  readonly noMoreSegments: boolean
}

export function oracleMatch(
  routes: readonly OracleRoute[],
  request: OracleRequest,
  listener: OracleListener,
  strategy: 'tree' | 'startswith' = 'tree',
): OracleAnswer | null {
  const lines = linesOf(routes.filter(route => route.enabled))
  const domain = domainOf(lines, request.domain)
  const own = lines.filter(line => line.domain === domain)
  const answer = choose(own, request, request.path, listener, strategy)
  const other = choose(own, request, request.path.replace(/%2f/gi, '/'), listener, strategy)
  return answer?.id === other?.id ? answer : null
}

function linesOf(routes: readonly OracleRoute[]): Line[] {
  return routes.flatMap(route =>
    route.frontend.domains.map(text => {
      const [domain, ...parts] = text.split('/')
      const path = `/${parts.join('/')}`
      return { route, domain: domain!.toLowerCase(), path, rest: split(path) }
    }),
  )
}

/** Escapes undone, but not those of separators. */
function decode(text: string): string {
  return text
    .split(/%2f/i)
    .map(part => decodeURIComponent(part))
    .join('%2F')
}

function split(path: string): string[] {
  return path.split('/').filter(segment => segment !== '')
}

function wildcard(pattern: string, text: string): boolean {
  const source = pattern
    .split('*')
    .map(part => part.replace(/[\\^$.+?()[\]{}|]/g, '\\$&'))
    .join('.*')
  return new RegExp(`^${source}$`, 's').test(text)
}

function byLength(a: string, b: string): number {
  return b.length - a.length || (a < b ? -1 : a > b ? 1 : 0)
}

function domainOf(lines: readonly Line[], domain: string): string | undefined {
  const names = [...new Set(lines.map(line => line.domain))]
  if (names.includes(domain)) return domain
  return names.sort(byLength).find(name => name.includes('*') && wildcard(name, domain))
}

function choose(
  lines: readonly Line[],
  request: OracleRequest,
  path: string,
  listener: OracleListener,
  strategy: 'tree' | 'startswith',
): OracleAnswer | null {
  const place =
    strategy === 'tree' ? find(lines, split(path), path.endsWith('/'), '', {}) : startsWith(lines, path)
  if (place === null) return null
  const { matchedPath, params, noMoreSegments } = place
  for (const route of order(place.routes.filter(route => bound(route, listener))))
    if (meets(route.frontend, request, noMoreSegments))
      return { id: route.id, matchedPath, params, noMoreSegments }
  return null
}

const isNamed = (key: string): boolean => key.startsWith(':')
const isRegex = (key: string): boolean => key.startsWith('$') && key.includes('<') && key.endsWith('>')
const isPattern = (key: string): boolean => isNamed(key) || isRegex(key) || key.includes('*')

/** Lines that go on below the children with these keys, one segment further. */
function below(lines: readonly Line[], keys: readonly string[]): Line[] {
  return lines
    .filter(line => line.rest.length > 0 && keys.includes(line.rest[0]!))
    .map(line => ({ ...line, rest: line.rest.slice(1) }))
}

function find(
  lines: readonly Line[],
  segments: readonly string[],
  endsWithSlash: boolean,
  matchedPath: string,
  params: Readonly<Record<string, string>>,
): Place | null {
  const routes = [...new Set(lines.filter(line => line.rest.length === 0).map(line => line.route))]
  const here = (noMoreSegments: boolean): Place | null =>
    routes.length === 0 ? null : { routes, matchedPath, params, noMoreSegments }
  const head = segments[0]
  if (head === undefined) return here(true)
  const keys = [...new Set(lines.flatMap(line => line.rest.slice(0, 1)))]
  const decoded = decode(head)

  let childParams = params
  let chosen = keys.filter(key => !isPattern(key) && decode(key) === decoded)
  const named = keys.filter(key => isNamed(key) || isRegex(key))
  if (chosen.length === 0 && named.length > 0) {
    chosen = named.filter(key => isNamed(key) || new RegExp(`^(?:${inner(key)})$`).test(decoded))
    if (chosen.length === 0) return here(false)
    childParams = { ...params, ...Object.fromEntries(chosen.map(key => [nameOf(key), head])) }
  }
  if (chosen.length === 0)
    chosen = keys
      .filter(key => key.includes('*') && wildcard(key, decoded))
      .sort(byLength)
      .slice(0, 1)
  if (chosen.length === 0) {
    if (endsWithSlash) return here(false)
    return startOfSegment(lines, keys, head, matchedPath, params) ?? here(false)
  }
  const deeper = find(
    below(lines, chosen),
    segments.slice(1),
    endsWithSlash,
    `${matchedPath}/${head}`,
    childParams,
  )
  return deeper ?? here(false)
}

function inner(key: string): string {
  return key.slice(key.indexOf('<') + 1, -1)
}

function nameOf(key: string): string {
  return isNamed(key) ? key.slice(1) : key.slice(1, key.indexOf('<'))
}

function startOfSegment(
  lines: readonly Line[],
  keys: readonly string[],
  head: string,
  matchedPath: string,
  params: Readonly<Record<string, string>>,
): Place | null {
  const decoded = decode(head)
  const plain = keys.filter(key => !isPattern(key) && decoded.startsWith(decode(key)))
  const longest = plain.map(key => decode(key)).sort(byLength)[0]
  if (longest === undefined) return null
  const hit = below(
    lines,
    plain.filter(key => decode(key) === longest),
  )
  const ends = new Set(hit.filter(line => line.rest.length === 0).map(line => line.route))
  const routes = [...ends].filter(route => !route.frontend.domains.every(text => closed(text, head)))
  if (routes.length === 0) return null
  let length = 0
  while (!whole(head, length) || decode(head.slice(0, length)) !== longest) length++
  return { routes, matchedPath: `${matchedPath}/${head.slice(0, length)}`, params, noMoreSegments: false }
}

/** No escape is cut at this length. */
function whole(head: string, length: number): boolean {
  return !/%.?$/.test(head.slice(0, length))
}

function closed(text: string, head: string): boolean {
  const slash = text.indexOf('/')
  return text.endsWith('/') || (slash >= 0 && text.slice(slash + 1).startsWith(head))
}

function startsWith(lines: readonly Line[], path: string): Place | null {
  const decoded = decode(path)
  const fits = (line: Line): boolean =>
    line.path.includes('*') ? wildcard(line.path, decoded) : decoded.startsWith(decode(line.path))
  const lengthOf = (line: Line): number =>
    line.path.includes('*') ? line.path.length : decode(line.path).length
  const pattern = (line: Line): number => (line.path.includes('*') ? 1 : 0)
  const sorted = lines
    .filter(fits)
    .sort((a, b) => lengthOf(b) - lengthOf(a) || pattern(a) - pattern(b) || (a.path < b.path ? -1 : 1))
  const best = sorted[0]
  if (best === undefined) return null
  const same = sorted.filter(line =>
    pattern(best) === 1 ? line.path === best.path : decode(line.path) === decode(best.path),
  )
  const routes = [...new Set(same.filter(line => pattern(line) === pattern(best)).map(line => line.route))]
  const trimmed = (text: string): string => text.replace(/\/$/, '')
  if (pattern(best) === 1) return { routes, matchedPath: trimmed(path), params: {}, noMoreSegments: true }
  const wanted = trimmed(decode(best.path))
  let length = 0
  while (!whole(path, length) || decode(path.slice(0, length)) !== wanted) length++
  return {
    routes,
    matchedPath: path.slice(0, length),
    params: {},
    noMoreSegments: trimmed(decoded) === wanted,
  }
}

function bound(route: OracleRoute, listener: OracleListener): boolean {
  const ids = route.boundListeners
  if (listener.standard)
    return ids.length === 0 || ids.includes('standard-listener') || ids.includes('experimental-listener')
  return ids.includes(listener.id) || (!listener.exclusive && ids.length === 0)
}

function order(routes: readonly OracleRoute[]): OracleRoute[] {
  const count = (conditions: Readonly<Record<string, string>> | undefined): number =>
    Object.keys(conditions ?? {}).length
  const open = ({ frontend }: OracleRoute): number => count(frontend.query) + count(frontend.headers)
  return [...routes]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .sort((a, b) => Number(open(b) > 0) - Number(open(a) > 0))
    .sort((a, b) => open(b) + count(b.frontend.cookies) - open(a) - count(a.frontend.cookies))
}

function meets(frontend: OracleFrontend, request: OracleRequest, noMoreSegments: boolean): boolean {
  const { methods = [], headers = {}, query = {}, cookies = {} } = frontend
  if (methods.length > 0 && !methods.includes(request.method)) return false
  if (frontend.exact === true && !noMoreSegments) return false
  const jar = [...request.cookies].reverse().map(([name, value]) => [name.toLowerCase(), value] as const)
  const cookieOf = Object.fromEntries(jar)
  return (
    Object.entries(headers).every(([name, text]) =>
      holds(text, request.headers.getAll(name.toLowerCase()).slice(0, 1)),
    ) &&
    Object.entries(query).every(([name, text]) => holds(text, request.query.getAll(name))) &&
    Object.entries(cookies).every(([name, text]) => holds(text, [cookieOf[name.toLowerCase()] ?? []].flat()))
  )
}

function holds(condition: string, values: readonly string[]): boolean {
  if (condition === 'Exists()' || condition === 'IsDefined()') return values.length > 0
  if (condition === 'NotDefined()') return values.length === 0
  const [, kind, argument] = /^(Regex|Wildcard)\((.*)\)$/s.exec(condition) ?? []
  if (kind === 'Regex') return values.some(value => new RegExp(`^(?:${argument})$`).test(value))
  if (kind === 'Wildcard') return values.some(value => wildcard(argument!, value))
  return values.includes(condition)
}
