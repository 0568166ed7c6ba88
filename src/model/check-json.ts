/**
 * Refuses JSON that would hurt whoever walks it: too deep, too many values, or keys that reach prototypes.
 * Guarantees that what passes can be copied field by field and visited recursively.
 */
import type { SchemaFault } from '../schema/index.ts'

export interface JsonLimits {
  /** Deepest nesting of objects and arrays. */
  readonly maxDepth: number
}

export const defaultJsonLimits: JsonLimits = { maxDepth: 100 }

/** The first fault of `value`, or null. Never throws, whatever the depth. */
export function checkJson(value: unknown, limits: JsonLimits = defaultJsonLimits): SchemaFault | null {
  return visit(value, '', limits.maxDepth)
}

function visit(value: unknown, path: string, depthLeft: number): SchemaFault | null {
  if (typeof value !== 'object' || value === null) return null
  if (depthLeft <= 0) return { path, message: 'The value is nested too deeply' }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const fault = visit(value[i], path === '' ? `${i}` : `${path}.${i}`, depthLeft - 1)
      if (fault !== null) return fault
    }
    return null
  }
  for (const key of Object.keys(value)) {
    const child: unknown = (value as Record<string, unknown>)[key]
    const at = path === '' ? key : `${path}.${key}`
    if (key === '__proto__') return { path: at, message: 'The key __proto__ is not accepted' }
    if (
      key === 'constructor' &&
      typeof child === 'object' &&
      child !== null &&
      Object.hasOwn(child, 'prototype')
    )
      return { path: at, message: 'The key constructor is not accepted here' }
    const fault = visit(child, at, depthLeft - 1)
    if (fault !== null) return fault
  }
  return null
}
