/**
 * The routes of one domain as a tree of path segments. Of several children the most specific wins (plain text, then
 * `:name` and `$name<regex>` together, then `*`), and a choice is never taken back: when the chosen branch ends without
 * routes, the nearest ancestor that has routes answers, as the prefix that it is.
 *
 * `insert` and `delete` cost the depth of the path; `select` costs the depth of the request's path, whatever the number of routes.
 */
import { FirstObjects } from '../../http/first-objects.ts'
import { deleteEntry, type Entry, insertEntry, mergeEntries, noEntries } from './entry.ts'
import { PathNode } from './path-node.ts'
import { readPath } from './segment.ts'
import { decodeUnreserved, isPlainPath, pathKey, prefixLength } from './segment-key.ts'
import { noParams, PathParams, type PathIndex, type Selection } from './selection.ts'

/** One node, or several reached together through `:a`, `:b` and matching expressions. */
type Place<T> = PathNode<T> | PathNode<T>[]

export class PathTree<T> implements PathIndex<T> {
  readonly #root = new PathNode<T>()
  readonly #closedEnds: boolean

  /** `closedEnds`: a route whose path ends with `/` is not found by a mere prefix of a segment. */
  constructor(closedEnds: boolean) {
    this.#closedEnds = closedEnds
  }

  get isEmpty(): boolean {
    return this.#root.isEmpty
  }

  insert(path: string, entry: Entry<T>): void {
    let node = this.#root
    for (const segment of readPath(path)) node = node.ensure(segment)
    if (node.entries.length === 0) node.entries = [entry]
    else insertEntry(node.entries as Entry<T>[], entry)
  }

  delete(path: string, entry: Entry<T>): void {
    const segments = readPath(path)
    const nodes = [this.#root]
    for (const segment of segments) {
      const child = nodes.at(-1)!.child(segment)
      if (child === undefined) return
      nodes.push(child)
    }
    const last = nodes.at(-1)!
    if (last.entries.length > 0) deleteEntry(last.entries as Entry<T>[], entry)
    if (last.entries.length === 0) last.entries = noEntries
    for (let depth = segments.length; depth > 0 && nodes[depth]!.isEmpty; depth--)
      nodes[depth - 1]!.drop(segments[depth - 1]!)
  }

  select(path: string): Selection<T> | null {
    const walk = new Walk<T>(this.#root, path)
    while (walk.next()) {
      const step = walk.step()
      if (step === 'blocked') break
      if (step === 'missing') return (path.endsWith('/') ? null : this.#prefix(walk)) ?? walk.best()
    }
    return walk.best()
  }

  /** The longest plain child that the segment starts with: `999` answers `999-foo`. */
  #prefix(walk: Walk<T>): Selection<T> | null {
    const key = longestPrefix(walk.place, walk.key)
    if (key === '') return null
    const child = literalChild(walk.place, key)
    if (child === null) return null
    let entries = entriesOf(child)
    if (this.#closedEnds && entries.some(entry => isClosedTo(entry, walk.head)))
      entries = entries.filter(entry => !isClosedTo(entry, walk.head))
    if (entries.length === 0) return null
    const end = walk.start + prefixLength(walk.head, key)
    return walk.selection(entries, end, walk.captured, false)
  }
}

const firstObjects = new FirstObjects()

/** The way of one request through the tree. */
class Walk<T> {
  readonly #path: string
  readonly #plain: boolean
  place: Place<T>
  /** The segment at hand, its key, and where it starts. */
  head = ''
  key = ''
  start = 0
  /** The segment as patterns see it. */
  #text = ''
  #end = 0
  #best: Place<T> | null = null
  #bestEnd = 0
  #bestCaptured = 0
  #complete = false
  /** Names and values of path parameters, in turn. */
  #captures: string[] | null = null

  constructor(root: PathNode<T>, path: string) {
    this.#path = path
    this.#plain = isPlainPath(path)
    this.place = root
    this.#remember()
    firstObjects.note(this)
  }

  get captured(): number {
    return this.#captures === null ? 0 : this.#captures.length
  }

  /** Reads the next segment; false at the end of the path. */
  next(): boolean {
    const path = this.#path
    let start = this.#end
    while (start < path.length && path.charCodeAt(start) === 47) start++
    if (start === path.length) {
      this.#complete = this.#best === this.place
      return false
    }
    const slash = path.indexOf('/', start)
    this.start = start
    this.#end = slash < 0 ? path.length : slash
    this.head = path.slice(start, this.#end)
    this.key = this.#plain ? this.head : pathKey(this.head)
    this.#text = this.#plain ? this.head : decodeUnreserved(this.head)
    return true
  }

  /** Goes on to the child for the segment. `blocked`: there are expressions and none matches, which ends the search. */
  step(): 'moved' | 'missing' | 'blocked' {
    let child = literalChild(this.place, this.key)
    if (child === null) {
      if (hasNamed(this.place)) {
        child = this.#namedChild()
        if (child === null) return 'blocked'
      } else {
        child = wildcardChild(this.place, this.#text)
        if (child === null) return 'missing'
      }
    }
    this.place = child
    this.#remember()
    return 'moved'
  }

  best(): Selection<T> | null {
    if (this.#best === null) return null
    return this.selection(entriesOf(this.#best), this.#bestEnd, this.#bestCaptured, this.#complete)
  }

  selection(entries: readonly Entry<T>[], end: number, captured: number, complete: boolean): Selection<T> {
    const consumed = this.#path.slice(0, end)
    const matchedPath = consumed.includes('//') ? consumed.replace(/\/+/g, '/') : consumed
    return { entries, matchedPath, params: this.#params(captured), noMoreSegments: complete }
  }

  #remember(): void {
    if (!hasEntries(this.place)) return
    this.#best = this.place
    this.#bestEnd = this.#end
    this.#bestCaptured = this.captured
  }

  #namedChild(): Place<T> | null {
    let found: Place<T> | null = null
    for (const node of Array.isArray(this.place) ? this.place : [this.place]) {
      for (const child of node.named) {
        if (!child.matches(this.#text)) continue
        this.#captures ??= []
        this.#captures.push(child.name, this.head)
        found = joined(found, child.node)
      }
    }
    return found
  }

  #params(captured: number): Readonly<Record<string, string>> {
    const captures = this.#captures
    if (captures === null || captured === 0) return noParams
    const params = new PathParams()
    for (let at = 0; at < captured; at += 2) params[captures[at]!] = captures[at + 1]!
    return params
  }
}

function isClosedTo<T>(entry: Entry<T>, head: string): boolean {
  return entry.spec.frontend.domains.every(line => line.closed || line.path.startsWith(head, 1))
}

function joined<T>(place: Place<T> | null, node: PathNode<T>): Place<T> {
  if (place === null) return node
  if (!Array.isArray(place)) return [place, node]
  place.push(node)
  return place
}

function hasEntries<T>(place: Place<T>): boolean {
  if (Array.isArray(place)) return place.some(node => node.entries.length > 0)
  return place.entries.length > 0
}

function entriesOf<T>(place: Place<T>): readonly Entry<T>[] {
  return Array.isArray(place) ? mergeEntries(place.map(node => node.entries)) : place.entries
}

function hasNamed<T>(place: Place<T>): boolean {
  if (Array.isArray(place)) return place.some(node => node.named.length > 0)
  return place.named.length > 0
}

function literalChild<T>(place: Place<T>, key: string): Place<T> | null {
  if (!Array.isArray(place)) return place.literal(key) ?? null
  let found: Place<T> | null = null
  for (const node of place) {
    const child = node.literal(key)
    if (child !== undefined) found = joined(found, child)
  }
  return found
}

/** The children of the longest pattern that matches; of patterns as long, the first by text. */
function wildcardChild<T>(place: Place<T>, head: string): Place<T> | null {
  if (!Array.isArray(place)) return place.wildcards.find(child => child.matches(head))?.node ?? null
  const hits = place
    .map(node => node.wildcards.find(child => child.matches(head)))
    .filter(child => child !== undefined)
  let best: string | null = null
  for (const { key } of hits) {
    if (best === null || key.length > best.length || (key.length === best.length && key < best)) best = key
  }
  let found: Place<T> | null = null
  for (const child of hits) if (child.key === best) found = joined(found, child.node)
  return found
}

function longestPrefix<T>(place: Place<T>, text: string): string {
  if (!Array.isArray(place)) return place.longestPrefix(text)
  let longest = ''
  for (const node of place) {
    const prefix = node.longestPrefix(text)
    if (prefix.length > longest.length) longest = prefix
  }
  return longest
}
