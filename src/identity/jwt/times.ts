/** When a token is good (RFC 7519, 4.1.4 to 4.1.6). */
import { type Claims, claimOf } from './jws.ts'

export type TimeFault = 'expired' | 'not yet valid' | 'issued in the future' | 'malformed time'

/** Why the token is not good at `now`, or null. Seconds since the epoch; `leeway` is what clocks may differ. */
export function timeFault(claims: Claims, now: number, leeway: number): TimeFault | null {
  const end = numericDate(claims, 'exp')
  const start = numericDate(claims, 'nbf')
  const issued = numericDate(claims, 'iat')
  if (end === null || start === null || issued === null) return 'malformed time'
  if (end !== undefined && now - leeway > end) return 'expired'
  if (start !== undefined && now + leeway < start) return 'not yet valid'
  if (issued !== undefined && now + leeway < issued) return 'issued in the future'
  return null
}

/** Seconds between issue and end; null when the token does not say both. */
export function lifespan(claims: Claims): number | null {
  const end = numericDate(claims, 'exp')
  const issued = numericDate(claims, 'iat')
  return typeof end === 'number' && typeof issued === 'number' ? end - issued : null
}

/** Undefined: absent. Null: there, but no time. */
function numericDate(claims: Claims, name: string): number | null | undefined {
  const value = claimOf(claims, name)
  if (value === undefined) return undefined
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}
