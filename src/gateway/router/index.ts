/**
 * The router: which route a request belongs to, and which path its backend is asked for.
 *
 * The way of a path: `normalizePath` (or 400) → `Router.match` → `compileRewrite`. All three see the same path, and so do
 * plugins and the backend.
 */
export type { RouteSpec } from './entry.ts'
export { type CompiledFrontend, compileFrontend, type DomainPath } from './frontend.ts'
export { compileJavaRegex } from './java-regex.ts'
export { type Candidate, type MatchOutcome, MatchTrace } from './match-trace.ts'
export { checkPath, normalizePath, type PathFault, type RefusedPath } from './normal-path.ts'
export type { FailedPredicate } from './predicates.ts'
export type { ListenerScope, RouterRequest } from './request.ts'
export {
  compileRewrite,
  compileRootedRewrite,
  type Rewrite,
  type RewriteRule,
  type RootedRewrite,
} from './rewrite.ts'
export { type Accept, type RouteMatch, Router, type RouterOptions, type RoutingStrategy } from './router.ts'
