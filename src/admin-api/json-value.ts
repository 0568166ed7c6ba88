/** Comparing and copying JSON values. Values are no deeper than `checkJson` allows, so recursion is safe. */

export { equalJson } from '../model/equal-json.ts'

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
