/**
 * A signed JSON Web Token in compact form (RFC 7515, RFC 7519), read but not verified.
 *
 * Guarantees: a token is bounded in length, strict base64url, with a header and claims that are JSON objects. Nothing it says
 * may be believed before `signature.ts` has verified it.
 */

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

const BASE64URL = /^[A-Za-z0-9_-]+$/

/** Reads a token; null when it is none, or one that asks for extensions (`crit`, RFC 7515, 4.1.11). */
export function readJws(text: string): Jws | null {
  if (text.length > LONGEST_TOKEN) return null
  const first = text.indexOf('.')
  const last = text.lastIndexOf('.')
  if (first <= 0 || last === first || text.indexOf('.', first + 1) !== last) return null
  const header = readPart(text.slice(0, first))
  const claims = header === null ? null : readPart(text.slice(first + 1, last))
  const signature = text.slice(last + 1)
  if (header === null || claims === null || !BASE64URL.test(signature)) return null
  const alg = claimOf(header, 'alg')
  const kid = claimOf(header, 'kid')
  if (typeof alg !== 'string' || Object.hasOwn(header, 'crit')) return null
  return {
    alg,
    kid: typeof kid === 'string' ? kid : null,
    claims,
    signed: text.slice(0, last),
    signature: Buffer.from(signature, 'base64url'),
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

function readPart(part: string): Claims | null {
  if (!BASE64URL.test(part)) return null
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : null
  } catch {
    return null
  }
}
