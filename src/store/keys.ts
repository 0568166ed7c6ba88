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
  const value = change.value
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

/** The number a counter holds. Throws a TypeError when the key holds something else. */
export function counterOf(key: string, value: string | null): number {
  if (value === null) return 0
  const number = Number(value)
  if (!/^-?\d{1,16}$/.test(value) || !Number.isSafeInteger(number))
    throw new TypeError(`${key} does not hold a counter`)
  return number
}
