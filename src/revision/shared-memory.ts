/**
 * The memory of `SharedTexts`: four buffers that grow in place, so that whoever has them needs no message about growth.
 *
 * Texts lie in records of eight-byte units, in segments; `entries` holds where the record of each entry is (its unit; 0:
 * none); `slots` are hash tables from ids to entries, of which one is in use: two of each capacity, bigger ones behind
 * the smaller.
 */
export interface SharedTextsMemory {
  readonly texts: SharedArrayBuffer
  readonly entries: SharedArrayBuffer
  readonly slots: SharedArrayBuffer
  /** `HEAD_TABLE`, `HEAD_SEED`, `HEAD_READING`. */
  readonly head: SharedArrayBuffer
}

export const UNIT = 8
/** Bytes of a segment, and its units. No record crosses the end of one. */
export const SEGMENT = 16 * 1024 * 1024
export const SEGMENT_UNITS = SEGMENT / UNIT
/** Bytes in front of a record: length of the id, length of the text, revision, flags and hash; 32 bits each. */
export const RECORD_HEAD = 16
export const ID_IS_LATIN1 = 1
export const TEXT_IS_LATIN1 = 2
export const IS_COMPLETE = 4
/** The other bits of the flags are those of the hash of the id: more than the greatest table needs. */
export const FLAG_BITS = 3

/** Number of the table in use: 2n and 2n+1 are those of the n-th capacity. */
export const HEAD_TABLE = 0
export const HEAD_SEED = 1
/** Not 0 while the store is still being read: what is not there may be there yet. */
export const HEAD_READING = 2

const FIRST_CAPACITY = 1024
/**
 * Slot values: nothing yet, something that is gone, or an entry plus `FIRST_ENTRY` below the highest bits of the hash of its
 * id. Most ids that are not wanted are told apart by those, without a look at their record far away.
 */
export const EMPTY = 0
export const GONE = 1
const FIRST_ENTRY = 2
const ENTRY_BITS = 27

/** Address space, not memory: pages count when they are written. */
const MOST_TEXT = 2 ** 34
const MOST_ENTRIES = 2 ** 26

export function sharedTextsMemory(seed = (Math.random() * 2 ** 32) >>> 0): SharedTextsMemory {
  const head = new SharedArrayBuffer(12)
  new Uint32Array(head)[HEAD_SEED] = seed
  return {
    texts: new SharedArrayBuffer(0, { maxByteLength: MOST_TEXT }),
    entries: new SharedArrayBuffer(4096, { maxByteLength: MOST_ENTRIES * 4 }),
    slots: new SharedArrayBuffer(FIRST_CAPACITY * 4, { maxByteLength: MOST_ENTRIES * 32 }),
    head,
  }
}

/** Table of a number. Its memory must be there. */
export function slotsOf(memory: SharedTextsMemory, table: number): Uint32Array {
  const capacity = capacityOf(table)
  return new Uint32Array(memory.slots, endOfTable(table) - capacity * 4, capacity)
}

/** Bytes of `slots` up to the end of a table. */
export function endOfTable(table: number): number {
  const capacity = capacityOf(table)
  return ((capacity - FIRST_CAPACITY) * 2 + capacity * ((table & 1) + 1)) * 4
}

function capacityOf(table: number): number {
  return FIRST_CAPACITY * 2 ** (table >> 1)
}

/** Hash of an id; the seed differs per process, so that nobody can choose ids that collide. */
export function hashOf(id: string, seed: number): number {
  let hash = seed
  for (let i = 0; i < id.length; i++) {
    hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193)
    hash ^= hash >>> 15
  }
  hash = Math.imul(hash ^ (hash >>> 13), 0x5bd1e995)
  return (hash ^ (hash >>> 15)) >>> FLAG_BITS
}

/** What the slot of an entry holds, by the hash of its id. */
export function slotOf(entry: number, hash: number): number {
  return (((hash >>> (ENTRY_BITS - FLAG_BITS)) << ENTRY_BITS) | (entry + FIRST_ENTRY)) >>> 0
}

/** Entry of a slot that holds one. */
export function entryOf(slot: number): number {
  return (slot & (2 ** ENTRY_BITS - 1)) - FIRST_ENTRY
}

/** False when a slot cannot be that of an id with this hash. */
export function mayHold(slot: number, hash: number): boolean {
  return slot >>> ENTRY_BITS === hash >>> (ENTRY_BITS - FLAG_BITS)
}

/** Views of the segments, made when first needed: views of fixed length are the fast ones. */
export class Segments {
  readonly #texts: SharedArrayBuffer
  readonly #views: { readonly bytes: Buffer; readonly words: Uint32Array }[] = []

  constructor(texts: SharedArrayBuffer) {
    this.#texts = texts
  }

  /** The segment of a record, and where in it the record begins. */
  record(unit: number): { readonly bytes: Buffer; readonly words: Uint32Array; readonly at: number } {
    const { bytes, words } = this.#view(Math.floor(unit / SEGMENT_UNITS))
    return { bytes, words, at: (unit % SEGMENT_UNITS) * UNIT }
  }

  bytes(segment: number): Buffer {
    return this.#view(segment).bytes
  }

  words(segment: number): Uint32Array {
    return this.#view(segment).words
  }

  #view(segment: number) {
    return (this.#views[segment] ??= {
      bytes: Buffer.from(this.#texts, segment * SEGMENT, SEGMENT),
      words: new Uint32Array(this.#texts, segment * SEGMENT, SEGMENT / 4),
    })
  }
}
