/**
 * RSA keys that a chip made badly (CVE-2017-15361): whoever has the public half finds the private one.
 *
 * Such a modulus is a power of 65537 modulo every small prime; any other key is so by chance once in some hundred million.
 */
import type { KeyObject } from 'node:crypto'

const GENERATOR = 65537
const PRIMES = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157]

/** Remainders that powers of the generator have, by prime. */
const powers: ReadonlyMap<number, ReadonlySet<number>> = new Map(
  PRIMES.map(prime => [prime, powersModulo(prime)]),
)

/** True for an RSA key of that kind. Keys of other types never are. */
export function isPredictable(key: KeyObject): boolean {
  if (key.asymmetricKeyType !== 'rsa') return false
  const { n = '' } = key.export({ format: 'jwk' })
  const modulus = BigInt(`0x0${Buffer.from(n, 'base64url').toString('hex')}`)
  return PRIMES.every(prime => powers.get(prime)!.has(Number(modulus % BigInt(prime))))
}

function powersModulo(prime: number): ReadonlySet<number> {
  const found = new Set<number>()
  for (let power = 1; !found.has(power); power = (power * GENERATOR) % prime) found.add(power)
  return found
}
