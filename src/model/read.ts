/**
 * From JSON to an entity: limits, shortcuts, schema, then the kind's own checks. The one way in, for writes and reads.
 *
 * Guarantees: never throws; defaults are filled; unknown fields survive; nothing given is silently lost.
 */
import { parse, type Parsed, type SchemaFault } from '../schema/index.ts'
import { checkJson } from './check-json.ts'
import type { EntityDefinition } from './entity.ts'
import { isObject } from './types/shape.ts'

export type { Parsed } from '../schema/index.ts'

/** Validates a JSON value as an entity of the kind. */
export function readEntity<T>(definition: EntityDefinition<T>, input: unknown): Parsed<T> {
  if (!isObject(input)) return failed([{ path: '', message: `Expected an object for ${definition.kind}` }])
  const unsafe = checkJson(input)
  if (unsafe !== null) return failed([unsafe])
  const normalized = definition.normalize === undefined ? input : definition.normalize(input)
  const parsed = parse(definition.schema, normalized)
  if (!parsed.ok) return parsed
  const lost = lostKey(normalized, parsed.value, '')
  if (lost !== null) return failed([lost])
  const faults = definition.validate?.(parsed.value) ?? []
  return faults.length === 0 ? parsed : failed(faults.map(message => ({ path: '', message })))
}

/** Validates the JSON text of an entity. */
export function readEntityText<T>(definition: EntityDefinition<T>, text: string): Parsed<T> {
  let input: unknown
  try {
    input = JSON.parse(text)
  } catch (error) {
    return failed([
      { path: '', message: `Not JSON: ${error instanceof Error ? error.message : 'unreadable'}` },
    ])
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

// The schema library leaves `constructor` and `prototype` out of described objects: say so rather than lose them.
function lostKey(before: unknown, after: unknown, path: string): SchemaFault | null {
  if (before === after || typeof before !== 'object' || before === null) return null
  if (typeof after !== 'object' || after === null) return null
  for (const key of Object.keys(before)) {
    const at = path === '' ? key : `${path}.${key}`
    const value: unknown = (before as Record<string, unknown>)[key]
    if (!Object.hasOwn(after, key)) {
      if (value === undefined) continue
      return { path: at, message: `The key ${key} is not accepted here` }
    }
    const lost = lostKey(value, (after as Record<string, unknown>)[key], at)
    if (lost !== null) return lost
  }
  return null
}

function failed(faults: SchemaFault[]): { ok: false; faults: SchemaFault[] } {
  return { ok: false, faults }
}
