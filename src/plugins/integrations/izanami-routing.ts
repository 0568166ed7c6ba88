/** Which path a variant of an experiment has in place of the one that is asked for. */
import { guardedRegex, wildcard } from '../../expression/index.ts'

type Json = Readonly<Record<string, unknown>>

/** Rules of one configuration. */
const MOST_RULES = 1000

interface Rule {
  /** Null: the rule is about another path. */
  matches(path: string): 'whole' | 'prefix' | null
  readonly route: string
  readonly variants: ReadonlyMap<string, string>
  readonly fallback: string | null
}

/** The path and query in place of these; null: they stay. */
export type IzanamiRouting = (target: string, variant: string) => string | null

/** Reads `{routes: […]}`, also as a text or inside of `value`. Throws on what is no such configuration. */
export function izanamiRouting(given: unknown): IzanamiRouting {
  const rules = routesOf(given).map(ruleOf)
  return (target, variant) => {
    const question = target.indexOf('?')
    const path = question < 0 ? target : target.slice(0, question)
    for (const { matches, route, variants, fallback } of rules) {
      const how = matches(path)
      if (how === null) continue
      const to = variants.get(variant) ?? fallback
      if (to === null || !isPath(to)) return null
      const made = how === 'whole' ? to : to.replace(/\/+$/, '') + path.slice(route.length)
      return made + (question < 0 ? '' : target.slice(question))
    }
    return null
  }
}

function routesOf(given: unknown): readonly Json[] {
  let value: unknown = given
  // The server keeps the configuration as a text in `value`.
  for (let depth = 0; depth < 3; depth++) {
    if (typeof value === 'string') value = JSON.parse(value)
    if (typeof value !== 'object' || value === null) break
    const { routes, value: inner } = value as Json
    if (Array.isArray(routes)) return routes.slice(0, MOST_RULES) as readonly Json[]
    value = inner
  }
  throw new Error('expected {"routes": […]}')
}

function ruleOf({ route, variants, default: fallback, wildcard: any, exact, regex }: Json): Rule {
  if (typeof route !== 'string') throw new Error('a route without its path')
  return {
    route,
    matches: matcherOf(route, any === true, regex === true, exact === true),
    variants: new Map(
      Object.entries((variants ?? {}) as Json).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      ),
    ),
    fallback: typeof fallback === 'string' ? fallback : null,
  }
}

function matcherOf(route: string, any: boolean, regex: boolean, exact: boolean): Rule['matches'] {
  if (any) {
    const matches = wildcard(route)
    return path => (matches(path) ? 'whole' : null)
  }
  if (regex) {
    const pattern = guardedRegex(route)
    return path => (pattern.matchesWhole(path) ? 'whole' : null)
  }
  if (exact) return path => (path === route ? 'whole' : null)
  return path => (path.startsWith(route) ? 'prefix' : null)
}

/** What may be asked of a backend. */
function isPath(text: string): boolean {
  return /^\/[\x21-\x7e]*$/.test(text) && !/(?:^|\/)\.\.?(?:\/|$)/.test(text) && !/[\\#?]/.test(text)
}
