/**
 * From the path of the client to the path on the backend: what the route consumed is taken off, the backend's root is put
 * before the rest.
 *
 * Guarantees: the answer starts with `/` and holds visible ASCII only, without `#`, whatever the root evaluates to; the
 * query is not touched. Between root and rest nothing is inserted: root `/v2` and rest `users` make `/v2users`.
 * Not guaranteed: that the path of the request is harmless; that is `normalizePath`'s duty.
 */
import type { CompiledFrontend } from './frontend.ts'
import { checkPath, collapseSlashes } from './normal-path.ts'
import { percentEncode } from './segment-key.ts'

export interface RewriteRule {
  readonly frontend: CompiledFrontend
  /** Path of the backend that everything goes under. */
  readonly root: string
  /** The root is the whole path; the path and query of the request are dropped. */
  readonly rewrite: boolean
}

/** Path and query of the request, and what the router consumed → path and query on the backend. */
export type Rewrite = (pathAndQuery: string, matchedPath: string) => string

/** The same with a root evaluated for the request; null when that makes a path with dot segments or worse: answer 400. */
export type RootedRewrite = (pathAndQuery: string, matchedPath: string, root: string) => string | null

/** Compiles the rewriting of a route whose root is a plain text. */
export function compileRewrite(rule: RewriteRule): Rewrite {
  if (rule.rewrite) {
    const target = clean(rule.root)
    return () => target
  }
  const rest = restOf(rule.frontend)
  const { root } = rule
  return (pathAndQuery, matchedPath) => clean(root + rest(pathAndQuery, matchedPath))
}

/** Compiles the rewriting of a route whose root is a template (`/x/${req.pathparams.id}`), evaluated by the caller. */
export function compileRootedRewrite(rule: Omit<RewriteRule, 'root'>): RootedRewrite {
  const rest = rule.rewrite ? () => '' : restOf(rule.frontend)
  return (pathAndQuery, matchedPath, root) => {
    const target = clean(root + rest(pathAndQuery, matchedPath))
    const query = target.indexOf('?')
    return checkPath(query < 0 ? target : target.slice(0, query)) === null ? target : null
  }
}

/** What is left of the request behind the root: without its first `/`, unless something was taken off. */
function restOf(frontend: CompiledFrontend): (pathAndQuery: string, matchedPath: string) => string {
  if (!frontend.stripPath || isWhole(frontend)) return pathAndQuery => pathAndQuery.slice(1)
  return (pathAndQuery, matchedPath) => {
    if (matchedPath === '' || matchedPath === '/') return pathAndQuery.slice(1)
    const end = consumedLength(pathAndQuery, matchedPath)
    return end < 0 ? pathAndQuery.slice(1) : pathAndQuery.slice(end)
  }
}

/** The frontend is one domain with all its paths. */
function isWhole(frontend: CompiledFrontend): boolean {
  return frontend.domains.length === 1 && frontend.domains[0]!.path === '/'
}

/** Where `matchedPath` ends in the target, of which it is a prefix in which slashes in a row count as one; -1 otherwise. */
function consumedLength(target: string, matchedPath: string): number {
  if (target.startsWith(matchedPath)) return matchedPath.length
  let at = 0
  for (let i = 0; i < matchedPath.length; i++) {
    if (target[at] !== matchedPath[i]) return -1
    at++
    if (matchedPath[i] === '/') while (target[at] === '/') at++
  }
  return at
}

/** Makes a target that can stand in a request line, and in which only the query may hold `//`. */
function clean(target: string): string {
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  let out = target
  if (path.includes('//')) out = collapseSlashes(path) + target.slice(path.length)
  if (!out.startsWith('/')) out = `/${out}`
  return UNFIT.test(out) ? out.replace(EACH_UNFIT, percentEncode) : out
}

/** Anything but visible ASCII, and `#`, which would cut the target. */
const UNFIT = /[^!-~]|#/
const EACH_UNFIT = /[^!-~]|#/gu
