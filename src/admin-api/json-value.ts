/** Comparing and copying JSON values. Values are no deeper than `checkJson` allows, so recursion is safe. */

/** Equality of JSON values: order of keys does not matter. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, i) => equalJson(item, b[i]))
  }
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>]
  return keys.every(key => Object.hasOwn(y, key) && equalJson(x[key], y[key]))
}

/** A deep copy; own `__proto__` keys stay own keys. */
export function copyJson<T>(value: T): T {
  return typeof value === 'object' && value !== null ? (JSON.parse(JSON.stringify(value)) as T) : value
}

/** Number of values inside `value`, itself included; stops counting above `limit`. */
export function sizeOfJson(value: unknown, limit: number): number {
  if (typeof value !== 'object' || value === null) return 1
  let size = 1
  for (const child of Object.values(value)) {
    size += sizeOfJson(child, limit - size)
    if (size > limit) break
  }
  return size
}
