/**
 * Refuses JSON that would hurt whoever walks it: too deep, too many values, numbers that cannot be written back, or keys
 * that reach prototypes. Guarantees that what passes can be copied field by field and visited recursively.
 */
import type { SchemaFault } from '../schema/index.ts'

export interface JsonLimits {
  /** Deepest nesting of objects and arrays. */
  readonly maxDepth: number
  /** Most values: every field and item counts, at any depth. */
  readonly maxValues: number
}

export const defaultJsonLimits: JsonLimits = { maxDepth: 100, maxValues: 500_000 }

/** The first fault of `value`, or null. Never throws, whatever the depth. */
export function checkJson(value: unknown, limits: JsonLimits = defaultJsonLimits): SchemaFault | null {
  return inspectJson(value, limits).fault
}

/** The first fault of `value`, and how many values it holds (as far as it was looked at). */
export function inspectJson(
  value: unknown,
  limits: JsonLimits = defaultJsonLimits,
): { readonly fault: SchemaFault | null; readonly values: number } {
  const left = { values: limits.maxValues }
  const fault = visit(value, '', limits.maxDepth, left)
  return { fault, values: limits.maxValues - left.values }
}

interface Budget {
  values: number
}

function visit(value: unknown, path: string, depthLeft: number, left: Budget): SchemaFault | null {
  if (--left.values < 0) return { path: '', message: 'Too many values' }
  if (typeof value === 'number' && !Number.isFinite(value))
    return { path, message: 'The number is too great' }
  if (typeof value !== 'object' || value === null) return null
  if (depthLeft <= 0) return { path, message: 'The value is nested too deeply' }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const fault = visit(value[i], path === '' ? `${i}` : `${path}.${i}`, depthLeft - 1, left)
      if (fault !== null) return fault
    }
    return null
  }
  for (const key of Object.keys(value)) {
    const child: unknown = (value as Record<string, unknown>)[key]
    const at = path === '' ? key : `${path}.${key}`
    if (key === '__proto__') return { path: at, message: 'The key __proto__ is not accepted' }
    if (key === 'constructor' && reachesPrototype(child))
      return { path: at, message: 'The key constructor is not accepted here' }
    const fault = visit(child, at, depthLeft - 1, left)
    if (fault !== null) return fault
  }
  return null
}

function reachesPrototype(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
}
