/**
 * The hash of the hashing strategies, bit for bit upstream's, so that a client keeps its target when a gateway is
 * replaced by another: Scala's string MurmurHash3, then Guava's consistent hashing over the number of places.
 */
import { stringHash } from '../../plugin/string-hash.ts'

export { stringHash }

/** 2862933555777941757 in halves and its low half in quarters. */
const MULTIPLIER_HIGH = 0x27bb2ee6
const MULTIPLIER_LOW = 0x87b0b0fd
const M1 = MULTIPLIER_LOW >>> 16
const M0 = MULTIPLIER_LOW & 0xffff

/**
 * A place in 0 … places-1 that moves for only 1/places of the inputs when one place is added at the end. `input` is a
 * 32-bit signed integer, `places` at least 1.
 */
export function consistentPlace(input: number, places: number): number {
  let low = input >>> 0
  let high = input < 0 ? 0xffffffff : 0
  let candidate = 0
  for (;;) {
    // state = state × multiplier + 1, modulo 2^64. Partial products of 16 bits stay exact in a double.
    const l1 = low >>> 16
    const l0 = low & 0xffff
    const bottom = l0 * M0
    const middle = l1 * M0 + (bottom >>> 16)
    const other = l0 * M1 + (middle & 0xffff)
    const carry = l1 * M1 + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000)
    high = (carry + Math.imul(low, MULTIPLIER_HIGH) + Math.imul(high, MULTIPLIER_LOW)) >>> 0
    low = Math.imul(low, MULTIPLIER_LOW) >>> 0
    if (low === 0xffffffff) high = (high + 1) >>> 0
    low = (low + 1) >>> 0
    // The upper 31 bits plus one overflow an int on the other side, which ends the search there.
    const draw = high >>> 1
    if (draw === 0x7fffffff) return candidate
    const next = Math.floor((candidate + 1) / ((draw + 1) / 0x80000000))
    if (next >= places) return candidate
    candidate = next
  }
}

/** Place of a text among `places`. */
export function placeOf(text: string, places: number): number {
  const hash = stringHash(text)
  // The absolute value of -2^31 stays negative in 32 bits, as it does upstream.
  return consistentPlace(hash < 0 ? -hash | 0 : hash, places)
}
