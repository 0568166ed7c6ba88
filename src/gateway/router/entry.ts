/** A route inside the router, and the one order in which routes of one place are tried. */
import type { CompiledFrontend } from './frontend.ts'

export interface RouteSpec {
  readonly frontend: CompiledFrontend
  /** A disabled route takes no place: its requests go where they would go without it. */
  readonly enabled: boolean
  /** Listeners the route is bound to; none: it is open to every listener that is not exclusive. */
  readonly boundListeners: readonly string[]
}

export class Entry<T> {
  readonly id: string
  readonly spec: RouteSpec
  readonly payload: T
  /** More conditions go first; of as many, those on headers or query before those on cookies alone. */
  readonly weight: number

  constructor(id: string, spec: RouteSpec, payload: T) {
    const { headers, query, cookies } = spec.frontend
    const open = headers.length + query.length
    this.id = id
    this.spec = spec
    this.payload = payload
    this.weight = (open + cookies.length) * 2 + (open > 0 ? 1 : 0)
  }
}

/** Shared by all places without routes. */
export const noEntries: readonly never[] = Object.freeze([])

/** Heavier first, then ascending by id (UTF-16 order): the same on every node and thread, whatever came first. */
export function compareEntries<T>(a: Entry<T>, b: Entry<T>): number {
  if (a.weight !== b.weight) return b.weight - a.weight
  return a.id < b.id ? -1 : a.id === b.id ? 0 : 1
}

/** Position of the first item that `compare` does not put before the wanted one. `compare(item) < 0`: item is before. */
export function searchSorted<I>(items: readonly I[], compare: (item: I) => number): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(items[middle]!) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Adds an entry to a sorted list in place; a second time changes nothing. */
export function insertEntry<T>(entries: Entry<T>[], entry: Entry<T>): void {
  const at = searchSorted(entries, other => compareEntries(other, entry))
  if (entries[at] !== entry) entries.splice(at, 0, entry)
}

export function deleteEntry<T>(entries: Entry<T>[], entry: Entry<T>): void {
  const at = searchSorted(entries, other => compareEntries(other, entry))
  if (entries[at] === entry) entries.splice(at, 1)
}

/** The routes of several places as one sorted list, each once. */
export function mergeEntries<T>(lists: readonly (readonly Entry<T>[])[]): readonly Entry<T>[] {
  return [...new Set(lists.flat())].sort(compareEntries)
}
