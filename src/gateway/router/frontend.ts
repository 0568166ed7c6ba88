/**
 * The frontend of a route, read once: which domains, paths, methods, headers, query parameters and cookies it wants.
 * Whatever cannot be read is a fault of the route, which is then closed; it is never left out as if it were not there.
 */
import { type Frontend, frontendSchema, normalizeFrontend } from '../../model/types/frontend.ts'
import { type Parsed, parse, type SchemaFault } from '../../schema/index.ts'
import { pathFault } from './segment.ts'
import { compileValueMatcher, type ValueMatcher } from './value-matcher.ts'

/** One line of `domains`. */
export interface DomainPath {
  /** Lower case; may hold `*`. */
  readonly domain: string
  /** Starts with `/`; `/` when none was given. */
  readonly path: string
  /** The line as configured ends with `/`: its last segment is to be matched whole. */
  readonly closed: boolean
}

export interface CompiledFrontend {
  readonly domains: readonly DomainPath[]
  readonly stripPath: boolean
  readonly exact: boolean
  /** Accepted methods; none: all. */
  readonly methods: readonly string[]
  /** Names in lower case. */
  readonly headers: readonly ValueMatcher[]
  readonly query: readonly ValueMatcher[]
  /** Names in lower case. */
  readonly cookies: readonly ValueMatcher[]
}

/** Shared by all frontends without conditions. */
const none: readonly never[] = Object.freeze([])

/** Reads a frontend. Lines without a domain are left out: they match nothing. */
export function compileFrontend(json: unknown): Parsed<CompiledFrontend> {
  const read = parse(frontendSchema, normalizeFrontend(json))
  if (!read.ok) return read
  const faults: SchemaFault[] = []
  const value = compile(read.value, faults)
  return faults.length === 0 ? { ok: true, value } : { ok: false, faults }
}

function compile(frontend: Frontend, faults: SchemaFault[]): CompiledFrontend {
  return {
    domains: domains(frontend.domains, faults),
    stripPath: frontend.strip_path,
    exact: frontend.exact,
    methods: frontend.methods.length === 0 ? none : [...frontend.methods],
    headers: matchers('headers', frontend.headers, true, faults),
    query: matchers('query', frontend.query, false, faults),
    cookies: matchers('cookies', frontend.cookies, true, faults),
  }
}

function domains(lines: readonly string[], faults: SchemaFault[]): readonly DomainPath[] {
  const found: DomainPath[] = []
  lines.forEach((line, index) => {
    const slash = line.indexOf('/')
    const domain = (slash < 0 ? line : line.slice(0, slash)).toLowerCase()
    const path = slash < 0 ? '/' : line.slice(slash)
    const fault = pathFault(path)
    if (fault !== null) faults.push({ path: `domains.${index}`, message: fault })
    if (domain !== '') found.push({ domain, path, closed: line.endsWith('/') })
  })
  return found
}

function matchers(
  field: string,
  conditions: Readonly<Record<string, string>>,
  lower: boolean,
  faults: SchemaFault[],
): readonly ValueMatcher[] {
  const entries = Object.entries(conditions)
  if (entries.length === 0) return none
  const found: ValueMatcher[] = []
  for (const [label, text] of entries) {
    const compiled = compileValueMatcher(label, lower ? label.toLowerCase() : label, text)
    if (compiled.ok) found.push(compiled.matcher)
    else faults.push({ path: `${field}.${label}`, message: compiled.message })
  }
  return found
}
