/**
 * Paths of mocks, in the syntax of the router: `:name`, `$name<regex>`, segments with `*`, plain text. A path must match
 * whole; empty segments do not count. Time is linear in the path of the request.
 */
import { guardedRegex } from '../../expression/index.ts'
import { unescaped } from '../unescaped.ts'

interface Segment {
  /** 0 plain, 1 with a parameter, 2 with `*`: what is said more exactly comes first. */
  readonly rank: 0 | 1 | 2
  /** Name of the parameter; empty for none. */
  readonly name: string
  readonly matches: (segment: string) => boolean
}

export interface MockPath {
  /** Orders paths that match the same request: the smaller one says more. */
  readonly rank: string
  /** The values of the parameters, as they stand in the path; null when it does not match. */
  match(segments: readonly string[]): ReadonlyMap<string, string> | null
}

const noParams: ReadonlyMap<string, string> = new Map()

/** The segments of a path. */
export function segmentsOf(path: string): string[] {
  return path.split('/').filter(segment => segment !== '')
}

/** Compiles a path. Throws on an expression that is broken or cannot be matched in linear time. */
export function mockPath(path: string): MockPath {
  const pattern = segmentsOf(path).map(readSegment)
  return {
    rank: pattern.map(segment => segment.rank).join(''),
    match(segments) {
      if (segments.length !== pattern.length) return null
      if (!pattern.every((segment, at) => segment.matches(segments[at]!))) return null
      const named = pattern.flatMap(({ name }, at) =>
        name === '' ? [] : [[name, segments[at]!] as [string, string]],
      )
      return named.length === 0 ? noParams : new Map(named)
    },
  }
}

function readSegment(text: string): Segment {
  if (text.startsWith(':')) return { rank: 1, name: text.slice(1), matches: () => true }
  const open = text.indexOf('<')
  if (text.startsWith('$') && open > 0) {
    if (!text.endsWith('>')) throw new Error(`${text} is no complete $name<regex> (the regex cannot hold /)`)
    const regex = guardedRegex(text.slice(open + 1, -1))
    return { rank: 1, name: text.slice(1, open), matches: segment => regex.matchesWhole(segment) }
  }
  if (text.includes('*')) {
    const literal = (part: string): string => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&')
    const regex = guardedRegex(text.split('*').map(literal).join('.*'))
    return { rank: 2, name: '', matches: segment => regex.matchesWhole(segment) }
  }
  const plain = unescaped(text)
  return { rank: 0, name: '', matches: segment => segment === text || unescaped(segment) === plain }
}
