/** What all drivers agree on about keys and values. */
import type { Change } from './contract.ts'

/** Largest value, in UTF-16 units. */
export const maxValueLength = 128 * 1024 * 1024
/** Largest key, in UTF-16 units. */
export const maxKeyLength = 4096

/** Throws a RangeError when a driver could not give the key back as it is. */
export function checkKey(key: string): void {
  if (key === '' || key.length > maxKeyLength)
    throw new RangeError(`a key has 1 to ${maxKeyLength} characters`)
  if (!key.isWellFormed() || key.includes('\u0000'))
    throw new RangeError('a key holds neither NUL nor half characters')
}

/** Throws a RangeError when a change cannot be stored as it is. */
export function checkChange(change: Change): void {
  checkKey(change.key)
  const { value, expiresAt } = change
  // Anything else might be stored as "never expires".
  if (expiresAt !== undefined && (!Number.isSafeInteger(expiresAt) || expiresAt < 0))
    throw new RangeError(`the expiry of ${change.key} is not a time in milliseconds`)
  if (value === null) return
  if (value.length > maxValueLength) throw new RangeError(`the value of ${change.key} is too large`)
  if (!value.isWellFormed() || value.includes('\u0000'))
    throw new RangeError(`the value of ${change.key} holds NUL or half characters`)
}

/** Order of keys: that of their code points, which is also that of their UTF-8 bytes. */
export function compareKeys(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

// UTF-16 puts surrogates (characters beyond U+FFFF) before U+E000..U+FFFF; code point order puts them after.
function rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000
}

/** An increment that cannot be made: the key holds something else, or the number would lose its last digits. */
export class CounterRefused extends TypeError {
  constructor(message: string) {
    super(message)
    this.name = 'CounterRefused'
  }
}

/** The counter held in `value`, plus `by`. Throws `CounterRefused`. */
export function addTo(key: string, value: string | null, by: number): number {
  const before = value === null ? 0 : Number(value)
  if (value !== null && (!/^-?\d{1,16}$/.test(value) || !Number.isSafeInteger(before)))
    throw new CounterRefused(`${key} does not hold a counter`)
  const after = before + by
  if (!Number.isSafeInteger(after)) throw new CounterRefused(`${key} cannot count to ${after}`)
  return after
}

/** When a counter made now expires, epoch milliseconds, 0 for never. Throws a RangeError for a bad `ttl`. */
export function expiryOf(ttl: number): number {
  if (!Number.isSafeInteger(ttl) || ttl < 0) throw new RangeError('a time to live is whole milliseconds')
  return ttl === 0 ? 0 : Date.now() + ttl
}
