/**
 * Finds the route of a request: domain, then path, then the conditions of the routes found there.
 *
 * Guarantees: `put` and `remove` cost the depth of the paths of the one route and are complete when they return, so no
 * request of this thread sees half a change; the answer depends on which routes there are, never on the order in which
 * they came; `match` costs the depth of the path and the routes of one place, whatever the number of routes.
 * Not guaranteed: a second try. A failed condition does not lead back to a shorter path or another domain.
 */
import { Domains } from './domains.ts'
import { Entry, type RouteSpec } from './entry.ts'
import type { MatchTrace } from './match-trace.ts'
import { PathTree } from './path-tree.ts'
import { failedPredicate, isOpenTo } from './predicates.ts'
import { PrefixTable } from './prefix-table.ts'
import type { ListenerScope, RouterRequest } from './request.ts'
import type { PathIndex, Selection } from './selection.ts'

export type RoutingStrategy = 'tree' | 'startswith'

export interface RouterOptions {
  /** `tree` unless given. */
  readonly strategy?: RoutingStrategy
  /** A path that ends with `/` matches whole segments only. True unless given. */
  readonly trailingSlashMeansExactSegments?: boolean
}

export interface RouteMatch<T> {
  readonly id: string
  readonly payload: T
  /** `/segment` for each segment consumed; empty for a route at the root. */
  readonly matchedPath: string
  /** Values as they stand in the path, escapes included. Without prototype. */
  readonly params: Readonly<Record<string, string>>
  readonly noMoreSegments: boolean
}

/** The conditions of plugins. Must not change the router. */
export type Accept<T> = (payload: T, id: string) => boolean

interface Pick<T> {
  readonly entry: Entry<T>
  readonly selection: Selection<T>
}

export class Router<T> {
  readonly #routes = new Map<string, Entry<T>>()
  #enabled: Domains<T>
  /** Disabled routes take no part; they are kept in the same shape for explanations. */
  #disabled: Domains<T>

  constructor(options: RouterOptions = {}) {
    const make = indexMaker<T>(options)
    this.#enabled = new Domains(make)
    this.#disabled = new Domains(make)
  }

  /** Number of routes, disabled ones included. */
  get size(): number {
    return this.#routes.size
  }

  /** Not one domain, node or list is left. */
  get isEmpty(): boolean {
    return this.#enabled.isEmpty && this.#disabled.isEmpty
  }

  /** The payload of a route, disabled or not. */
  get(id: string): T | undefined {
    return this.#routes.get(id)?.payload
  }

  /** The payload of a route that is on and may serve the listener, whatever its other conditions. */
  named(id: string, listener: ListenerScope): T | undefined {
    const entry = this.#routes.get(id)
    return entry?.spec.enabled && isOpenTo(entry.spec, listener) ? entry.payload : undefined
  }

  /** Inserts the route, or replaces the one with this id. */
  put(id: string, spec: RouteSpec, payload: T): void {
    this.remove(id)
    const entry = new Entry(id, spec, payload)
    this.#routes.set(id, entry)
    this.#domains(entry).insert(entry)
  }

  /** False when there is no such route. */
  remove(id: string): boolean {
    const entry = this.#routes.get(id)
    if (entry === undefined) return false
    this.#routes.delete(id)
    this.#domains(entry).delete(entry)
    return true
  }

  /** Changes how paths are looked up. Costs all routes once. */
  reconfigure(options: RouterOptions): void {
    const make = indexMaker<T>(options)
    this.#enabled = new Domains(make)
    this.#disabled = new Domains(make)
    for (const entry of this.#routes.values()) this.#domains(entry).insert(entry)
  }

  /**
   * The route of a request, or null. `accept` is asked last, for a route whose other conditions are met.
   * A path with an encoded separator (`%2F`, `%5C`) is read both ways, since backends do either; unless both lead to the
   * same route there is none, so that `/public%2F…` cannot get round the route of a longer path.
   */
  match(
    request: RouterRequest,
    listener: ListenerScope,
    accept: Accept<T>,
    trace?: MatchTrace,
  ): RouteMatch<T> | null {
    const paths = this.#enabled.find(request.domain)
    if (trace !== undefined && paths !== null) trace.outcome = 'no_path'
    const picked = paths === null ? null : pick(paths, request, request.path, listener, accept, trace)
    if (trace !== undefined) this.#traceDisabled(request, trace)
    if (paths === null || picked === null) return null
    if (request.path.includes('%')) {
      const separated = separate(request.path)
      if (separated !== request.path) {
        const other = pick(paths, request, separated, listener, accept)
        if (other?.entry !== picked.entry) {
          if (trace !== undefined) trace.outcome = 'ambiguous_path'
          return null
        }
      }
    }
    if (trace !== undefined) trace.outcome = 'matched'
    const { entry, selection } = picked
    const { matchedPath, params, noMoreSegments } = selection
    return { id: entry.id, payload: entry.payload, matchedPath, params, noMoreSegments }
  }

  #domains(entry: Entry<T>): Domains<T> {
    return entry.spec.enabled ? this.#enabled : this.#disabled
  }

  #traceDisabled(request: RouterRequest, trace: MatchTrace): void {
    const selection = this.#disabled.find(request.domain)?.select(request.path)
    for (const entry of selection?.entries ?? []) trace.add(entry.id, 'enabled')
  }
}

function indexMaker<T>(options: RouterOptions): () => PathIndex<T> {
  const closedEnds = options.trailingSlashMeansExactSegments ?? true
  if (options.strategy === 'startswith') return () => new PrefixTable<T>()
  return () => new PathTree<T>(closedEnds)
}

/** The first route of the selected place that accepts the request. */
function pick<T>(
  paths: PathIndex<T>,
  request: RouterRequest,
  path: string,
  listener: ListenerScope,
  accept: Accept<T>,
  trace?: MatchTrace,
): Pick<T> | null {
  const selection = paths.select(path)
  if (selection === null) return null
  if (trace !== undefined) {
    trace.outcome = 'no_candidate'
    trace.matchedPath = selection.matchedPath
  }
  let picked: Pick<T> | null = null
  for (const entry of selection.entries) {
    if (!isOpenTo(entry.spec, listener)) {
      trace?.add(entry.id, 'listener')
      continue
    }
    if (picked !== null) {
      trace?.add(entry.id, null)
      continue
    }
    const failed = failedPredicate(entry.spec.frontend, request, selection.noMoreSegments)
    if (failed === null && accept(entry.payload, entry.id)) {
      picked = { entry, selection }
      if (trace === undefined) return picked
    }
    trace?.add(entry.id, picked === null ? (failed ?? 'plugin') : null, picked !== null)
  }
  return picked
}

/** The path as a backend reads it that decodes before it looks for separators. */
function separate(path: string): string {
  return path.replace(/%2f|%5c/gi, '/')
}
