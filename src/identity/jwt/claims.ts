/** What a token must hold, and what becomes of its claims. */
import { type Claims, claimOf } from './jws.ts'

/** Whether a claim has the value: as text, or as the text of a number or a flag; `aud` may be a list that holds it (RFC 7519, 4.1.3). */
export function claimIs(claims: Claims, name: string, expected: string): boolean {
  const value = claimOf(claims, name)
  if (name === 'aud' && Array.isArray(value)) return value.includes(expected)
  return plain(value) === expected
}

/** Whether a claim is a list that holds every one of the values, which are separated by commas. */
export function claimHolds(claims: Claims, name: string, expected: string): boolean {
  const value = claimOf(claims, name)
  if (!Array.isArray(value)) return false
  const texts = value.map(plain)
  const wanted = expected
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
  return wanted.length > 0 && wanted.every(part => texts.includes(part))
}

/** A text, or that of a number or a flag; undefined for anything else. */
export function plain(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** The claims with other names, further values and without some: in this order. `rename`: old name → new name. */
export function mapClaims(
  claims: Claims,
  rename: Readonly<Record<string, string>>,
  values: Readonly<Record<string, unknown>>,
  remove: readonly string[],
): Claims {
  const made = new Map<string, unknown>(Object.entries(claims))
  for (const [from, to] of Object.entries(rename)) {
    if (!Object.hasOwn(claims, from) || from === to) continue
    made.delete(from)
  }
  for (const [from, to] of Object.entries(rename)) if (Object.hasOwn(claims, from)) made.set(to, claims[from])
  for (const [name, value] of Object.entries(values)) made.set(name, value)
  for (const name of remove) made.delete(name)
  return Object.fromEntries(made)
}

/** The value at a dotted path; undefined when there is none. */
export function claimAt(claims: Claims, path: string): unknown {
  let value: unknown = claims
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}
