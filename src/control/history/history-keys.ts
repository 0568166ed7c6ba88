/**
 * Where the history lies. Upstream reads none of it.
 *
 * - `<root>:history:log:<n>`: the record of a change;
 * - `<root>:history:of:<entity>:<n>`: that the change is one of this entity, and its part in an import;
 * - `<root>:history:state:<n>:<entity>`: the entity before and after.
 *
 * `<n>` counts down, so that a scan meets the latest change first. Lists read none of the states, which may be large.
 */
import { createHash } from 'node:crypto'

const digits = String(Number.MAX_SAFE_INTEGER).length
/** Longer keys of entities are hashed: the keys of some stores are short. */
const longestPlace = 400

/** Changes of one millisecond that have numbers of their own; more take those of the next one. */
export const numbersPerMillisecond = 1024

/** Place that stands for the imports of an instance. No entity has it: keys of entities hold a colon or a name. */
export const importsPlace = '*'

export class HistoryKeys {
  readonly root: string
  /** Prefix of all records. */
  readonly log: string
  /** Prefix of what is kept by entity. */
  readonly changes: string

  constructor(root: string) {
    this.root = root
    this.log = `${root}:history:log:`
    this.changes = `${root}:history:of:`
  }

  /** The key of an entity without the root. */
  placeOf(key: string): string {
    return key.slice(this.root.length + 1)
  }

  /** The key of the entity at a place. */
  keyAt(place: string): string {
    return `${this.root}:${place}`
  }

  record(number: number): string {
    return this.log + down(number)
  }

  /** Prefix of the changes of one entity. Its length keeps `a` and `a:b` apart. */
  changesOf(place: string): string {
    return `${this.changes}${nameOf(place)}:`
  }

  change(place: string, number: number): string {
    return this.changesOf(place) + down(number)
  }

  /** Prefix of the states of one change: as many as entities were changed. */
  statesOf(number: number): string {
    return `${this.root}:history:state:${down(number)}:`
  }

  state(place: string, number: number): string {
    return this.statesOf(number) + nameOf(place)
  }

  /** The key of the state that belongs to a key made by `change`. */
  stateBehind(change: string, number: number): string {
    return this.statesOf(number) + change.slice(this.changes.length, -digits - 1)
  }
}

function nameOf(place: string): string {
  return place.length > longestPlace
    ? `#${createHash('sha256').update(place).digest('base64url')}`
    : `${place.length}:${place}`
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
