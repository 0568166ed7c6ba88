/**
 * A node of the path tree. Most nodes of a large table have one plain child or none, so the first child costs no map.
 * Mutated in place; `put` and `drop` of a child keep lists sorted so that insertion order never shows.
 */
import { type Entry, noEntries, searchSorted } from './entry.ts'
import type { WholeMatch } from './java-regex.ts'
import { type Segment, segmentMatch } from './segment.ts'

/** A child reached by a pattern. */
export interface PatternChild<T> {
  /** The segment as configured. */
  readonly key: string
  /** Name of the path parameter; empty for `*` segments. */
  readonly name: string
  readonly matches: WholeMatch
  readonly node: PathNode<T>
}

/** Children of a node by how specific they are. */
interface Patterns<T> {
  /** `:name` and `$name<regex>`, by key. */
  named: readonly PatternChild<T>[]
  /** Segments with `*`: the longest pattern first, then by key. */
  wildcards: readonly PatternChild<T>[]
}

export class PathNode<T> {
  /** Sorted; `noEntries` when there are none. */
  entries: readonly Entry<T>[] = noEntries
  #soleKey = ''
  #sole: PathNode<T> | null = null
  #literals: Map<string, PathNode<T>> | null = null
  #longestKey = 0
  #patterns: Patterns<T> | null = null

  get isEmpty(): boolean {
    return this.entries.length === 0 && this.isLeaf
  }

  get isLeaf(): boolean {
    return this.#sole === null && this.#literals === null && this.#patterns === null
  }

  get named(): readonly PatternChild<T>[] {
    return this.#patterns === null ? noEntries : this.#patterns.named
  }

  get wildcards(): readonly PatternChild<T>[] {
    return this.#patterns === null ? noEntries : this.#patterns.wildcards
  }

  /** The plain child with this key. */
  literal(key: string): PathNode<T> | undefined {
    if (this.#literals !== null) return this.#literals.get(key)
    return this.#sole !== null && this.#soleKey === key ? this.#sole : undefined
  }

  /** The longest key of a plain child that `text` starts with; empty when there is none. */
  longestPrefix(text: string): string {
    if (this.#literals === null)
      return this.#sole !== null && text.startsWith(this.#soleKey) ? this.#soleKey : ''
    for (let length = Math.min(this.#longestKey, text.length); length > 0; length--) {
      const prefix = text.slice(0, length)
      if (this.#literals.has(prefix)) return prefix
    }
    return ''
  }

  child(segment: Segment): PathNode<T> | undefined {
    if (segment.kind === 'literal') return this.literal(segment.key)
    const list = this.#list(segment)
    const found = list[position(list, segment.key)]
    return found?.key === segment.key ? found.node : undefined
  }

  /** The child of this segment, made when it is missing. */
  ensure(segment: Segment): PathNode<T> {
    const existing = this.child(segment)
    if (existing !== undefined) return existing
    const node = new PathNode<T>()
    if (segment.kind === 'literal') this.#putLiteral(segment.key, node)
    else {
      const name = segment.kind === 'wildcard' ? '' : segment.name
      this.#putPattern(segment, { key: segment.key, name, matches: segmentMatch(segment), node })
    }
    return node
  }

  /** Forgets the child of this segment. */
  drop(segment: Segment): void {
    if (segment.kind === 'literal') {
      this.#dropLiteral(segment.key)
      return
    }
    const list = this.#list(segment)
    const at = position(list, segment.key)
    if (list[at]?.key === segment.key) (list as PatternChild<T>[]).splice(at, 1)
    if (this.named.length === 0 && this.wildcards.length === 0) this.#patterns = null
  }

  #list(segment: Segment): readonly PatternChild<T>[] {
    return segment.kind === 'wildcard' ? this.wildcards : this.named
  }

  /** A list of one is made to measure: most lists stay so, and an array that grew keeps room for many. */
  #putPattern(segment: Segment, child: PatternChild<T>): void {
    this.#patterns ??= { named: noEntries, wildcards: noEntries }
    const list = this.#list(segment)
    if (list.length > 0) (list as PatternChild<T>[]).splice(position(list, child.key), 0, child)
    else if (segment.kind === 'wildcard') this.#patterns.wildcards = [child]
    else this.#patterns.named = [child]
  }

  #putLiteral(key: string, node: PathNode<T>): void {
    if (key.length > this.#longestKey) this.#longestKey = key.length
    if (this.#literals !== null) this.#literals.set(key, node)
    else if (this.#sole === null) {
      this.#soleKey = key
      this.#sole = node
    } else {
      this.#literals = new Map([
        [this.#soleKey, this.#sole],
        [key, node],
      ])
      this.#sole = null
    }
  }

  #dropLiteral(key: string): void {
    if (this.#literals !== null) {
      this.#literals.delete(key)
      if (this.#literals.size === 0) this.#literals = null
    } else if (this.#soleKey === key) this.#sole = null
    // An upper bound is enough while children remain: it only limits the search for prefixes.
    if (this.#literals === null && this.#sole === null) this.#longestKey = 0
  }
}

/** Where a pattern stands or belongs: longer patterns first, then by text. */
function position<T>(list: readonly PatternChild<T>[], key: string): number {
  return searchSorted(list, child =>
    child.key.length !== key.length ? key.length - child.key.length : child.key < key ? -1 : 1,
  )
}
