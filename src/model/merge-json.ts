import { isObject } from './types/shape.ts'

/** Objects are merged, anything else replaces, null included. */
export function mergeJson(before: unknown, change: unknown): unknown {
  if (!isObject(before) || !isObject(change)) return change
  const result: Record<string, unknown> = { ...before }
  for (const [key, value] of Object.entries(change)) {
    // Assigning it would set the prototype; the check of the entity refuses it by name.
    if (key === '__proto__') Object.defineProperty(result, key, { value, enumerable: true })
    else result[key] = Object.hasOwn(before, key) ? mergeJson(before[key], value) : value
  }
  return result
}
