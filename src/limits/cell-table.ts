/**
 * The table under `SharedCells`: a key's hash names two buckets of eight slots, the key lives in one of these sixteen, so
 * that the table fills to two thirds before a key finds no room.
 * No locks: every step is one compare-and-set of a slot's state word, so a thread that dies anywhere stops nobody.
 *
 * State word: bits 0-1 phase, bits 2-15 threads that hold the slot, bits 16-31 generation. The generation grows each time
 * a slot is freed, so that a compare-and-set against a state read before the slot changed owner fails.
 *
 * Two threads may claim two free slots for one key at once. A claim is therefore tentative until its owner has looked for
 * another after writing its hash: of two such writers the later one sees the earlier, and gives way or, when both are
 * still tentative and the other stands behind, takes the other's claim away. Only a claim that nobody took goes live.
 */

export const SEED_BYTES = 32
/** The seed, then counters (64 bytes in all). */
const HEADER_BYTES = 64
/** A slot is one record, so that a cell touches one page: hash, value, state, four bytes unused. */
const SLOT_BYTES = 24
const LONGS = SLOT_BYTES / 8
const WORDS = SLOT_BYTES / 4
/** Word of the state within a slot. */
const STATE = 4
const BUCKET = 8

const FREE = 0
const TENTATIVE = 1
const LIVE = 2
const CLEANING = 3
const PHASE = 3
const HOLDER = 4
const HOLDERS = 0xfffc
const GENERATION = 0x10000

/** Attempts that wait for another thread's tentative claim before it is taken away: its owner may be dead. */
const PATIENCE = 200
const MOST_ATTEMPTS = 100_000
/** Looks again before a table counts as full. */
const SECOND_LOOKS = 20

export interface Layout {
  readonly slots: number
  /** Word 0: overflows. */
  readonly header: Int32Array
  /** The slots as 64-bit and as 32-bit words. */
  readonly longs: BigInt64Array
  readonly words: Int32Array
}

/** Index in `longs` of a slot's value. */
export function longAt(slot: number): number {
  return slot * LONGS + 1
}

/** Index in `words` of a slot's value. */
export function wordAt(slot: number): number {
  return slot * WORDS + 2
}

/** True while some thread holds the slot or is about to. */
export function isUsed(table: Layout, slot: number): boolean {
  return (stateOf(table, slot) & PHASE) !== FREE
}

/** Bytes of a table. */
export function sizeOf(slots: number): number {
  return HEADER_BYTES + slots * SLOT_BYTES
}

/** Views of a table's memory. */
export function layoutOf(memory: SharedArrayBuffer): Layout {
  const slots = (memory.byteLength - HEADER_BYTES) / SLOT_BYTES
  if (!Number.isInteger(Math.log2(slots)) || slots < BUCKET * 2)
    throw new RangeError('not the memory of shared cells')
  return {
    slots,
    header: new Int32Array(memory, SEED_BYTES, 8),
    longs: new BigInt64Array(memory, HEADER_BYTES, slots * LONGS),
    words: new Int32Array(memory, HEADER_BYTES, slots * WORDS),
  }
}

/** Holds the slot of `hash`, new or found. -1: no room. */
export function claimSlot(table: Layout, hash: bigint): number {
  const places = placesOf(table, hash)
  let refused = 0
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const found = holdExisting(table, places, hash, attempt)
    if (found === AGAIN) continue
    if (found !== NONE) return found
    const fresh = claimFresh(table, places, hash)
    // What took the last place may be another thread's claim of this very key, its hash not written yet.
    if (fresh === FULL && ++refused > SECOND_LOOKS) return -1
    if (fresh >= 0) return fresh
  }
  return -1
}

/** Gives one hold back; the last one zeroes and frees the slot. */
export function releaseSlot(table: Layout, slot: number): void {
  for (;;) {
    const state = stateOf(table, slot)
    if ((state & PHASE) !== LIVE) return
    const last = (state & HOLDERS) === HOLDER
    const next = last ? (state & ~(HOLDERS | PHASE)) | CLEANING : state - HOLDER
    if (!swap(table, slot, state, next)) continue
    if (last) clean(table, slot)
    return
  }
}

const NONE = -1
const AGAIN = -2
const FULL = -3

/** The sixteen slots a key may live in. Both buckets may be the same one. */
function placesOf(table: Layout, hash: bigint): number[] {
  const buckets = table.slots / BUCKET
  const first = (Number(BigInt.asUintN(32, hash)) % buckets) * BUCKET
  const second = (Number(BigInt.asUintN(32, hash >> 32n)) % buckets) * BUCKET
  const places: number[] = []
  for (let i = 0; i < BUCKET; i++) places.push(first + i)
  if (second !== first) for (let i = 0; i < BUCKET; i++) places.push(second + i)
  return places
}

function holdExisting(table: Layout, places: readonly number[], hash: bigint, attempt: number): number {
  for (const slot of places) {
    // The state first: when it is unchanged at the compare-and-set, the hash read in between was this owner's.
    const state = stateOf(table, slot)
    const phase = state & PHASE
    if (phase === FREE || phase === CLEANING || hashOf(table, slot) !== hash) continue
    if (phase === LIVE) return swap(table, slot, state, state + HOLDER) ? slot : AGAIN
    if (attempt > PATIENCE) takeAway(table, slot, state)
    return AGAIN
  }
  return NONE
}

function claimFresh(table: Layout, places: readonly number[], hash: bigint): number {
  const slot = freest(table, places)
  if (slot < 0) return FULL
  const before = stateOf(table, slot)
  const tentative = before | TENTATIVE
  if ((before & PHASE) !== FREE || !swap(table, slot, before, tentative)) return AGAIN
  Atomics.store(table.longs, slot * LONGS, hash)
  if (!alone(table, places, hash, slot)) {
    takeAway(table, slot, tentative)
    return AGAIN
  }
  return swap(table, slot, tentative, (before & ~PHASE) | LIVE | HOLDER) ? slot : AGAIN
}

/** Looks for other claims of the same key behind ours; false when ours must go. */
function alone(table: Layout, places: readonly number[], hash: bigint, own: number): boolean {
  for (const slot of places) {
    while (slot !== own) {
      const state = stateOf(table, slot)
      const phase = state & PHASE
      if (phase === FREE || phase === CLEANING || hashOf(table, slot) !== hash) break
      if (phase === LIVE || slot < own) return false
      if (takeAway(table, slot, state)) break
    }
  }
  return true
}

/** Ends a tentative claim, ours or another thread's. */
function takeAway(table: Layout, slot: number, tentative: number): boolean {
  if (!swap(table, slot, tentative, (tentative & ~PHASE) | CLEANING)) return false
  clean(table, slot)
  return true
}

/** Only the thread that moved the slot to CLEANING comes here. */
function clean(table: Layout, slot: number): void {
  Atomics.store(table.longs, longAt(slot), 0n)
  Atomics.store(table.longs, slot * LONGS, 0n)
  const state = stateOf(table, slot)
  Atomics.store(table.words, slot * WORDS + STATE, ((state & ~0xffff) + GENERATION) | FREE)
}

/** A free slot in the emptier bucket, or -1. */
function freest(table: Layout, places: readonly number[]): number {
  let best = -1
  let most = 0
  for (let from = 0; from < places.length; from += BUCKET) {
    let free = 0
    let first = -1
    for (let i = from; i < from + BUCKET; i++) {
      if ((stateOf(table, places[i]!) & PHASE) !== FREE) continue
      if (first < 0) first = places[i]!
      free++
    }
    if (free > most) {
      most = free
      best = first
    }
  }
  return best
}

function stateOf(table: Layout, slot: number): number {
  return Atomics.load(table.words, slot * WORDS + STATE)
}

function hashOf(table: Layout, slot: number): bigint {
  return Atomics.load(table.longs, slot * LONGS)
}

function swap(table: Layout, slot: number, before: number, after: number): boolean {
  return Atomics.compareExchange(table.words, slot * WORDS + STATE, before, after | 0) === (before | 0)
}
