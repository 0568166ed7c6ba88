/**
 * Validators of JSON documents: `{"kind": "json-path-validator", "path": "$.metadata.team", "value": "Regex(a|b)"}` holds
 * when what the path leads to is as the value says.
 *
 * Guarantees: a validator that cannot be read is refused when it is compiled; one that is compiled never throws, takes
 * time in proportion to the document, and does not hold of a document that is too large for it.
 */
import { PathFault } from './json-path/cursor.ts'
import { expectation } from './json-path/expectation.ts'
import { readPath } from './json-path/path.ts'
import { readAt, TooManyLooks } from './json-path/read.ts'

export { PathFault } from './json-path/cursor.ts'

export interface JsonValidator {
  /** What to say when it does not hold. */
  readonly error: string
  holds(document: unknown): boolean
}

/** The kind that is meant when none is named. */
export const JSON_PATH_VALIDATOR = 'json-path-validator'

/** Values of a document that one validator looks at. */
const MOST_LOOKS = 500_000
const LONGEST_ERROR = 1000

/** Compiles a validator. Throws `PathFault`. */
export function compileValidator(json: unknown): JsonValidator {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new PathFault('a validator is an object')
  const { kind, path, value, error } = json as Readonly<Record<string, unknown>>
  if ((kind ?? JSON_PATH_VALIDATOR) !== JSON_PATH_VALIDATOR)
    throw new PathFault(`the kind ${JSON.stringify(kind)?.slice(0, 60)} is not part of this version`)
  if (typeof path !== 'string') throw new PathFault('a validator has a path')
  if (value === undefined) throw new PathFault('a validator has a value')
  const where = readPath(path)
  const asWanted = expectation(value, path)
  const own = typeof error === 'string' && error.trim() !== '' ? error : null
  return {
    error: (own ?? `entity validation failed at ${path}`).slice(0, LONGEST_ERROR),
    holds(document) {
      try {
        return asWanted(readAt(where, document, document, { looks: MOST_LOOKS }) ?? undefined)
      } catch (failure) {
        if (failure instanceof TooManyLooks) return false
        throw failure
      }
    },
  }
}
