import type { Entry } from './entry.ts'

/** The routes of the one place a path leads to. */
export interface Selection<T> {
  /** In the order in which they are tried; never empty. */
  readonly entries: readonly Entry<T>[]
  /** `/segment` for each segment consumed; empty for the root. */
  readonly matchedPath: string
  readonly params: Readonly<Record<string, string>>
  /** The place is the path's own, not that of a prefix. */
  readonly noMoreSegments: boolean
}

/** The routes of one domain by path. Two kinds: `PathTree` and `PrefixTable`. */
export interface PathIndex<T> {
  readonly isEmpty: boolean
  /** A second time with the same route and path changes nothing. */
  insert(path: string, entry: Entry<T>): void
  delete(path: string, entry: Entry<T>): void
  /** `path` starts with `/` and holds no query. */
  select(path: string): Selection<T> | null
}

/**
 * Path parameters by name. Nothing is inherited, so no name (`__proto__`, `constructor`) means anything else; a class
 * makes objects the engine handles far quicker than those of `Object.create(null)`.
 */
export class PathParams {
  [name: string]: string
}
Object.setPrototypeOf(PathParams.prototype, null)
Reflect.deleteProperty(PathParams.prototype, 'constructor')

export const noParams: Readonly<Record<string, string>> = Object.freeze(new PathParams())
