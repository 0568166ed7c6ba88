/**
 * From JSON to an entity: limits, shortcuts, schema, then the kind's own checks. The one way in, for writes and reads.
 *
 * Guarantees: never throws; defaults are filled; unknown fields survive; nothing given is silently lost; faults are few and
 * short whatever was given.
 */
import { parse, type Parsed, type SchemaFault } from '../schema/index.ts'
import { inspectJson } from './check-json.ts'
import { type EntityDefinition, schemaFor } from './entity.ts'
import { isObject } from './types/shape.ts'

export type { Parsed } from '../schema/index.ts'

/** Inputs of more values than this are looked at up to their first fault only. */
const manyValues = 5000
const mostFaults = 50
const longestFault = 300

/** Validates a JSON value as an entity of the kind. */
export function readEntity<T>(definition: EntityDefinition<T>, input: unknown): Parsed<T> {
  if (!isObject(input)) return failed([{ path: '', message: `Expected an object for ${definition.kind}` }])
  const { fault: unsafe, values } = inspectJson(input)
  if (unsafe !== null) return failed([unsafe])
  const normalized = definition.normalize === undefined ? input : definition.normalize(input)
  const parsed = parse(schemaFor(definition, normalized), normalized, values > manyValues)
  if (!parsed.ok) return failed(parsed.faults)
  const altered = alteration(normalized, parsed.value, '')
  if (altered !== null) return failed([altered])
  const faults = definition.validate?.(parsed.value) ?? []
  return faults.length === 0 ? parsed : failed(faults.map(message => ({ path: '', message })))
}

/** Validates the JSON text of an entity. */
export function readEntityText<T>(definition: EntityDefinition<T>, text: string): Parsed<T> {
  let input: unknown
  try {
    input = JSON.parse(text)
  } catch (error) {
    // The error quotes the text around the fault, which may be a secret; faults are logged.
    const at = error instanceof Error ? /at position \d+/.exec(error.message) : null
    return failed([{ path: '', message: at === null ? 'Not JSON' : `Not JSON ${at[0]}` }])
  }
  return readEntity(definition, input)
}

/** The id inside an entity, or null when it has none. */
export function idOf(
  definition: Pick<EntityDefinition, 'idField' | 'singleton'>,
  entity: unknown,
): string | null {
  if (definition.singleton !== undefined) return definition.singleton
  const id = isObject(entity) ? entity[definition.idField] : undefined
  return typeof id === 'string' && id !== '' ? id : null
}

// The schema library leaves `constructor` and `prototype` out of described objects and takes lists for objects: say so
// rather than change what was given.
function alteration(before: unknown, after: unknown, path: string): SchemaFault | null {
  if (before === after || typeof before !== 'object' || before === null) return null
  if (typeof after !== 'object' || after === null) return null
  if (Array.isArray(before) && !Array.isArray(after))
    return { path, message: 'Invalid type: Expected Object but received Array' }
  for (const key of Object.keys(before)) {
    const at = path === '' ? key : `${path}.${key}`
    const value: unknown = (before as Record<string, unknown>)[key]
    if (!Object.hasOwn(after, key)) {
      if (value === undefined) continue
      return { path: at, message: `The key ${key} is not accepted here` }
    }
    const altered = alteration(value, (after as Record<string, unknown>)[key], at)
    if (altered !== null) return altered
  }
  return null
}

function failed(faults: readonly SchemaFault[]): { ok: false; faults: SchemaFault[] } {
  const told = faults.slice(0, mostFaults)
  return {
    ok: false,
    faults: told.map(({ path, message }) => ({ path: clip(path), message: clip(message) })),
  }
}

function clip(text: string): string {
  return text.length <= longestFault ? text : `${text.slice(0, longestFault)} …`
}
