/**
 * Which slot counts for whom. A name's hash gives two buckets of eight slots; it lives in one of these.
 *
 * Guarantees: all threads find the same slot for a name; a slot whose calls the store does not know yet is never given
 * away. Where all places are taken, what still counts for something is given away only if nothing else is, and then
 * what was called least: whoever makes up names pushes out his own.
 */
import { createHash } from 'node:crypto'
import {
  CLAIM,
  COUNT,
  type CountLayout,
  DAY,
  doublesOf,
  FLAGS,
  HIGH,
  KEPT,
  LATCH,
  LOW,
  MONTH,
  noteEviction,
  PENDING,
  TOTAL,
  UNTIL,
  WINDOW,
  wordsOf,
} from './count-memory.ts'
import { hold, release } from './latch.ts'

const BUCKET_SLOTS = 8
const SLOT_DOUBLES = 16

/** Hash of a name; never both zero, which means a free slot. */
export interface NameHash {
  readonly low: number
  readonly high: number
}

export function hashOf({ seed }: CountLayout, name: string): NameHash {
  const digest = createHash('sha256').update(seed).update(name).digest()
  return { low: digest.readInt32LE(0) || 1, high: digest.readInt32LE(4) }
}

/** The slot of a name, found or new; -1 when there is no place. */
export function claim(layout: CountLayout, hash: NameHash, kept: boolean, now: number): number {
  const { words } = layout
  const places = placesOf(layout, hash)
  const ticket = hold(words, CLAIM)
  let slot = places.find(place => isOwnedBy(layout, place, hash)) ?? -1
  if (slot < 0) slot = take(layout, places, hash, kept, now)
  release(words, CLAIM, ticket)
  return slot
}

/** Frees a slot that nobody needs any more; false when it is not that of the name, or still needed. */
export function forget(layout: CountLayout, slot: number, hash: NameHash, now: number): boolean {
  const claimTicket = hold(layout.words, CLAIM)
  const at = wordsOf(slot) + LATCH
  const ticket = hold(layout.words, at)
  const over = isOwnedBy(layout, slot, hash) && isOver(layout, slot, now)
  if (over) own(layout, slot, { low: 0, high: 0 }, false)
  release(layout.words, at, ticket)
  release(layout.words, CLAIM, claimTicket)
  return over
}

export function isOwnedBy({ words }: CountLayout, slot: number, { low, high }: NameHash): boolean {
  const at = wordsOf(slot)
  return words[at + LOW] === low && words[at + HIGH] === high
}

function placesOf({ slots }: CountLayout, { low, high }: NameHash): number[] {
  const buckets = slots / BUCKET_SLOTS
  const first = ((low >>> 0) % buckets) * BUCKET_SLOTS
  const second = ((high >>> 0) % buckets) * BUCKET_SLOTS
  const places: number[] = []
  for (let i = 0; i < BUCKET_SLOTS; i++) places.push(first + i)
  if (second !== first) for (let i = 0; i < BUCKET_SLOTS; i++) places.push(second + i)
  return places
}

/** Under the latch of claims. */
function take(
  layout: CountLayout,
  places: readonly number[],
  hash: NameHash,
  kept: boolean,
  now: number,
): number {
  const { words, doubles } = layout
  const isFree = (slot: number): boolean => isOwnedBy(layout, slot, { low: 0, high: 0 })
  const counted = (slot: number): number => doubles[doublesOf(slot) + WINDOW + COUNT]!
  const taken = places.filter(slot => !isFree(slot))
  const candidates = [
    ...places.filter(isFree),
    ...taken.filter(slot => isOver(layout, slot, now)),
    ...taken.sort((a, b) => counted(a) - counted(b)),
  ]
  for (const slot of candidates) {
    const at = wordsOf(slot) + LATCH
    const ticket = hold(words, at)
    // Looked at before under no latch: it may have been used since.
    const over = isFree(slot) || isOver(layout, slot, now)
    const owned = over || isKnown(layout, slot)
    if (owned) own(layout, slot, hash, kept)
    release(words, at, ticket)
    if (owned && !over) noteEviction(layout)
    if (owned) return slot
  }
  return -1
}

function isOver(layout: CountLayout, slot: number, now: number): boolean {
  return layout.doubles[doublesOf(slot) + UNTIL]! <= now && isKnown(layout, slot)
}

/** Nothing in the slot that the store has to know, and does not. */
function isKnown({ words, doubles }: CountLayout, slot: number): boolean {
  if ((words[wordsOf(slot) + FLAGS]! & KEPT) === 0) return true
  const at = doublesOf(slot)
  return doubles[at + DAY + PENDING] === 0 && doubles[at + MONTH + PENDING] === 0 && doubles[at + TOTAL] === 0
}

/** Under both latches. All counters begin at zero. */
function own({ words, doubles }: CountLayout, slot: number, { low, high }: NameHash, kept: boolean): void {
  const at = wordsOf(slot)
  doubles.fill(0, doublesOf(slot) + UNTIL, doublesOf(slot) + SLOT_DOUBLES)
  words[at + FLAGS] = kept ? KEPT : 0
  words[at + LOW] = low
  words[at + HIGH] = high
}
