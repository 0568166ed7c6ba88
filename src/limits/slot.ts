/** The place of one subject in the shared memory. It is found anew whenever it was given away. */
import {
  BUCKET,
  COUNT,
  type CountLayout,
  countLayout,
  createCountMemory,
  DAY,
  doublesOf,
  END,
  FLAGS,
  LATCH,
  LOADED,
  LOCAL,
  MONTH,
  noteAlone,
  PENDING,
  TOTAL,
  UNTIL,
  WINDOW,
  wordsOf,
} from './count-memory.ts'
import { claim, forget, hashOf, isOwnedBy, type NameHash } from './count-table.ts'
import { hold, release } from './latch.ts'
import { begin } from './periods.ts'

/** Milliseconds after which a thread that counts alone looks for a place among the others again. */
const RETRY = 1_000
/** Flags that say what the first counter is. */
const FORM = BUCKET | LOCAL

export class Slot {
  readonly name: string
  /** Quotas of a day and a month are part of it. */
  readonly kept: boolean
  /** It is a new place: whoever keeps account with the store wants to know. */
  fresh = false
  layout: CountLayout
  readonly #shared: CountLayout
  readonly #hash: NameHash
  #index = -1
  /** While there is no place among the others: when one was looked for last. */
  #alone = Number.NaN

  constructor(layout: CountLayout, name: string, kept: boolean, now: number) {
    this.name = name
    this.kept = kept
    this.layout = layout
    this.#shared = layout
    this.#hash = hashOf(layout, name)
    this.#find(now)
  }

  /** Index of its first double. */
  get at(): number {
    return doublesOf(this.#index)
  }

  /** Index of the word with its flags. */
  get flags(): number {
    return wordsOf(this.#index) + FLAGS
  }

  has(flag: number): boolean {
    return (this.layout.words[this.flags]! & flag) !== 0
  }

  /** False once it was given away. Read under no latch. */
  get isOwn(): boolean {
    return isOwnedBy(this.layout, this.#index, this.#hash)
  }

  /** Takes the latch of the place; answers the ticket. `at` and `flags` hold until it is given back. */
  hold(now: number): number {
    if (now - this.#alone >= RETRY) this.#comeBack(now)
    for (;;) {
      const { words } = this.layout
      const at = wordsOf(this.#index) + LATCH
      const ticket = hold(words, at)
      if (this.isOwn) return ticket
      release(words, at, ticket)
      this.#find(now)
    }
  }

  release(ticket: number): void {
    release(this.layout.words, wordsOf(this.#index) + LATCH, ticket)
  }

  /** Gives the place back when nothing in it matters any more; false while it does. */
  forget(now: number): boolean {
    return !this.isOwn || forget(this.layout, this.#index, this.#hash, now)
  }

  #find(now: number): void {
    this.fresh = true
    this.#index = claim(this.layout, this.#hash, this.kept, now)
    if (this.#index >= 0) return
    noteAlone(this.layout)
    // No place among the others: the thread counts alone for now, and nobody can ask the store for it.
    this.#alone = now
    this.layout = countLayout(createCountMemory({ capacity: 1 }))
    this.#index = claim(this.layout, this.#hash, this.kept, now)
    this.layout.words[this.flags]! |= LOADED
  }

  /** Looks for a place among the others again; what was counted alone is brought along. */
  #comeBack(now: number): void {
    this.#alone = now
    const index = claim(this.#shared, this.#hash, this.kept, now)
    if (index < 0) return
    const { doubles: alone, words: aloneWords } = this.layout
    const [from, fromFlags] = [this.at, this.flags]
    this.#alone = Number.NaN
    this.layout = this.#shared
    this.#index = index
    this.fresh = true
    const ticket = this.hold(now)
    const { doubles, words } = this.layout
    // A window of another kind, or none yet, is that of the calls before.
    const form = (aloneWords[fromFlags]! & FORM) === (words[this.flags]! & FORM)
    if (!form && doubles[this.at + WINDOW + COUNT] === 0) {
      words[this.flags] = (words[this.flags]! & ~FORM) | (aloneWords[fromFlags]! & FORM)
      doubles.set(alone.subarray(from + WINDOW, from + DAY), this.at + WINDOW)
    } else if (form && (aloneWords[fromFlags]! & BUCKET) !== 0) {
      doubles[this.at + WINDOW + COUNT]! += alone[from + WINDOW + COUNT]!
    } else if (form) this.#add(doubles, alone, from, WINDOW, now)
    for (const counter of [DAY, MONTH]) this.#add(doubles, alone, from, counter, now)
    doubles[this.at + TOTAL]! += alone[from + TOTAL]!
    doubles[this.at + UNTIL] = Math.max(doubles[this.at + UNTIL]!, alone[from + UNTIL]!)
    this.release(ticket)
  }

  /** Adds what was counted alone to a counter: of days and months what the store does not know, which is all that is not here yet. */
  #add(doubles: Float64Array, alone: Float64Array, from: number, counter: number, now: number): void {
    const [old, at] = [from + counter, this.at + counter]
    const end = alone[old + END]!
    const amount = counter === WINDOW ? alone[old + COUNT]! : alone[old + PENDING]!
    if (end <= now || amount === 0) return
    if (doubles[at + END]! <= now) begin(doubles, at, end)
    doubles[at + COUNT]! += amount
    // Alone nobody is told of windows; those that instances share are told from now on.
    const shared = this.layout.shared && !this.has(LOCAL)
    doubles[at + PENDING]! += counter === WINDOW ? (shared ? amount : 0) : amount
  }
}
