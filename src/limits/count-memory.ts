/** Shared memory in which calls are counted: a header, then slots of one size. Layout only. */
import { randomBytes } from 'node:crypto'

/** What travels to other threads: give it as `workerData`. */
export type CountMemory = SharedArrayBuffer

export interface CountOptions {
  /** Subjects counted at a time, rounded up to a power of two. 128 bytes each, taken when first used. */
  readonly capacity?: number
  /** Other instances count in the same store. */
  readonly shared?: boolean
  /** Share of a limit that this instance lets through before it tells the others. */
  readonly ahead?: number
}

const HEADER_BYTES = 64
const SEED_AT = 32
const SLOT_BYTES = 128
const WORDS = SLOT_BYTES / 4
const DOUBLES = SLOT_BYTES / 8
const DEFAULT_CAPACITY = 262_144

// Words of the header.
/** Latch under which slots change owners. */
export const CLAIM = 0
const EVICTED = 1
const ALONE = 2
const SHARED = 3
/** Double of the header. */
const AHEAD = 2

// Words of a slot.
export const LATCH = 0
export const FLAGS = 1
export const LOW = 2
export const HIGH = 3

// Flags.
/** What the store knows was added. */
export const LOADED = 1
/** Quotas of the day and the month, kept in the store. */
export const KEPT = 2
/** The first counter is a bucket: its count is what is missing, its end when it was filled last. */
export const BUCKET = 4
/** The first counter is this instance's own. */
export const LOCAL = 8

// Doubles of a slot, from its beginning. Times are epoch milliseconds.
/** When nothing in it matters any more. */
export const UNTIL = 2
/** Three counters follow each other: window, day, month. */
export const WINDOW = 3
export const DAY = 6
export const MONTH = 9
// Doubles of a counter.
export const END = 0
export const COUNT = 1
/** Part of the count that the store does not know yet. */
export const PENDING = 2
/** Calls that the store's total does not know yet. */
export const TOTAL = 12
/** When the store was asked last. */
export const SYNCED = 13

export interface CountLayout {
  readonly slots: number
  readonly words: Int32Array
  readonly doubles: Float64Array
  /** Secret that keys are hashed with. */
  readonly seed: Uint8Array
  readonly shared: boolean
  readonly ahead: number
}

/** Allocates the memory of an instance. */
export function createCountMemory(options: CountOptions = {}): CountMemory {
  const { capacity = DEFAULT_CAPACITY, shared = false, ahead = 0.1 } = options
  if (!Number.isInteger(capacity) || capacity < 1 || capacity > 1 << 22)
    throw new RangeError(`subjects counted at a time must be 1 to ${1 << 22}, not ${capacity}`)
  const slots = Math.max(16, 2 ** Math.ceil(Math.log2(capacity)))
  const memory = new SharedArrayBuffer(HEADER_BYTES + slots * SLOT_BYTES)
  new Int32Array(memory)[SHARED] = shared ? 1 : 0
  new Float64Array(memory)[AHEAD] = ahead
  new Uint8Array(memory, SEED_AT, HEADER_BYTES - SEED_AT).set(randomBytes(HEADER_BYTES - SEED_AT))
  return memory
}

export function countLayout(memory: CountMemory): CountLayout {
  const words = new Int32Array(memory)
  const doubles = new Float64Array(memory)
  return {
    slots: (memory.byteLength - HEADER_BYTES) / SLOT_BYTES,
    words,
    doubles,
    seed: new Uint8Array(memory, SEED_AT, HEADER_BYTES - SEED_AT).slice(),
    shared: words[SHARED] === 1,
    ahead: doubles[AHEAD]!,
  }
}

/** Index of the first word, and of the first double, of a slot. */
export function wordsOf(slot: number): number {
  return HEADER_BYTES / 4 + slot * WORDS
}

export function doublesOf(slot: number): number {
  return HEADER_BYTES / 8 + slot * DOUBLES
}

/** Subjects that still counted for something when their place was given away, over all threads. */
export function evictions({ words }: CountLayout): number {
  return Atomics.load(words, EVICTED)
}

/** Subjects for which there was no place: a thread counts them alone. */
export function countedAlone({ words }: CountLayout): number {
  return Atomics.load(words, ALONE)
}

export function noteEviction({ words }: CountLayout): void {
  Atomics.add(words, EVICTED, 1)
}

export function noteAlone({ words }: CountLayout): void {
  Atomics.add(words, ALONE, 1)
}
