import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { consistentPlace, placeOf, stringHash } from './hash.ts'
import { seeded } from './testing/balancing.ts'

/**
 * Computed with another program (arbitrary integers, its MurmurHash3 checked against the published vectors of
 * murmur3_x86_32): text, hash, place among 1, 2, 3, 10, 1000 and 1 000 003.
 */
const texts: readonly (readonly [string, number, readonly number[]])[] = [
  ['', 377927480, [0, 1, 2, 7, 560, 908806]],
  ['a', -1454233464, [0, 1, 1, 8, 525, 363470]],
  ['ab', -1952917201, [0, 1, 2, 2, 700, 395816]],
  ['abc', -112296174, [0, 0, 2, 7, 807, 320230]],
  ['session-id', -1154081549, [0, 0, 0, 0, 800, 520458]],
  ['192.168.1.10', 2044127899, [0, 0, 0, 3, 723, 53276]],
  ['2001:db8::1', 1234986346, [0, 1, 1, 7, 221, 411089]],
  ['é€😀', 499477130, [0, 0, 0, 7, 717, 983393]],
  ['otoroshi-tracking-0123456789', -878959205, [0, 0, 0, 0, 162, 382297]],
  ['x'.repeat(1000), -2104765868, [0, 0, 2, 2, 56, 488148]],
]
const sizes = [1, 2, 3, 10, 1000, 1_000_003]

/** Numbers, and their places among 1, 10, 1000 and 2^31 - 1. */
const numbers: readonly (readonly [number, readonly number[]])[] = [
  [0, [0, 0, 0, 0]],
  [1, [0, 6, 549, 262355607]],
  [-1, [0, 9, 313, 699554662]],
  [42, [0, 2, 571, 1603940301]],
  [2147483647, [0, 9, 231, 1876666846]],
  [-2147483648, [0, 2, 185, 665541240]],
  [123456789, [0, 7, 294, 1234790967]],
]

/** The published algorithm over arbitrary integers, with the overflow of its Java form. */
function jump(key: number, places: number): number {
  let state = BigInt.asUintN(64, BigInt(key))
  let candidate = 0
  for (;;) {
    state = BigInt.asUintN(64, state * 2862933555777941757n + 1n)
    const drawn = Number(BigInt.asIntN(32, (state >> 33n) + 1n)) / 2 ** 31
    const next = Math.trunc((candidate + 1) / drawn)
    if (next < 0 || next >= places) return candidate
    candidate = next
  }
}

describe('hashes', () => {
  it('are those of upstream', () => {
    for (const [text, hash, places] of texts) {
      assert.equal(stringHash(text), hash, text)
      assert.deepEqual(
        sizes.map(size => placeOf(text, size)),
        places,
        text,
      )
    }
    for (const [number, places] of numbers)
      assert.deepEqual(
        [1, 10, 1000, 2 ** 31 - 1].map(size => consistentPlace(number, size)),
        places,
      )
  })

  it('agree with published results of jump consistent hashing', () => {
    assert.equal(consistentPlace(1, 1), 0)
    assert.equal(consistentPlace(42, 57), 43)
    assert.equal(consistentPlace(256, 1024), 520)
  })

  it('agree with arbitrary integers on a hundred thousand inputs', () => {
    const random = seeded(7)
    for (let i = 0; i < 100_000; i++) {
      const key = Math.floor(random() * 2 ** 32) | 0
      const places = 1 + Math.floor(random() ** 8 * 2 ** 31)
      assert.equal(consistentPlace(key, places), jump(key, places), `${key} in ${places}`)
    }
  })

  it('move only what the place that is added takes', () => {
    let moved = 0
    for (let i = 0; i < 10_000; i++) {
      const [before, after] = [placeOf(`client-${i}`, 9), placeOf(`client-${i}`, 10)]
      if (before === after) continue
      assert.equal(after, 9)
      moved++
    }
    assert.ok(moved > 850 && moved < 1150, `${moved} of 10 000 moved`)
  })
})
