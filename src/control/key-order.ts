/**
 * Numbers of entries in the order of their ids. What comes and goes is noted and sorted in when the order is asked for, so
 * that a million of them cost four bytes each and a change next to nothing.
 */
import type { SharedTextsWriter } from '../revision/shared-texts-writer.ts'
import { Merge, Run } from './merge.ts'
import { Turns } from './turns.ts'

/** Changes noted before they are sorted in without being asked. */
const MOST_NOTED = 4000
/** Entries that are sorted faster than all others are passed over. */
const FEW = 5000
/** Entries sorted in one go. */
const RUN = 10_000
/** Milliseconds of sorting before others get their turn. */
const SLICE = 8

export class KeyOrder {
  readonly #texts: SharedTextsWriter
  #sorted: Uint32Array = new Uint32Array(1024)
  #count = 0
  /** Id of the last one in `#sorted`, to which a greater one is only added. */
  #last: string | null = null
  #unsorted: number[] = []
  readonly #added = new Set<number>()
  /** Entries that are gone, with the ids they had; their numbers are not given away before the order forgets them. */
  readonly #removed = new Map<number, string>()

  constructor(texts: SharedTextsWriter) {
    this.#texts = texts
  }

  /** One of many new entries, in any order. */
  addUnsorted(entry: number): void {
    this.#unsorted.push(entry)
  }

  /** Sorts what is unsorted, some milliseconds at a time. Asked for the order meanwhile, the rest is done at once. */
  async prepare(): Promise<void> {
    const entries = this.#unsorted
    if (entries.length === 0 || this.#count > 0) return
    const turns = new Turns(SLICE)
    const runs: Run[] = []
    for (let from = 0; from < entries.length; from += RUN) {
      runs.push(new Run(this.#sortedRun(entries.slice(from, from + RUN)), entry => this.#idOf(entry)))
      await turns.pause()
      if (this.#unsorted !== entries) return
    }
    const merged = new Uint32Array(Math.max(1024, Math.ceil(entries.length * 1.1)))
    const merge = new Merge(runs)
    for (let i = 0; i < entries.length; i++) {
      merged[i] = merge.next()
      if (i % 500 !== 0) continue
      await turns.pause()
      if (this.#unsorted !== entries) return
    }
    this.#take(merged, entries.length)
  }

  #take(sorted: Uint32Array, count: number): void {
    this.#sorted = sorted
    this.#count = count
    this.#unsorted = []
    this.#last = count === 0 ? null : this.#idOf(sorted[count - 1]!)
  }

  #sortedRun(entries: readonly number[]): Uint32Array {
    const named = entries.map(entry => ({ entry, id: this.#idOf(entry) }))
    named.sort((a, b) => (a.id < b.id ? -1 : 1))
    return Uint32Array.from(named, ({ entry }) => entry)
  }

  #idOf(entry: number): string {
    return this.#removed.get(entry) ?? this.#texts.idOf(entry)
  }

  /** A new entry. */
  add(entry: number, id: string): void {
    const plain = this.#added.size === 0 && this.#removed.size === 0 && this.#unsorted.length === 0
    if (plain && (this.#last === null || id > this.#last)) {
      this.#push(entry)
      this.#last = id
      return
    }
    this.#added.add(entry)
    this.#settleAtTimes()
  }

  /** An entry that held `id` is gone. */
  remove(entry: number, id: string): void {
    if (this.#added.delete(entry)) this.#texts.recycle(entry)
    else this.#removed.set(entry, id)
    this.#settleAtTimes()
  }

  /** Entries in order. Good until the next change. */
  entries(): Uint32Array {
    this.#settle()
    return this.#sorted.subarray(0, this.#count)
  }

  /** Some of the entries, in order. */
  inOrder(some: readonly number[]): Uint32Array {
    if (some.length <= FEW) return this.#sortedRun(some)
    const wanted = new Set(some)
    return this.entries().filter(entry => wanted.has(entry))
  }

  #settleAtTimes(): void {
    if (this.#unsorted.length === 0 && this.#added.size + this.#removed.size > MOST_NOTED) this.#settle()
  }

  #settle(): void {
    if (this.#unsorted.length > 0) {
      const all = [...this.#sorted.subarray(0, this.#count), ...this.#unsorted]
      this.#take(this.#sortedRun(all), all.length)
    }
    if (this.#added.size === 0 && this.#removed.size === 0) return
    const added = Array.from(this.#added, entry => ({ entry, id: this.#texts.idOf(entry) }))
    added.sort((a, b) => (a.id < b.id ? -1 : 1))
    // Where something goes in or out, in order.
    const places = [
      ...added.map(({ entry, id }) => ({ at: this.#placeOf(id), entry })),
      ...Array.from(this.#removed, ([, id]) => ({ at: this.#placeOf(id), entry: -1 })),
    ].sort((a, b) => a.at - b.at)
    const count = this.#count + added.length - this.#removed.size
    const next = new Uint32Array(Math.max(1024, Math.ceil(count * 1.1)))
    let from = 0
    let to = 0
    for (const { at, entry } of places) {
      next.set(this.#sorted.subarray(from, at), to)
      to += Math.max(0, at - from)
      from = Math.max(from, at)
      if (entry >= 0) next[to++] = entry
      else from = at + 1
    }
    next.set(this.#sorted.subarray(from, this.#count), to)
    this.#sorted = next
    this.#count = count
    for (const entry of this.#removed.keys()) this.#texts.recycle(entry)
    this.#added.clear()
    this.#removed.clear()
    this.#last = count === 0 ? null : this.#texts.idOf(next[count - 1]!)
  }

  /** Index of the first entry whose id is not less. */
  #placeOf(id: string): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      const entry = this.#sorted[middle]!
      if (this.#idOf(entry) < id) low = middle + 1
      else high = middle
    }
    return low
  }

  #push(entry: number): void {
    if (this.#count === this.#sorted.length) {
      const bigger = new Uint32Array(this.#sorted.length * 2)
      bigger.set(this.#sorted)
      this.#sorted = bigger
    }
    this.#sorted[this.#count++] = entry
  }
}
