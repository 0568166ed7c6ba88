/**
 * Where the history lies: `<root>:history:log:<n>` holds the record of a change, `<root>:history:of:<entity>:<n>` the
 * entity before and after it. Upstream reads neither. `<n>` counts down, so that a scan meets the latest change first.
 */
import { createHash } from 'node:crypto'

const digits = String(Number.MAX_SAFE_INTEGER).length
/** Longer keys of entities are hashed: the keys of some stores are short. */
const longestPlace = 400

/** Changes of one millisecond that have numbers of their own; more take those of the next one. */
export const numbersPerMillisecond = 1024

export class HistoryKeys {
  readonly #root: string
  /** Prefix of all records. */
  readonly log: string

  constructor(root: string) {
    this.#root = root
    this.log = `${root}:history:log:`
  }

  /** The key of an entity without the root. */
  placeOf(key: string): string {
    return key.slice(this.#root.length + 1)
  }

  record(number: number): string {
    return this.log + down(number)
  }

  /** Prefix of the states of one entity. Its length keeps `a` and `a:b` apart. */
  statesOf(place: string): string {
    const name =
      place.length > longestPlace
        ? `#${createHash('sha256').update(place).digest('base64url')}`
        : `${place.length}:${place}`
    return `${this.#root}:history:of:${name}:`
  }

  states(place: string, number: number): string {
    return this.statesOf(place) + down(number)
  }
}

/** True for a key of the history. */
export function isHistoryKey(root: string, key: string): boolean {
  return key.startsWith(`${root}:history:`)
}

/** The number at the end of a key, or null. */
export function numberIn(key: string): number | null {
  const text = key.slice(-digits)
  return /^\d+$/.test(text) && text.length === digits ? Number.MAX_SAFE_INTEGER - Number(text) : null
}

function down(number: number): string {
  return String(Number.MAX_SAFE_INTEGER - number).padStart(digits, '0')
}

/** Makes numbers that grow with time. Those of other instances differ but for a rare case, which the store refuses. */
export class ChangeNumbers {
  #last = 0

  next(now: number): number {
    const offset = Math.floor(Math.random() * (numbersPerMillisecond / 2))
    this.#last = Math.max(this.#last + 1, now * numbersPerMillisecond + offset)
    return this.#last
  }
}
