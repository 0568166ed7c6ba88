/**
 * Texts of entities of which there may be a million, under their ids, in memory that all threads share: one thread writes
 * (`SharedTextsWriter`), all read.
 *
 * Guarantees: a read answers the text as it was written last or, while a write goes on, the one before; never a mixture.
 * Not guaranteed: that two reads belong to the same revision. Costs a reader nothing to open.
 */
import {
  EMPTY,
  entryOf,
  GONE,
  HEAD_READING,
  HEAD_SEED,
  HEAD_TABLE,
  hashOf,
  ID_IS_LATIN1,
  mayHold,
  RECORD_HEAD,
  Segments,
  type SharedTextsMemory,
  slotsOf,
  TEXT_IS_LATIN1,
} from './shared-memory.ts'

export class SharedTexts {
  readonly #memory: SharedTextsMemory
  readonly #head: Uint32Array
  readonly #segments: Segments
  #entries: Uint32Array
  #slots: Uint32Array
  #table: number

  readonly #fetch: (id: string) => void

  /**
   * `fetch` is called for ids that are not there while the writer still reads its store; when it returns, the text is there
   * if the store has one. It may throw.
   */
  constructor(memory: SharedTextsMemory, fetch: (id: string) => void = () => {}) {
    this.#memory = memory
    this.#fetch = fetch
    this.#head = new Uint32Array(memory.head)
    this.#segments = new Segments(memory.texts)
    this.#entries = new Uint32Array(memory.entries, 0, memory.entries.byteLength / 4)
    this.#table = Atomics.load(this.#head, HEAD_TABLE)
    this.#slots = slotsOf(memory, this.#table)
  }

  get(id: string): string | undefined {
    // Looked at first: what is missed after the last text was read is nowhere.
    const reading = Atomics.load(this.#head, HEAD_READING) !== 0
    const found = this.#ask(id, readText)
    if (found !== undefined || !reading) return found
    this.#fetch(id)
    return this.#ask(id, readText)
  }

  /** The revision the text of an id was written in, -1 when there is none. */
  revisionOf(id: string): number {
    return this.#ask(id, readRevision) ?? -1
  }

  #ask<T>(id: string, read: Read<T>): T | undefined {
    for (;;) {
      const table = Atomics.load(this.#head, HEAD_TABLE)
      if (table !== this.#table) {
        this.#table = table
        this.#slots = slotsOf(this.#memory, table)
      }
      const found = this.#search(id, read)
      // What is not there may have been put into another table meanwhile.
      if (found !== undefined || Atomics.load(this.#head, HEAD_TABLE) === table) return found
    }
  }

  #search<T>(id: string, read: Read<T>): T | undefined {
    const slots = this.#slots
    const mask = slots.length - 1
    const hash = hashOf(id, this.#head[HEAD_SEED]!)
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = Atomics.load(slots, at)
      if (slot === EMPTY) return undefined
      if (slot === GONE || !mayHold(slot, hash)) continue
      const found = this.#entry(entryOf(slot), id, read)
      if (found !== undefined) return found
    }
  }

  /** What the entry holds if it has this id. Read again when it was written meanwhile: its place may be another's. */
  #entry<T>(entry: number, id: string, read: Read<T>): T | undefined {
    if (entry >= this.#entries.length)
      this.#entries = new Uint32Array(this.#memory.entries, 0, this.#memory.entries.byteLength / 4)
    for (;;) {
      const unit = Atomics.load(this.#entries, entry)
      if (unit === 0) return undefined
      const found = read(this.#segments, unit, id)
      if (Atomics.load(this.#entries, entry) === unit) return found
    }
  }
}

type Read<T> = (segments: Segments, unit: number, id: string) => T | undefined

/** The text of a record, or undefined when it is that of another id. */
export function readText(segments: Segments, unit: number, id: string): string | undefined {
  const { bytes, words, at } = segments.record(unit)
  if (!hasId(segments, unit, id)) return undefined
  const start = at + RECORD_HEAD + words[at / 4]!
  const flags = words[at / 4 + 3]!
  return bytes.toString((flags & TEXT_IS_LATIN1) !== 0 ? 'latin1' : 'utf8', start, start + words[at / 4 + 1]!)
}

function readRevision(segments: Segments, unit: number, id: string): number | undefined {
  const { words, at } = segments.record(unit)
  return hasId(segments, unit, id) ? words[at / 4 + 2] : undefined
}

/** True when the record is that of the id. */
export function hasId(segments: Segments, unit: number, id: string): boolean {
  const { bytes, words, at } = segments.record(unit)
  const length = words[at / 4]!
  const from = at + RECORD_HEAD
  if ((words[at / 4 + 3]! & ID_IS_LATIN1) === 0) return bytes.toString('utf8', from, from + length) === id
  if (length !== id.length) return false
  for (let i = 0; i < length; i++) if (bytes[from + i] !== id.charCodeAt(i)) return false
  return true
}
