/**
 * Public keys written as JSON (RFC 7517): read with the checks RFC 7518 asks for.
 *
 * Guarantees: a key that says it is for something other than verifying signatures, has a private part or a shared secret, or is
 * too weak is no key here.
 */
import { createPublicKey, type JsonWebKeyInput, type KeyObject } from 'node:crypto'
import { algorithm, algorithmsOf, fits } from './algorithms.ts'
import { isPredictable } from './roca.ts'

export interface PublicJwk {
  readonly kid: string | null
  /** The only algorithm it is for, or null. */
  readonly alg: string | null
  readonly kty: 'RSA' | 'EC' | 'OKP'
  readonly key: KeyObject
}

const FAMILIES = {
  RSA: algorithmsOf('rsa', 'pss'),
  EC: algorithmsOf('ecdsa'),
  OKP: algorithmsOf('eddsa'),
} as const

/** Algorithms that keys of the type may be used with. */
export function algorithmsOfType(kty: 'RSA' | 'EC' | 'OKP'): ReadonlySet<string> {
  return FAMILIES[kty]
}

/** Fields that each type is made of; no others reach the parser. */
const PARTS = { RSA: ['n', 'e'], EC: ['crv', 'x', 'y'], OKP: ['crv', 'x'] } as const

/** Reads a key; null when it is none to verify signatures with. */
export function readPublicJwk(json: unknown): PublicJwk | null {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return null
  const jwk = json as Readonly<Record<string, unknown>>
  const { kty, alg = null, kid = null, use = 'sig', key_ops: uses = ['verify'] } = jwk
  if (kty !== 'RSA' && kty !== 'EC' && kty !== 'OKP') return null
  if (use !== 'sig' || !Array.isArray(uses) || !uses.includes('verify') || 'd' in jwk || 'k' in jwk)
    return null
  if (kid !== null && typeof kid !== 'string') return null
  if (alg !== null && (typeof alg !== 'string' || !FAMILIES[kty].has(alg))) return null
  const parts = PARTS[kty].map(name => [name, jwk[name]])
  if (parts.some(([, value]) => typeof value !== 'string' || value.length > 1400)) return null
  try {
    const key = createPublicKey({
      key: Object.fromEntries([['kty', kty], ...parts]) as JsonWebKeyInput['key'],
      format: 'jwk',
    })
    const usable = [...FAMILIES[kty]].some(
      name => (alg === null || alg === name) && fits(algorithm(name)!, key),
    )
    return usable && !isPredictable(key) ? { kid, alg, kty, key } : null
  } catch {
    return null
  }
}

/** Whether the key verifies tokens signed in this way. */
export function verifiesWith({ alg, kty, key }: PublicJwk, name: string): boolean {
  const facts = algorithm(name)
  return facts !== null && (alg === null || alg === name) && FAMILIES[kty].has(name) && fits(facts, key)
}
