/**
 * One segment of a route's path: `:name`, `$name<regex>`, a text with `*`, or a plain text. Plain texts compare by their
 * key, in which `%41` and `A` are the same.
 */
import { compileWildcard } from '../balancing/wildcard.ts'
import { compileJavaRegex, type WholeMatch } from './java-regex.ts'
import { pathKey } from './segment-key.ts'

export type Segment =
  | { readonly kind: 'literal'; readonly key: string }
  | { readonly kind: 'named'; readonly key: string; readonly name: string }
  | { readonly kind: 'regex'; readonly key: string; readonly name: string; readonly source: string }
  | { readonly kind: 'wildcard'; readonly key: string }

/** Reads a segment as it is written in the path of a route. */
export function readSegment(text: string): Segment {
  if (text.startsWith(':')) return { kind: 'named', key: text, name: text.slice(1) }
  const open = text.indexOf('<')
  if (text.startsWith('$') && open > 0 && text.endsWith('>'))
    return { kind: 'regex', key: text, name: text.slice(1, open), source: text.slice(open + 1, -1) }
  if (text.includes('*')) return { kind: 'wildcard', key: text }
  return { kind: 'literal', key: pathKey(text) }
}

/** The segments of a path; empty ones do not count. */
export function readPath(path: string): Segment[] {
  const segments: Segment[] = []
  for (const text of path.split('/')) if (text !== '') segments.push(readSegment(text))
  return segments
}

/** The sentence that says what is wrong with the path of a route, or null. */
export function pathFault(path: string): string | null {
  for (const text of path.split('/')) {
    const segment = readSegment(text)
    if (segment.kind === 'regex') {
      const compiled = compileJavaRegex(segment.source)
      if (!compiled.ok) return compiled.message
    } else if (/^\$[^<]*</.test(text)) {
      return `${JSON.stringify(text)} is no complete $name<regex> (the expression cannot hold /)`
    }
  }
  return null
}

const anything: WholeMatch = () => true

/** What a segment that is no plain text accepts. The expression was checked with `pathFault`; a broken one accepts nothing. */
export function segmentMatch(segment: Segment): WholeMatch {
  if (segment.kind === 'wildcard') return compileWildcard(segment.key)
  if (segment.kind !== 'regex') return anything
  const compiled = compileJavaRegex(segment.source)
  return compiled.ok ? compiled.matches : () => false
}
