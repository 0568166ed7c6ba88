/**
 * Texts of entities of which there may be a million, under their ids, in memory that all threads share: one thread writes
 * (`SharedTextsWriter`), all read.
 *
 * Guarantees: a read answers the text as it was written last or, while a write goes on, the one before; never a mixture.
 * Not guaranteed: that two reads belong to the same revision. Costs a reader nothing to open.
 */
import {
  EMPTY,
  FIRST_ENTRY,
  GONE,
  HEAD_SEED,
  HEAD_TABLE,
  hashOf,
  ID_IS_LATIN1,
  RECORD_HEAD,
  SEGMENT_UNITS,
  Segments,
  type SharedTextsMemory,
  slotsOf,
  TEXT_IS_LATIN1,
  UNIT,
} from './shared-memory.ts'

export class SharedTexts {
  readonly #memory: SharedTextsMemory
  readonly #head: Uint32Array
  readonly #segments: Segments
  #entries: Uint32Array
  #slots: Uint32Array
  #table: number

  constructor(memory: SharedTextsMemory) {
    this.#memory = memory
    this.#head = new Uint32Array(memory.head)
    this.#segments = new Segments(memory.texts)
    this.#entries = new Uint32Array(memory.entries, 0, memory.entries.byteLength / 4)
    this.#table = Atomics.load(this.#head, HEAD_TABLE)
    this.#slots = slotsOf(memory, this.#table)
  }

  get(id: string): string | undefined {
    for (;;) {
      const table = Atomics.load(this.#head, HEAD_TABLE)
      if (table !== this.#table) {
        this.#table = table
        this.#slots = slotsOf(this.#memory, table)
      }
      const text = this.#search(id)
      // What is not there may have been put into another table meanwhile.
      if (text !== undefined || Atomics.load(this.#head, HEAD_TABLE) === table) return text
    }
  }

  #search(id: string): string | undefined {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let at = hashOf(id, this.#head[HEAD_SEED]!) & mask; ; at = (at + 1) & mask) {
      const slot = Atomics.load(slots, at)
      if (slot === EMPTY) return undefined
      if (slot === GONE) continue
      const text = this.#textOf(slot - FIRST_ENTRY, id)
      if (text !== undefined) return text
    }
  }

  /** The text of the entry if it has this id. Read again when it was written meanwhile: its place may be another's. */
  #textOf(entry: number, id: string): string | undefined {
    if (entry >= this.#entries.length)
      this.#entries = new Uint32Array(this.#memory.entries, 0, this.#memory.entries.byteLength / 4)
    for (;;) {
      const unit = Atomics.load(this.#entries, entry)
      if (unit === 0) return undefined
      const text = readText(this.#segments, unit, id)
      if (Atomics.load(this.#entries, entry) === unit) return text
    }
  }
}

/** The text of a record, or undefined when it is that of another id. */
export function readText(segments: Segments, unit: number, id: string): string | undefined {
  const segment = Math.floor(unit / SEGMENT_UNITS)
  const at = (unit % SEGMENT_UNITS) * UNIT
  const words = segments.words(segment)
  const idBytes = words[at / 4]!
  const flags = words[at / 4 + 3]!
  const bytes = segments.bytes(segment)
  const from = at + RECORD_HEAD
  if ((flags & ID_IS_LATIN1) !== 0) {
    if (idBytes !== id.length) return undefined
    for (let i = 0; i < idBytes; i++) if (bytes[from + i] !== id.charCodeAt(i)) return undefined
  } else if (bytes.toString('utf8', from, from + idBytes) !== id) return undefined
  const start = from + idBytes
  const end = start + words[at / 4 + 1]!
  return (flags & TEXT_IS_LATIN1) !== 0
    ? bytes.toString('latin1', start, end)
    : bytes.toString('utf8', start, end)
}
