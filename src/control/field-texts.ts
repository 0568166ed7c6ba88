/**
 * The text values of one field over all entries, in lower case and in one piece, so that a search for a part of them looks
 * into those entities only that may fit: some milliseconds for a million. Made from the stored bytes without parsing; an
 * entity whose field does not stand there once as plain text is always looked into.
 */
import type { SharedTextsWriter } from '../revision/shared-texts-writer.ts'
import { PlainValues } from './plain-value.ts'
import { Turns } from './turns.ts'

/** Milliseconds of work before others get their turn. */
const SLICE = 8
/** No byte of a JSON text. */
const END = 10
/** A search is of no use when more entries than this share must be looked into anyhow. */
const MOST_UNSURE = 0.1

export class FieldTexts {
  readonly #texts: SharedTextsWriter
  readonly #values: PlainValues
  /** Rows, each ended by `END`. Those that were written again remain until the next tidying. */
  #bytes = Buffer.allocUnsafe(65_536)
  #used = 0
  #starts = new Uint32Array(4096)
  #owners = new Uint32Array(4096)
  #rows = 0
  /** By entry: its row + 1, or 0. */
  #rowOf = new Uint32Array(4096)
  #stale = 0
  readonly #unsure = new Set<number>()
  #built: Promise<void> | null = null

  constructor(texts: SharedTextsWriter, field: string) {
    this.#texts = texts
    const lower = field.toLowerCase()
    this.#values = new PlainValues(texts, field, lower === field ? null : lower)
  }

  /** Resolves once every entry was looked at. */
  built(): Promise<void> {
    this.#built ??= this.#build()
    return this.#built
  }

  /** Entries that may hold one of the texts, which are in lower case, in any order; null: all of them may. */
  holding(wanted: readonly string[]): Set<number> | null {
    if (this.#unsure.size > MOST_UNSURE * this.#texts.size || wanted.includes('')) return null
    const found = new Set(this.#unsure)
    const bytes = this.#bytes.subarray(0, this.#used)
    for (const text of wanted)
      for (let at = bytes.indexOf(text); at >= 0; ) {
        const row = this.#rowAt(at)
        if (this.#rowOf[this.#owners[row]!] === row + 1) found.add(this.#owners[row]!)
        const next = row + 1 < this.#rows ? this.#starts[row + 1]! : this.#used
        at = next < this.#used ? bytes.indexOf(text, next) : -1
      }
    return found
  }

  /** An entry was written or removed. */
  update(entry: number): void {
    this.#unsure.delete(entry)
    if ((this.#rowOf[entry] ?? 0) > 0) {
      this.#rowOf[entry] = 0
      this.#stale++
    }
    const value = this.#values.at(entry)
    if (value === 'none') return
    if (value === 'unsure') this.#unsure.add(entry)
    else this.#append(entry, value.bytes.toString('utf8', value.from, value.to).toLowerCase())
    if (this.#stale > 1000 && this.#stale > this.#rows / 2) this.#tidy()
  }

  async #build(): Promise<void> {
    const turns = new Turns(SLICE)
    for (let entry = 0; entry < this.#texts.entryCount; entry++) {
      this.update(entry)
      if (entry % 256 === 0) await turns.pause()
    }
  }

  #append(entry: number, text: string): void {
    const most = this.#used + text.length * 3 + 1
    if (most > this.#bytes.length) {
      const bigger = Buffer.allocUnsafe(most * 2)
      this.#bytes.copy(bigger, 0, 0, this.#used)
      this.#bytes = bigger
    }
    const row = this.#rows++
    if (row >= this.#starts.length) {
      this.#starts = longer(this.#starts, row)
      this.#owners = longer(this.#owners, row)
    }
    if (entry >= this.#rowOf.length) this.#rowOf = longer(this.#rowOf, entry)
    this.#starts[row] = this.#used
    this.#owners[row] = entry
    this.#rowOf[entry] = row + 1
    this.#used += this.#bytes.write(text, this.#used, 'utf8')
    this.#bytes[this.#used++] = END
  }

  /** The row that holds a byte. */
  #rowAt(at: number): number {
    let low = 0
    let high = this.#rows - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#starts[middle]! <= at) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Throws the rows away that nobody owns any more. */
  #tidy(): void {
    let rows = 0
    let used = 0
    for (let row = 0; row < this.#rows; row++) {
      const start = this.#starts[row]!
      const end = row + 1 < this.#rows ? this.#starts[row + 1]! : this.#used
      const owner = this.#owners[row]!
      if (this.#rowOf[owner] !== row + 1) continue
      this.#bytes.copyWithin(used, start, end)
      this.#starts[rows] = used
      this.#owners[rows] = owner
      this.#rowOf[owner] = ++rows
      used += end - start
    }
    this.#rows = rows
    this.#used = used
    this.#stale = 0
  }
}

function longer(array: Uint32Array, index: number): Uint32Array<ArrayBuffer> {
  const copy = new Uint32Array(Math.max(index + 1, array.length * 2))
  copy.set(array)
  return copy
}
