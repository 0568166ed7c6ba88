/**
 * The one writer of `SharedTexts`. Knows its entries by number, so that others can keep lists of them at four bytes each.
 *
 * Guarantees: what readers see changes with one store of a number; room of texts that were replaced is used again.
 * Throws a RangeError when a text does not fit a segment (16 MB) or the address space is used up.
 */
import {
  EMPTY,
  endOfTable,
  entryOf,
  FLAG_BITS,
  GONE,
  HEAD_TABLE,
  HEAD_READING,
  HEAD_SEED,
  hashOf,
  ID_IS_LATIN1,
  IS_COMPLETE,
  mayHold,
  RECORD_HEAD,
  SEGMENT,
  SEGMENT_UNITS,
  Segments,
  type SharedTextsMemory,
  sharedTextsMemory,
  slotOf,
  slotsOf,
  TEXT_IS_LATIN1,
  UNIT,
} from './shared-memory.ts'
import { hasId, readText } from './shared-texts.ts'

export interface SharedText {
  readonly id: string
  readonly text: string
  /** As it was given to `set`. */
  readonly revision: number
  readonly complete: boolean
}

interface Segment {
  /** Bytes written, and those of records that still count. */
  used: number
  live: number
}

/** Bytes of dead records that are put up with before segments are emptied. */
const PATIENCE = 2 * SEGMENT

export class SharedTextsWriter {
  readonly memory: SharedTextsMemory
  readonly #head: Uint32Array
  readonly #segments: Segments
  readonly #states: Segment[] = []
  /** Segments without records that count, and how many had been emptied before. */
  readonly #freeSegments: { readonly segment: number; readonly at: number }[] = []
  #holders: { readonly holder: WeakRef<object>; readonly since: number }[] = []
  #emptied = 0
  readonly #freeEntries: number[] = []
  #entries: Uint32Array
  #slots: Uint32Array
  /** Segment that is written to, -1 for none yet. */
  #current = -1
  #entryCount = 0
  #filledSlots = 0
  #table = 0
  #dead = 0
  size = 0

  constructor(memory = sharedTextsMemory()) {
    this.memory = memory
    this.#head = new Uint32Array(memory.head)
    this.#segments = new Segments(memory.texts)
    this.#entries = new Uint32Array(memory.entries, 0, memory.entries.byteLength / 4)
    this.#slots = slotsOf(memory, 0)
  }

  /** Readers shall ask for what is not there: there is more to come from the store. */
  set reading(more: boolean) {
    Atomics.store(this.#head, HEAD_READING, more ? 1 : 0)
  }

  /** Entries are numbered below this. */
  get entryCount(): number {
    return this.#entryCount
  }

  /** Number of the entry of an id, -1 for none. */
  find(id: string): number {
    const at = this.#slotOf(id)
    return at < 0 ? -1 : entryOf(this.#slots[at]!)
  }

  /** True when an entry holds something. */
  has(entry: number): boolean {
    return this.#entries[entry] !== 0
  }

  /** The id of an entry, which must be there. */
  idOf(entry: number): string {
    return this.#idAt(this.#entries[entry]!)
  }

  #idAt(unit: number): string {
    const { bytes, words, at } = this.#segments.record(unit)
    const from = at + RECORD_HEAD
    const to = from + words[at / 4]!
    return (words[at / 4 + 3]! & ID_IS_LATIN1) !== 0
      ? bytes.toString('latin1', from, to)
      : bytes.toString('utf8', from, to)
  }

  /** What an entry holds, which must be there. */
  read(entry: number): SharedText {
    return this.readAt(this.#entries[entry]!)
  }

  /** Where the record of an entry is, 0 for none. What is there stays as it is while somebody retains it. */
  unitOf(entry: number): number {
    return this.#entries[entry]!
  }

  /** What was written at a place. */
  readAt(unit: number): SharedText {
    const { bytes, words, at } = this.#segments.record(unit)
    const start = at + RECORD_HEAD + words[at / 4]!
    const end = start + words[at / 4 + 1]!
    const flags = words[at / 4 + 3]!
    return {
      id: this.#idAt(unit),
      text: bytes.toString((flags & TEXT_IS_LATIN1) !== 0 ? 'latin1' : 'utf8', start, end),
      revision: words[at / 4 + 2]!,
      complete: (flags & IS_COMPLETE) !== 0,
    }
  }

  /** Every record of now stays where it is as long as `holder` is alive. */
  retain(holder: object): void {
    this.#holders.push({ holder: new WeakRef(holder), since: this.#emptied })
  }

  /** Where the text of an entry lies. Good until the next write. */
  span(entry: number): { readonly bytes: Buffer; readonly start: number; readonly end: number } | null {
    return this.#entries[entry] === 0 ? null : this.#span(entry)
  }

  /** Writes the text of an id, new or not; answers its entry. `revision` below 2^32. */
  set(id: string, text: string, revision: number, complete: boolean): number {
    const unit = this.#append(id, text, revision, complete)
    const known = this.#slotOf(id)
    if (known >= 0) {
      const entry = entryOf(this.#slots[known]!)
      const before = this.#entries[entry]!
      Atomics.store(this.#entries, entry, unit)
      this.#release(before)
      return entry
    }
    if (this.#filledSlots * 10 >= this.#slots.length * 6) this.#rehash()
    const entry = this.#newEntry()
    Atomics.store(this.#entries, entry, unit)
    this.#insert(id, entry)
    this.size++
    return entry
  }

  /** Forgets an id; answers the entry it had, -1 for none. `recycle` lets the number be given to another. */
  delete(id: string): number {
    const at = this.#slotOf(id)
    if (at < 0) return -1
    const entry = entryOf(this.#slots[at]!)
    Atomics.store(this.#slots, at, GONE)
    const before = this.#entries[entry]!
    Atomics.store(this.#entries, entry, 0)
    this.size--
    this.#release(before)
    return entry
  }

  recycle(entry: number): void {
    this.#freeEntries.push(entry)
  }

  #slotOf(id: string): number {
    const slots = this.#slots
    const mask = slots.length - 1
    const hash = hashOf(id, this.#head[HEAD_SEED]!)
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = slots[at]!
      if (slot === EMPTY) return -1
      if (slot === GONE || !mayHold(slot, hash)) continue
      const unit = this.#entries[entryOf(slot)]!
      if (unit !== 0 && hasId(this.#segments, unit, id)) return at
    }
  }

  #insert(id: string, entry: number): void {
    const mask = this.#slots.length - 1
    const hash = hashOf(id, this.#head[HEAD_SEED]!)
    let at = hash & mask
    while (this.#slots[at]! > GONE) at = (at + 1) & mask
    if (this.#slots[at] === EMPTY) this.#filledSlots++
    Atomics.store(this.#slots, at, slotOf(entry, hash))
  }

  /**
   * Another table, complete before readers change to it: a bigger one, or one without the places of what is gone. Those
   * still in the old one find what was there. Made in the order of the entries, which is mostly that of the records.
   */
  #rehash(): void {
    const full = this.size * 10 >= this.#slots.length * 3
    const table = full ? (this.#table | 1) + 1 : this.#table ^ 1
    const { slots } = this.memory
    const needed = endOfTable(table)
    if (slots.byteLength < needed) slots.grow(needed)
    const fresh = slotsOf(this.memory, table).fill(EMPTY)
    const mask = fresh.length - 1
    for (let entry = 0; entry < this.#entryCount; entry++) {
      const unit = this.#entries[entry]!
      if (unit === 0) continue
      const record = this.#segments.record(unit)
      const hash = record.words[record.at / 4 + 3]! >>> FLAG_BITS
      let at = hash & mask
      while (fresh[at] !== EMPTY) at = (at + 1) & mask
      fresh[at] = slotOf(entry, hash)
    }
    this.#slots = fresh
    this.#table = table
    this.#filledSlots = this.size
    Atomics.store(this.#head, HEAD_TABLE, table)
  }

  #newEntry(): number {
    const free = this.#freeEntries.pop()
    if (free !== undefined) return free
    if (this.#entryCount === this.#entries.length) {
      this.memory.entries.grow(this.#entries.length * 8)
      this.#entries = new Uint32Array(this.memory.entries, 0, this.#entries.length * 2)
    }
    return this.#entryCount++
  }

  #append(id: string, text: string, revision: number, complete: boolean): number {
    // Latin1 takes a byte for each character; where UTF-8 takes as many, both are the same.
    const most = RECORD_HEAD + (id.length + text.length) * 3 + UNIT
    const room = this.#room(most > SEGMENT ? RECORD_HEAD + byteLengths(id, text) + UNIT : most)
    const { segment, at } = room
    const bytes = this.#segments.bytes(segment)
    const words = this.#segments.words(segment)
    const idBytes = bytes.write(id, at + RECORD_HEAD, 'utf8')
    const textBytes = bytes.write(text, at + RECORD_HEAD + idBytes, 'utf8')
    words[at / 4] = idBytes
    words[at / 4 + 1] = textBytes
    words[at / 4 + 2] = revision
    words[at / 4 + 3] =
      (hashOf(id, this.#head[HEAD_SEED]!) << FLAG_BITS) |
      (idBytes === id.length ? ID_IS_LATIN1 : 0) |
      (textBytes === text.length ? TEXT_IS_LATIN1 : 0) |
      (complete ? IS_COMPLETE : 0)
    this.#take(segment, RECORD_HEAD + idBytes + textBytes)
    return segment * SEGMENT_UNITS + at / UNIT
  }

  #take(segment: number, bytes: number): void {
    const state = this.#states[segment]!
    const whole = Math.ceil(bytes / UNIT) * UNIT
    state.used += whole
    state.live += whole
  }

  /** Room for `bytes` in one piece. */
  #room(bytes: number): { readonly segment: number; readonly at: number } {
    if (bytes > SEGMENT - UNIT) throw new RangeError('the text is too long')
    const state = this.#states[this.#current]
    if (state === undefined || state.used + bytes > SEGMENT) this.#nextSegment()
    return { segment: this.#current, at: this.#states[this.#current]!.used }
  }

  #nextSegment(): void {
    let segment = this.#freeSegment()
    if (segment < 0) {
      segment = this.#states.length
      this.memory.texts.grow((segment + 1) * SEGMENT)
    }
    // The first unit of all is no place of a record: 0 says that there is none.
    this.#states[segment] = { used: segment === 0 ? UNIT : 0, live: 0 }
    this.#current = segment
  }

  /** A segment that nobody may read any more, -1 for none. */
  #freeSegment(): number {
    if (this.#freeSegments.length === 0) return -1
    this.#holders = this.#holders.filter(({ holder }) => holder.deref() !== undefined)
    const oldest = this.#holders[0]?.since ?? Number.POSITIVE_INFINITY
    const place = this.#freeSegments.findIndex(({ at }) => at < oldest)
    return place < 0 ? -1 : this.#freeSegments.splice(place, 1)[0]!.segment
  }

  #release(unit: number): void {
    const { words, at } = this.#segments.record(unit)
    const bytes = Math.ceil((RECORD_HEAD + words[at / 4]! + words[at / 4 + 1]!) / UNIT) * UNIT
    this.#states[Math.floor(unit / SEGMENT_UNITS)]!.live -= bytes
    this.#dead += bytes
    if (this.#dead > PATIENCE && this.#dead * 4 > this.#states.length * SEGMENT) this.#empty(this.#emptiest())
  }

  #emptiest(): number {
    let best = -1
    let most = 0
    for (const [segment, { used, live }] of this.#states.entries())
      if (segment !== this.#current && used - live > most) {
        best = segment
        most = used - live
      }
    return best
  }

  /** Moves what still counts out of a segment, which is free then. */
  #empty(segment: number): void {
    if (segment < 0) return
    const { used, live } = this.#states[segment]!
    const words = this.#segments.words(segment)
    const source = this.#segments.bytes(segment)
    for (let at = segment === 0 ? UNIT : 0; at < used; ) {
      const length = RECORD_HEAD + words[at / 4]! + words[at / 4 + 1]!
      const unit = segment * SEGMENT_UNITS + at / UNIT
      const entry = this.#entryAt(unit)
      if (entry >= 0) {
        const room = this.#room(length + UNIT)
        source.copy(this.#segments.bytes(room.segment), room.at, at, at + length)
        this.#take(room.segment, length)
        Atomics.store(this.#entries, entry, room.segment * SEGMENT_UNITS + room.at / UNIT)
      }
      at += Math.ceil(length / UNIT) * UNIT
    }
    this.#dead -= used - live
    this.#states[segment] = { used: 0, live: 0 }
    this.#freeSegments.push({ segment, at: this.#emptied++ })
  }

  /** The entry whose record this is, -1 for a dead one. */
  #entryAt(unit: number): number {
    const { bytes, words, at } = this.#segments.record(unit)
    const from = at + RECORD_HEAD
    const entry = this.find(bytes.toString('utf8', from, from + words[at / 4]!))
    return entry >= 0 && this.#entries[entry] === unit ? entry : -1
  }

  #span(entry: number): { readonly bytes: Buffer; readonly start: number; readonly end: number } {
    const { bytes, words, at } = this.#segments.record(this.#entries[entry]!)
    const start = at + RECORD_HEAD + words[at / 4]!
    return { bytes, start, end: start + words[at / 4 + 1]! }
  }

  /** The text of an id, or undefined. */
  get(id: string): string | undefined {
    const entry = this.find(id)
    return entry < 0 ? undefined : readText(this.#segments, this.#entries[entry]!, id)
  }
}

function byteLengths(id: string, text: string): number {
  return Buffer.byteLength(id) + Buffer.byteLength(text)
}
