/**
 * Domain → the routes of the domain. A domain named in full wins over patterns; of the patterns that match, the longest
 * (then the first by text) is asked alone: there is no going back to another domain when the path is not found there.
 *
 * `*.example.com` patterns are found by the labels of the request's domain, whatever their number; patterns of another
 * shape (`api-*.example.com`) are tried one after the other.
 */
import { compileWildcard } from '../balancing/wildcard.ts'
import { type Entry, searchSorted } from './entry.ts'
import type { WholeMatch } from './java-regex.ts'
import type { PathIndex } from './selection.ts'

interface DomainPattern<T> {
  readonly domain: string
  readonly matches: WholeMatch
  readonly paths: PathIndex<T>
}

export class Domains<T> {
  readonly #makeIndex: () => PathIndex<T>
  /** Domains without `*`, and `*.suffix` patterns under their own text (no request's domain holds `*`). */
  readonly #named = new Map<string, PathIndex<T>>()
  /** Other patterns: the longest first, then by text. */
  readonly #patterns: DomainPattern<T>[] = []

  constructor(makeIndex: () => PathIndex<T>) {
    this.#makeIndex = makeIndex
  }

  get isEmpty(): boolean {
    return this.#named.size === 0 && this.#patterns.length === 0
  }

  insert(entry: Entry<T>): void {
    for (const { domain, path } of entry.spec.frontend.domains) this.#ensure(domain).insert(path, entry)
  }

  delete(entry: Entry<T>): void {
    for (const { domain, path } of entry.spec.frontend.domains) {
      const paths = this.#at(domain)
      paths?.delete(path, entry)
      if (paths?.isEmpty) this.#drop(domain)
    }
  }

  /** The routes in charge of a domain given in lower case and without port. */
  find(domain: string): PathIndex<T> | null {
    if (!domain.includes('*')) {
      const exact = this.#named.get(domain)
      if (exact !== undefined) return exact
    }
    return this.#matching(domain)
  }

  #matching(domain: string): PathIndex<T> | null {
    const pattern = this.#patterns.find(candidate => candidate.matches(domain))
    for (let dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.', dot + 1)) {
      const text = `*${domain.slice(dot)}`
      if (pattern !== undefined && precedes(pattern.domain, text)) break
      const paths = this.#named.get(text)
      if (paths !== undefined) return paths
    }
    return pattern?.paths ?? null
  }

  #ensure(domain: string): PathIndex<T> {
    const existing = this.#at(domain)
    if (existing !== undefined) return existing
    const paths = this.#makeIndex()
    if (isListed(domain)) {
      const pattern = { domain, matches: compileWildcard(domain), paths }
      this.#patterns.splice(this.#position(domain), 0, pattern)
    } else this.#named.set(domain, paths)
    return paths
  }

  #at(domain: string): PathIndex<T> | undefined {
    if (!isListed(domain)) return this.#named.get(domain)
    const pattern = this.#patterns[this.#position(domain)]
    return pattern?.domain === domain ? pattern.paths : undefined
  }

  #drop(domain: string): void {
    if (isListed(domain)) this.#patterns.splice(this.#position(domain), 1)
    else this.#named.delete(domain)
  }

  #position(domain: string): number {
    return searchSorted(this.#patterns, pattern => (precedes(pattern.domain, domain) ? -1 : 1))
  }
}

/** A pattern that is not of the shape `*.suffix`. */
function isListed(domain: string): boolean {
  return domain.includes('*') && !(domain.startsWith('*.') && !domain.includes('*', 1))
}

function precedes(a: string, b: string): boolean {
  return a.length !== b.length ? a.length > b.length : a < b
}
