/** The part of an entity that decides who may see it. */
import { isObject } from '../../model/types/shape.ts'

/** Fields that rights look at, of whatever kind. A test holds them against the rights themselves. */
const fields = ['_loc', 'location', 'tenant', 'id', 'rights'] as const

/** Those fields of an entity's text; null when it is null. What cannot be read has none of them. */
export function ownerFacts(text: string | null): Readonly<Record<string, unknown>> | null {
  if (text === null) return null
  const entity = jsonOf(text)
  const facts: Record<string, unknown> = {}
  if (isObject(entity))
    for (const field of fields) if (Object.hasOwn(entity, field)) facts[field] = entity[field]
  return facts
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
