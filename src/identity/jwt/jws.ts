/**
 * A signed JSON Web Token in compact form (RFC 7515, RFC 7519), read but not verified.
 *
 * Guarantees: a token is bounded in length, its base64url has one spelling, header and claims are JSON objects in UTF-8 that
 * name nothing twice. Nothing it says may be believed before `signature.ts` has verified it; a key it brings along (`jwk`,
 * `jku`, `x5c`, `x5u`) is never looked at.
 */
import { isUtf8 } from 'node:buffer'
import { readObject } from './unambiguous-json.ts'

/** Characters of the longest token that is looked at. */
export const LONGEST_TOKEN = 16_384

export type Claims = Readonly<Record<string, unknown>>

export interface Jws {
  readonly alg: string
  /** Name of the key that signed, or null. */
  readonly kid: string | null
  readonly claims: Claims
  /** What is signed: header, dot, claims. */
  readonly signed: string
  readonly signature: Buffer
}

/** A compact JWS whose payload may be anything (RFC 7515, 7.1). */
export interface CompactJws {
  readonly alg: string
  readonly kid: string | null
  readonly payload: Buffer
  readonly signed: string
  readonly signature: Buffer
}

const BASE64URL = /^[A-Za-z0-9_-]*$/

/** Reads a token; null when it is none, or one that asks for extensions (`crit`, RFC 7515, 4.1.11). */
export function readJws(text: string): Jws | null {
  const compact = readCompact(text)
  const claims = compact === null ? null : objectIn(compact.payload)
  if (compact === null || claims === null) return null
  const { payload: _payload, ...rest } = compact
  return { ...rest, claims }
}

/** The three parts of a token; null as for `readJws`, except that the payload is not looked at. */
export function readCompact(text: string): CompactJws | null {
  if (text.length > LONGEST_TOKEN) return null
  const [first = '', second = '', third = '', more] = text.split('.', 4)
  if (first === '' || third === '' || more !== undefined) return null
  const header = objectIn(bytesOf(first))
  const payload = header === null ? null : bytesOf(second)
  const signature = payload === null ? null : bytesOf(third)
  if (header === null || payload === null || signature === null) return null
  const alg = claimOf(header, 'alg')
  const kid = claimOf(header, 'kid')
  if (typeof alg !== 'string' || Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return null
  return {
    alg,
    kid: typeof kid === 'string' ? kid : null,
    payload,
    signed: `${first}.${second}`,
    signature,
  }
}

/** A claim, never something every object has. */
export function claimOf(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}

/** A claim that is a text and not empty, else null. */
export function textClaim(claims: Claims, name: string): string | null {
  const value = claimOf(claims, name)
  return typeof value === 'string' && value !== '' ? value : null
}

/** For claims that every request with the token shares: nobody may change them for the others. */
export function freezeClaims(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  Object.freeze(value)
  for (const member of Object.values(value)) freezeClaims(member)
}

function objectIn(bytes: Buffer | null): Claims | null {
  return bytes === null || !isUtf8(bytes) ? null : readObject(bytes.toString('utf8'))
}

/** Null unless this is how these bytes are written: no padding, and bits left over at the end are zero. */
function bytesOf(part: string): Buffer | null {
  if (!BASE64URL.test(part)) return null
  const bytes = Buffer.from(part, 'base64url')
  return bytes.toString('base64url') === part ? bytes : null
}
