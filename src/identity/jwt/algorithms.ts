/**
 * Algorithms of signatures (RFC 7518, 3; RFC 8037; RFC 9864) and the keys that fit them.
 *
 * Guarantees: the list is closed and `none` is not on it; a key fits an algorithm by its type, size and curve, so that neither a
 * public key is ever taken for a secret nor one curve for another.
 */
import type { KeyObject } from 'node:crypto'

export type Family = 'hmac' | 'rsa' | 'pss' | 'ecdsa' | 'eddsa'

export interface AlgorithmFacts {
  readonly family: Family
  /** Hash; null where the curve brings its own. */
  readonly hash: string | null
  /** Bytes of a signature, when they do not depend on the key. */
  readonly length: number | null
  /** Curve as Node names it, or the type of an Edwards key; null for others. */
  readonly curve: string | null
}

const facts = (family: Family, hash: string | null, length: number | null, curve: string | null = null) => ({
  family,
  hash,
  length,
  curve,
})

const known: ReadonlyMap<string, AlgorithmFacts> = new Map([
  ['HS256', facts('hmac', 'sha256', 32)],
  ['HS384', facts('hmac', 'sha384', 48)],
  ['HS512', facts('hmac', 'sha512', 64)],
  ['RS256', facts('rsa', 'sha256', null)],
  ['RS384', facts('rsa', 'sha384', null)],
  ['RS512', facts('rsa', 'sha512', null)],
  ['PS256', facts('pss', 'sha256', null)],
  ['PS384', facts('pss', 'sha384', null)],
  ['PS512', facts('pss', 'sha512', null)],
  ['ES256', facts('ecdsa', 'sha256', 64, 'prime256v1')],
  ['ES384', facts('ecdsa', 'sha384', 96, 'secp384r1')],
  ['ES512', facts('ecdsa', 'sha512', 132, 'secp521r1')],
  ['EdDSA', facts('eddsa', null, 64, 'ed25519')],
  ['Ed25519', facts('eddsa', null, 64, 'ed25519')],
])

/** Shortest modulus of an RSA key, bits (RFC 7518, 3.3), and the longest that is computed with. */
const LEAST_MODULUS = 2048
const MOST_MODULUS = 8192

/** What an algorithm is; null for one that is not known, `none` included. */
export function algorithm(name: string): AlgorithmFacts | null {
  return known.get(name) ?? null
}

/** Names of the algorithms of these families. */
export function algorithmsOf(...families: readonly Family[]): ReadonlySet<string> {
  return new Set([...known].filter(([, { family }]) => families.includes(family)).map(([name]) => name))
}

/** Whether the key may be used for the algorithm. Public, private and secret keys are judged alike. */
export function fits({ family, curve }: AlgorithmFacts, key: KeyObject): boolean {
  if (family === 'hmac') return key.type === 'secret' && (key.symmetricKeySize ?? 0) > 0
  if (key.type === 'secret') return false
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  switch (family) {
    case 'rsa':
    case 'pss':
      return type === 'rsa' && soundRsa(details?.modulusLength ?? 0, details?.publicExponent ?? 0n)
    case 'ecdsa':
      return type === 'ec' && details?.namedCurve === curve
    case 'eddsa':
      return type === curve
  }
}

// With 1 as exponent everything is its own signature.
function soundRsa(modulus: number, exponent: bigint): boolean {
  return modulus >= LEAST_MODULUS && modulus <= MOST_MODULUS && exponent > 1n && exponent % 2n === 1n
}
