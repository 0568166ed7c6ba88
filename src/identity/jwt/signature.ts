/**
 * Signatures of JSON Web Tokens (RFC 7518).
 *
 * Guarantees: the kind of key decides which algorithms are looked at, never the token alone: a secret verifies HMAC, a public
 * key of RSA only RSA, one of a curve only the algorithm of that curve. `none` is no algorithm.
 */
import { createHmac, type KeyObject, timingSafeEqual, verify } from 'node:crypto'
import type { Jws } from './jws.ts'

const HMAC: ReadonlyMap<string, string> = new Map([
  ['HS256', 'sha256'],
  ['HS384', 'sha384'],
  ['HS512', 'sha512'],
])

const RSA: ReadonlyMap<string, string> = new Map([
  ['RS256', 'sha256'],
  ['RS384', 'sha384'],
  ['RS512', 'sha512'],
])

/** Algorithm → hash and curve (RFC 7518, 3.4: each has its own). */
const ECDSA: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['ES256', ['sha256', 'prime256v1']],
  ['ES384', ['sha384', 'secp384r1']],
  ['ES512', ['sha512', 'secp521r1']],
])

/** Shortest modulus of an RSA key, bits (RFC 7518, 3.3). */
const LEAST_MODULUS = 2048

/** True when the token says it is signed with a secret: `secretSigned` decides. */
export function isHmac(jws: Jws): boolean {
  return HMAC.has(jws.alg)
}

/** Verifies an HMAC. */
export function secretSigned(jws: Jws, secret: string | Uint8Array): boolean {
  const algorithm = HMAC.get(jws.alg)
  if (algorithm === undefined || secret.length === 0) return false
  const expected = createHmac(algorithm, secret).update(jws.signed).digest()
  return expected.length === jws.signature.length && timingSafeEqual(expected, jws.signature)
}

/** Verifies the signature of a key pair. False for any key that does not fit the algorithm. */
export function keySigned(jws: Jws, key: KeyObject): boolean {
  if (key.type !== 'public') return false
  const { asymmetricKeyDetails: details } = key
  const signed = Buffer.from(jws.signed)
  if (key.asymmetricKeyType === 'rsa') {
    const algorithm = RSA.get(jws.alg)
    if (algorithm === undefined || (details?.modulusLength ?? 0) < LEAST_MODULUS) return false
    return verify(algorithm, signed, key, jws.signature)
  }
  if (key.asymmetricKeyType !== 'ec') return false
  const [algorithm, curve] = ECDSA.get(jws.alg) ?? []
  if (algorithm === undefined || details?.namedCurve !== curve) return false
  return verify(algorithm, signed, { key, dsaEncoding: 'ieee-p1363' }, jws.signature)
}
