/**
 * What one subject has used: a window or a bucket, a day and a month, checked and taken in one step.
 *
 * Guarantees: of any interleaving of threads exactly as many calls pass as the plan allows; a refused call is not counted
 * anywhere; a step costs a few hundred nanoseconds at most and allocates nothing, as long as the subject has its slot.
 */
import type { Calendar } from './calendar.ts'
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
  PENDING,
  SYNCED,
  TOTAL,
  UNTIL,
  WINDOW,
  wordsOf,
} from './count-memory.ts'
import { claim, forget, hashOf, isOwnedBy, type NameHash } from './count-table.ts'
import { hold, release } from './latch.ts'
import type { Plan } from './plan.ts'
import { isKept, nameOf, type Subject } from './subject.ts'

/** The call may pass. */
export const PASS = 0
/** The store has to be asked before anybody can say. */
export const ASK = 1
export const OVER_WINDOW = 2
export const OVER_DAY = 3
export const OVER_MONTH = 4
export type Outcome = typeof PASS | typeof ASK | typeof OVER_WINDOW | typeof OVER_DAY | typeof OVER_MONTH

/** Counts a call that may pass. */
export const TAKE = 0
/** Counts nothing. */
export const LOOK = 1
/** Counts the call whatever the outcome is. */
export const NOTE = 2
export type Mode = typeof TAKE | typeof LOOK | typeof NOTE

/** How long a subject that calls no more keeps its slot, milliseconds. */
const IDLE = 300_000
/** A refusal is not older than this where others may have made room, milliseconds. */
const FRESH = 1_000
/** Milliseconds by which steps may come in another order than their times. */
const SLACK = 10_000
/** Longest day and month there are: a period that ends later was made by a clock that was wrong. */
const LONGEST_DAY = 26 * 3_600_000
const LONGEST_MONTH = 31 * 86_400_000 + 7_200_000

/** Figures of a tally: used and end of the window, of the day, of the month. */
export const FIGURES = 6

export class Tally {
  readonly subject: Subject
  readonly name: string
  /** Quotas of a day and a month are part of it. */
  readonly kept: boolean
  /** As the last step left them: used and end (epoch milliseconds) of window, day, month. */
  readonly figures = new Float64Array(FIGURES)
  /** Its slot is a new one: whoever keeps account with the store wants to know. */
  fresh = false
  /** Until then the store is not asked: it could not be, a moment ago. */
  sureUntil = 0
  readonly #calendar: Calendar
  readonly #hash: NameHash
  #layout: CountLayout
  #slot: number

  constructor(layout: CountLayout, calendar: Calendar, subject: Subject, now: number) {
    this.subject = subject
    this.name = nameOf(subject)
    this.kept = isKept(subject.family)
    this.#calendar = calendar
    this.#layout = layout
    this.#hash = hashOf(layout, this.name)
    this.#slot = -1
    this.#find(now)
  }

  /** Other instances count, too. */
  get isShared(): boolean {
    return this.#layout.shared && this.subject.family !== 'node'
  }

  /** One step for `amount` calls at `now`. `sure`: decides with what is known here and never answers `ASK`. */
  step(plan: Plan, now: number, mode: Mode, sure: boolean, amount = 1): Outcome {
    const ticket = this.#hold(now)
    const outcome = this.#decide(plan, now, mode, sure, amount)
    if (outcome === PASS ? mode !== LOOK : outcome !== ASK && mode === NOTE) this.#count(plan, now, amount)
    this.#show()
    release(this.#layout.words, wordsOf(this.#slot) + LATCH, ticket)
    return outcome
  }

  #decide(plan: Plan, now: number, mode: Mode, sure: boolean, amount: number): Outcome {
    const { doubles, words } = this.#layout
    const at = doublesOf(this.#slot)
    this.#turn(plan, now)
    if (this.kept && !sure && (words[wordsOf(this.#slot) + FLAGS]! & LOADED) === 0) return ASK
    const over = this.#over(plan, at, amount)
    const asks = this.isShared && !sure && mode !== NOTE
    if (over !== PASS) return asks && now - doubles[at + SYNCED]! > FRESH ? ASK : over
    if (!asks || mode === LOOK) return PASS
    if (!plan.local && !this.#fits(at + WINDOW, plan.window, amount)) return ASK
    if (!this.kept) return PASS
    return this.#fits(at + DAY, plan.daily, amount) && this.#fits(at + MONTH, plan.monthly, amount)
      ? PASS
      : ASK
  }

  /** True while what the others do not know of stays within this instance's share of what was left when it asked. */
  #fits(counter: number, limit: number, amount: number): boolean {
    const { doubles, ahead } = this.#layout
    const pending = doubles[counter + PENDING]!
    const known = doubles[counter + COUNT]! - pending
    return pending + amount <= Math.max(1, Math.floor((limit - known) * ahead))
  }

  #over(plan: Plan, at: number, amount: number): Outcome {
    const { doubles } = this.#layout
    if (doubles[at + WINDOW + COUNT]! + amount > plan.window) return OVER_WINDOW
    if (!this.kept) return PASS
    if (doubles[at + DAY + COUNT]! + amount > plan.daily) return OVER_DAY
    return doubles[at + MONTH + COUNT]! + amount > plan.monthly ? OVER_MONTH : PASS
  }

  /** Begins the periods that `now` is in. */
  #turn(plan: Plan, now: number): void {
    const { doubles, words } = this.#layout
    const at = doublesOf(this.#slot)
    const flags = wordsOf(this.#slot) + FLAGS
    const form = (plan.bucket ? BUCKET : 0) | (plan.local ? LOCAL : 0)
    if ((words[flags]! & (BUCKET | LOCAL)) !== form) {
      words[flags] = (words[flags]! & ~(BUCKET | LOCAL)) | form
      doubles.fill(0, at + WINDOW, at + WINDOW + 3)
    }
    if (plan.bucket) this.#refill(plan, at + WINDOW, now)
    else if (isOutside(doubles[at + WINDOW]!, now, plan.windowMs))
      this.#begin(at + WINDOW, this.#windowEnd(plan, now))
    if (!this.kept) return
    if (isOutside(doubles[at + DAY]!, now, LONGEST_DAY)) this.#begin(at + DAY, this.#calendar.dayEnd(now))
    if (isOutside(doubles[at + MONTH]!, now, LONGEST_MONTH))
      this.#begin(at + MONTH, this.#calendar.monthEnd(now))
  }

  /** Windows begin with their first call; those that instances share, with the clock. */
  #windowEnd({ local, windowMs }: Plan, now: number): number {
    return this.isShared && !local ? (Math.floor(now / windowMs) + 1) * windowMs : now + windowMs
  }

  #begin(counter: number, end: number): void {
    const { doubles } = this.#layout
    doubles[counter + END] = end
    doubles[counter + COUNT] = 0
    doubles[counter + PENDING] = 0
  }

  #refill({ refill, windowMs }: Plan, counter: number, now: number): void {
    const { doubles } = this.#layout
    const elapsed = now - doubles[counter + END]!
    if (elapsed >= 0 && elapsed < windowMs) return
    // A clock that was put back gives nothing.
    doubles[counter + COUNT] = Math.max(0, doubles[counter + COUNT]! - Math.max(0, elapsed) * refill)
    doubles[counter + END] = now
  }

  #count(plan: Plan, now: number, amount: number): void {
    const { doubles } = this.#layout
    const at = doublesOf(this.#slot)
    doubles[at + WINDOW + COUNT] = doubles[at + WINDOW + COUNT]! + amount
    if (this.isShared && !plan.local)
      doubles[at + WINDOW + PENDING] = doubles[at + WINDOW + PENDING]! + amount
    if (this.kept) {
      doubles[at + DAY + COUNT] = doubles[at + DAY + COUNT]! + amount
      doubles[at + DAY + PENDING] = doubles[at + DAY + PENDING]! + amount
      doubles[at + MONTH + COUNT] = doubles[at + MONTH + COUNT]! + amount
      doubles[at + MONTH + PENDING] = doubles[at + MONTH + PENDING]! + amount
      doubles[at + TOTAL] = doubles[at + TOTAL]! + amount
    }
    const full = plan.refill > 0 ? now + doubles[at + WINDOW + COUNT]! / plan.refill : now + IDLE
    const window = plan.bucket ? full + plan.windowMs : doubles[at + WINDOW]!
    doubles[at + UNTIL] = this.kept ? Math.max(window, now + IDLE) : window
  }

  #show(): void {
    const { doubles } = this.#layout
    const at = doublesOf(this.#slot)
    const { figures } = this
    figures[0] = doubles[at + WINDOW + COUNT]!
    figures[1] = doubles[at + WINDOW]!
    figures[2] = doubles[at + DAY + COUNT]!
    figures[3] = doubles[at + DAY]!
    figures[4] = doubles[at + MONTH + COUNT]!
    figures[5] = doubles[at + MONTH]!
  }

  #hold(now: number): number {
    for (;;) {
      const ticket = hold(this.#layout.words, wordsOf(this.#slot) + LATCH)
      if (isOwnedBy(this.#layout, this.#slot, this.#hash)) return ticket
      release(this.#layout.words, wordsOf(this.#slot) + LATCH, ticket)
      this.#find(now)
    }
  }

  #find(now: number): void {
    this.fresh = true
    this.#slot = claim(this.#layout, this.#hash, this.kept, now)
    if (this.#slot >= 0) return
    // No place among the others: counts alone, and nobody can ask the store for it.
    this.#layout = countLayout(createCountMemory({ capacity: 1 }))
    this.#slot = claim(this.#layout, this.#hash, this.kept, now)
    this.#layout.words[wordsOf(this.#slot) + FLAGS]! |= LOADED
  }

  // What whoever keeps account with the store needs.

  /** Calls the store does not know yet, or a first answer of the store is wanted. Read under no latch. */
  get isDirty(): boolean {
    const { doubles } = this.#layout
    const at = doublesOf(this.#slot)
    return (
      isOwnedBy(this.#layout, this.#slot, this.#hash) &&
      (doubles[at + WINDOW + PENDING] !== 0 ||
        doubles[at + DAY + PENDING] !== 0 ||
        doubles[at + MONTH + PENDING] !== 0 ||
        doubles[at + TOTAL] !== 0)
    )
  }

  get isLoaded(): boolean {
    return (this.#layout.words[wordsOf(this.#slot) + FLAGS]! & LOADED) !== 0
  }

  /** What stands in one counter (`WINDOW`, `DAY` or `MONTH`); null when its period is over, or it is nobody else's. */
  pending(counter: number, now: number): { readonly end: number; readonly amount: number } | null {
    const ticket = this.#hold(now)
    const { doubles, words } = this.#layout
    const at = doublesOf(this.#slot) + counter
    const own = counter === WINDOW && (words[wordsOf(this.#slot) + FLAGS]! & LOCAL) !== 0
    const end = doubles[at + END]!
    const found = own || now >= end ? null : { end, amount: doubles[at + PENDING]! }
    release(words, wordsOf(this.#slot) + LATCH, ticket)
    return found
  }

  /** The store has taken `amount` in, and knows `total` for the period that ends at `end`. */
  confirm(counter: number, end: number, amount: number, total: number, now: number): void {
    const ticket = this.#hold(now)
    const { doubles, words } = this.#layout
    const at = doublesOf(this.#slot) + counter
    if (doubles[at + END] === end) {
      const left = Math.max(0, doubles[at + PENDING]! - amount)
      doubles[at + PENDING] = left
      doubles[at + COUNT] = total + left
    }
    release(words, wordsOf(this.#slot) + LATCH, ticket)
  }

  /** Takes the calls that the total of the store does not know. */
  takeTotal(now: number): number {
    const ticket = this.#hold(now)
    const { doubles, words } = this.#layout
    const at = doublesOf(this.#slot) + TOTAL
    const total = doubles[at]!
    doubles[at] = 0
    release(words, wordsOf(this.#slot) + LATCH, ticket)
    return total
  }

  /** Everything the store knows is here now. */
  synced(now: number): void {
    const ticket = this.#hold(now)
    const { doubles, words } = this.#layout
    words[wordsOf(this.#slot) + FLAGS]! |= LOADED
    doubles[doublesOf(this.#slot) + SYNCED] = now
    release(words, wordsOf(this.#slot) + LATCH, ticket)
  }

  /** Day and month begin anew; the window goes on. */
  reset(now: number): void {
    const ticket = this.#hold(now)
    const { doubles, words } = this.#layout
    const at = doublesOf(this.#slot)
    for (const place of [DAY + COUNT, DAY + PENDING, MONTH + COUNT, MONTH + PENDING, TOTAL])
      doubles[at + place] = 0
    release(words, wordsOf(this.#slot) + LATCH, ticket)
  }

  /** Begins day and month without a call, so that there is something to ask the store for. */
  turn(now: number): void {
    const ticket = this.#hold(now)
    const at = doublesOf(this.#slot)
    const { doubles, words } = this.#layout
    if (this.kept) {
      if (isOutside(doubles[at + DAY]!, now, LONGEST_DAY)) this.#begin(at + DAY, this.#calendar.dayEnd(now))
      if (isOutside(doubles[at + MONTH]!, now, LONGEST_MONTH))
        this.#begin(at + MONTH, this.#calendar.monthEnd(now))
      doubles[at + UNTIL] = Math.max(doubles[at + UNTIL]!, now + IDLE)
    }
    release(words, wordsOf(this.#slot) + LATCH, ticket)
  }

  /** Gives the slot back when nothing in it matters any more; false while it does. */
  forget(now: number): boolean {
    return (
      !isOwnedBy(this.#layout, this.#slot, this.#hash) || forget(this.#layout, this.#slot, this.#hash, now)
    )
  }
}

/** A little longer than `longest` is no wrong clock: threads read it one after another and use it in another order. */
function isOutside(end: number, now: number, longest: number): boolean {
  return now >= end || end - now > longest + SLACK
}
