/**
 * The routes of one domain by the text of their path, for `routing_strategy=startswith`: the longest path that the
 * request's path starts with, or matches as a pattern when it holds `*`, is the one place that answers. `:name` and
 * `$name<regex>` mean nothing here.
 */
import { deleteEntry, type Entry, insertEntry, searchSorted } from './entry.ts'
import { compileWildcard } from '../balancing/wildcard.ts'
import type { WholeMatch } from './java-regex.ts'
import { pathKey, prefixLength } from './segment-key.ts'
import { noParams, type PathIndex, type Selection } from './selection.ts'

interface Pattern<T> {
  readonly path: string
  readonly matches: WholeMatch
  readonly entries: Entry<T>[]
}

export class PrefixTable<T> implements PathIndex<T> {
  readonly #paths = new Map<string, Entry<T>[]>()
  /** Lengths of the paths in the table, longest first, and how many paths have each. */
  readonly #lengths: { readonly length: number; count: number }[] = []
  /** Longest first, then by text. */
  readonly #patterns: Pattern<T>[] = []

  get isEmpty(): boolean {
    return this.#paths.size === 0 && this.#patterns.length === 0
  }

  insert(written: string, entry: Entry<T>): void {
    const path = keyOf(written)
    if (path.includes('*')) {
      const at = this.#patternAt(path)
      if (this.#patterns[at]?.path !== path)
        this.#patterns.splice(at, 0, { path, matches: compileWildcard(path), entries: [] })
      insertEntry(this.#patterns[at]!.entries, entry)
      return
    }
    const entries = this.#paths.get(path)
    if (entries !== undefined) {
      insertEntry(entries, entry)
      return
    }
    this.#paths.set(path, [entry])
    const at = this.#lengthAt(path.length)
    if (this.#lengths[at]?.length === path.length) this.#lengths[at]!.count++
    else this.#lengths.splice(at, 0, { length: path.length, count: 1 })
  }

  delete(written: string, entry: Entry<T>): void {
    const path = keyOf(written)
    if (path.includes('*')) {
      const at = this.#patternAt(path)
      const pattern = this.#patterns[at]
      if (pattern?.path !== path) return
      deleteEntry(pattern.entries, entry)
      if (pattern.entries.length === 0) this.#patterns.splice(at, 1)
      return
    }
    const entries = this.#paths.get(path)
    if (entries === undefined) return
    deleteEntry(entries, entry)
    if (entries.length > 0) return
    this.#paths.delete(path)
    const at = this.#lengthAt(path.length)
    if (--this.#lengths[at]!.count === 0) this.#lengths.splice(at, 1)
  }

  select(target: string): Selection<T> | null {
    const path = pathKey(target)
    const pattern = this.#patterns.find(candidate => candidate.matches(path))
    for (const { length } of this.#lengths) {
      if (length > path.length) continue
      if (pattern !== undefined && pattern.path.length > length) break
      const prefix = path.slice(0, length)
      const entries = this.#paths.get(prefix)
      if (entries === undefined) continue
      const consumed = withoutEndSlash(prefix)
      return {
        entries,
        matchedPath: target.slice(0, prefixLength(target, consumed)).replace(/\/+/g, '/'),
        params: noParams,
        noMoreSegments: withoutEndSlash(path) === consumed,
      }
    }
    if (pattern === undefined) return null
    return {
      entries: pattern.entries,
      matchedPath: withoutEndSlash(target.replace(/\/+/g, '/')),
      params: noParams,
      noMoreSegments: true,
    }
  }

  #lengthAt(length: number): number {
    return searchSorted(this.#lengths, item => length - item.length)
  }

  #patternAt(path: string): number {
    return searchSorted(this.#patterns, item =>
      item.path.length !== path.length ? path.length - item.path.length : item.path < path ? -1 : 1,
    )
  }
}

/** Patterns stay as they are written: an escaped `*` must not become one. */
function keyOf(path: string): string {
  return path.includes('*') ? path : pathKey(path)
}

function withoutEndSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}
