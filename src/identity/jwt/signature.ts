/**
 * Signatures of JSON Web Tokens (RFC 7518).
 *
 * Guarantees: the kind of key decides which algorithms are looked at, never the token alone: a secret verifies HMAC, a public
 * key of RSA only RSA, one of a curve only the algorithm of that curve. `none` is no algorithm.
 */
import {
  constants,
  createHmac,
  createSecretKey,
  type KeyObject,
  sign as signBytes,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import { algorithm, type AlgorithmFacts, algorithmsOf, fits } from './algorithms.ts'
import type { Jws } from './jws.ts'

type Signed = Pick<Jws, 'alg' | 'signed' | 'signature'>

/** Algorithms of key pairs that stand for API keys. */
const FOR_API_KEYS = algorithmsOf('rsa', 'ecdsa')

/** True when the token says it is signed with a secret: `secretSigned` decides. */
export function isHmac(jws: Signed): boolean {
  return algorithm(jws.alg)?.family === 'hmac'
}

/** Verifies an HMAC. */
export function secretSigned(jws: Signed, secret: string | Uint8Array): boolean {
  if (!isHmac(jws) || secret.length === 0) return false
  return signedWith(jws, createSecretKey(typeof secret === 'string' ? Buffer.from(secret) : secret))
}

/** Verifies the signature of a key pair that stands for an API key: RS or ES. False for any key that does not fit. */
export function keySigned(jws: Signed, key: KeyObject): boolean {
  return FOR_API_KEYS.has(jws.alg) && key.type === 'public' && signedWith(jws, key)
}

/** Whether `key`, a public one or a secret, verifies the signature. False for any key that does not fit the algorithm. */
export function signedWith({ alg, signed, signature }: Signed, key: KeyObject): boolean {
  const facts = algorithm(alg)
  if (facts === null || key.type === 'private' || !fits(facts, key)) return false
  if (facts.length !== null && signature.length !== facts.length) return false
  if (facts.family === 'hmac') {
    const expected = createHmac(facts.hash!, key).update(signed).digest()
    return timingSafeEqual(expected, signature)
  }
  return verify(facts.hash, Buffer.from(signed), formOf(facts, key), signature)
}

/** Signs. Throws when the key does not fit the algorithm. */
export function signatureOf(alg: string, text: string, key: KeyObject): Buffer {
  const facts = algorithm(alg)
  if (facts === null || key.type === 'public' || !fits(facts, key))
    throw new Error(`the key does not fit the algorithm ${alg}`)
  if (facts.family === 'hmac') return createHmac(facts.hash!, key).update(text).digest()
  return signBytes(facts.hash, Buffer.from(text), formOf(facts, key))
}

/** The key with what RFC 7518, 3.4 and 3.5 say of signatures: both halves side by side, salts as long as the hash. */
function formOf({ family }: AlgorithmFacts, key: KeyObject) {
  if (family === 'ecdsa') return { key, dsaEncoding: 'ieee-p1363' as const }
  if (family !== 'pss') return { key }
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
}
