/**
 * Methods and paths that a key, or a route, may be called with.
 *
 * Guarantees: a line that forbids or hides and cannot be read applies to every path; one that allows and cannot be read allows
 * nothing; escapes get nobody round a line, since it is judged with every form a backend may take the path for.
 */
import { type GuardedRegex, guardedRegex } from '../expression/regex/index.ts'
import { pathForms, patternForms } from '../http/path-forms.ts'
import type { ApikeyView } from '../identity/apikey.ts'
import type { ClientRequest, RouteView } from '../plugin/index.ts'

export interface RestrictionLine {
  readonly method: string
  readonly path: string
  readonly authorized_entity?: unknown
}

export interface RestrictionLists {
  readonly enabled: boolean
  readonly allowLast: boolean
  readonly allowed: readonly RestrictionLine[]
  readonly forbidden: readonly RestrictionLine[]
  readonly notFound: readonly RestrictionLine[]
}

export type RestrictionVerdict = 'apikey.hidden' | 'apikey.forbidden' | null

/** `path`: one of the forms of that of the request. */
type Test = (request: ClientRequest, path: string) => boolean

/** Compiles lists for a route; null when they restrict nothing. `key`: whose lists they are, for lines about groups. */
export function compileRestrictions(
  lists: RestrictionLists,
  route: RouteView,
  key: ApikeyView | null,
  log: (message: string) => void,
): ((request: ClientRequest) => RestrictionVerdict) | null {
  if (!lists.enabled) return null
  const compile = (lines: readonly RestrictionLine[], otherwise: boolean): Test => {
    const tests = lines
      .filter(line => concerns(line, route, key, otherwise))
      .map(line => test(line, otherwise, log))
    return (request, path) => tests.some(applies => applies(request, path))
  }
  const allowed = compile(lists.allowed, false)
  const forbidden = compile(lists.forbidden, true)
  const hidden = compile(lists.notFound, true)
  const { allowLast } = lists
  return request => {
    const forms = pathForms(request.path)
    if (!allowLast && forms.every(path => allowed(request, path))) return null
    if (forms.some(path => hidden(request, path))) return 'apikey.hidden'
    if (forms.some(path => forbidden(request, path))) return 'apikey.forbidden'
    return allowLast ? null : 'apikey.hidden'
  }
}

function test(line: RestrictionLine, otherwise: boolean, log: (message: string) => void): Test {
  const method = line.method.trim().toUpperCase()
  const anyMethod = method === '*'
  let paths: readonly GuardedRegex[] | null = null
  try {
    paths = patternForms(line.path).map(pattern => guardedRegex(pattern))
  } catch (error) {
    log(error instanceof Error ? error.message : String(error))
  }
  const withDomain = !line.path.startsWith('/')
  return (request, form) => {
    if (!anyMethod && request.method.toUpperCase() !== method) return false
    if (paths === null) return otherwise
    const text = withDomain ? request.domain + form : form
    return paths.some(path => path.matchesWhole(text))
  }
}

/** Whether a line is about this route. */
function concerns(
  line: RestrictionLine,
  route: RouteView,
  key: ApikeyView | null,
  otherwise: boolean,
): boolean {
  const entity = line.authorized_entity ?? null
  if (entity === null) return true
  const { kind, id } = entity as { kind?: unknown; id?: unknown }
  if (typeof kind !== 'string' || typeof id !== 'string') return otherwise
  switch (kind) {
    case 'group':
      return route.groups.includes(id) && (key === null || key.grantedOn('group', id))
    case 'route':
    case 'service':
    case 'route-composition':
      return route.id === id
    case 'api':
      return apiOf(route) === id
    default:
      return otherwise
  }
}

/** Id of the API the route was made for, or null. */
export function apiOf(route: RouteView): string | null {
  const api = Object.hasOwn(route.metadata, 'Otoroshi-Api-Ref')
    ? route.metadata['Otoroshi-Api-Ref']
    : undefined
  return api === undefined || api === '' ? null : api
}
