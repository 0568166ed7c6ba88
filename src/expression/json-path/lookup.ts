/** What a JSONPath leads to, for whoever wants the value rather than a verdict about it. */
import { readPath } from './path.ts'
import { readAt } from './read.ts'

/** Values of a document that one look-up looks at. */
const MOST_LOOKS = 500_000

/**
 * The value, the list of values of a path that may lead to several, or undefined. Throws `TooManyLooks` for a document that is
 * too large for the path.
 */
export type JsonLookup = (document: unknown) => unknown

/** Compiles a path; `$` may be left out. Throws `PathFault`. */
export function compileLookup(path: string): JsonLookup {
  const where = readPath(path)
  return document => readAt(where, document, document, { looks: MOST_LOOKS })
}
