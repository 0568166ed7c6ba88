/** Algorithms of RFC 9421, 3.3, and the keys that fit them. */
import {
  constants,
  createHmac,
  type KeyObject,
  sign,
  type SignKeyObjectInput,
  timingSafeEqual,
  verify,
} from 'node:crypto'

interface Facts {
  /** Types of keys as Node names them. */
  readonly types: readonly string[]
  readonly hash: string | null
  readonly curve?: string
  readonly options?: Omit<SignKeyObjectInput, 'key'>
}

const facts = {
  'hmac-sha256': { types: ['secret'], hash: 'sha256' },
  'rsa-pss-sha512': {
    types: ['rsa-pss', 'rsa'],
    hash: 'sha512',
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 },
  },
  'rsa-v1_5-sha256': { types: ['rsa'], hash: 'sha256', options: { padding: constants.RSA_PKCS1_PADDING } },
  'ecdsa-p256-sha256': {
    types: ['ec'],
    hash: 'sha256',
    curve: 'prime256v1',
    options: { dsaEncoding: 'ieee-p1363' },
  },
  'ecdsa-p384-sha384': {
    types: ['ec'],
    hash: 'sha384',
    curve: 'secp384r1',
    options: { dsaEncoding: 'ieee-p1363' },
  },
  ed25519: { types: ['ed25519'], hash: null },
} as const satisfies Record<string, Facts>

export type Algorithm = keyof typeof facts

/** All of them, in the order of the RFC. */
export const algorithms = Object.keys(facts) as Algorithm[]

const LEAST_MODULUS = 2048
const MOST_MODULUS = 8192

/** Whether the key may be used for the algorithm: by its type, size and curve. */
export function keyFits(algorithm: Algorithm, key: KeyObject): boolean {
  const { types, curve }: Facts = facts[algorithm]
  if (key.type === 'secret') return types[0] === 'secret' && (key.symmetricKeySize ?? 0) > 0
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: details } = key
  if (!types.includes(type)) return false
  if (type === 'ec') return details?.namedCurve === curve
  if (type === 'ed25519') return true
  const { modulusLength = 0, publicExponent = 0n } = details ?? {}
  // With 1 as exponent everything is its own signature.
  return modulusLength >= LEAST_MODULUS && modulusLength <= MOST_MODULUS && publicExponent > 1n
}

/** Signs. Throws when the key does not fit. */
export function signs(algorithm: Algorithm, key: KeyObject, base: string): Buffer {
  if (!keyFits(algorithm, key)) throw new Error(`the key does not fit ${algorithm}`)
  const { hash, options }: Facts = facts[algorithm]
  const bytes = Buffer.from(base, 'latin1')
  if (key.type === 'secret') return createHmac('sha256', key).update(bytes).digest()
  return sign(hash, bytes, { key, ...options })
}

/** True when `signature` is that of `base`. A key that does not fit verifies nothing. */
export function verifies(algorithm: Algorithm, key: KeyObject, base: string, signature: Uint8Array): boolean {
  if (!keyFits(algorithm, key)) return false
  const { hash, options }: Facts = facts[algorithm]
  const bytes = Buffer.from(base, 'latin1')
  if (key.type !== 'secret') return verify(hash, bytes, { key, ...options }, signature)
  const expected = createHmac('sha256', key).update(bytes).digest()
  return signature.length === expected.length && timingSafeEqual(expected, signature)
}
