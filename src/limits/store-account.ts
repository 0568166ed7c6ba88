/** One subject as whoever keeps account with the store sees it: what the store does not know yet, and what it knows. */
import type { Calendar } from './calendar.ts'
import {
  COUNT,
  DAY,
  END,
  LOADED,
  LOCAL,
  MONTH,
  PENDING,
  SYNCED,
  TOTAL,
  UNTIL,
  WINDOW,
} from './count-memory.ts'
import { IDLE, turnDays } from './periods.ts'
import type { Slot } from './slot.ts'

/** The counters of a subject. */
export type Counter = typeof WINDOW | typeof DAY | typeof MONTH

export interface Pending {
  /** End of the period, epoch milliseconds. */
  readonly end: number
  readonly amount: number
}

export class StoreAccount {
  readonly #slot: Slot
  readonly #calendar: Calendar

  constructor(slot: Slot, calendar: Calendar) {
    this.#slot = slot
    this.#calendar = calendar
  }

  /** There are calls that the store does not know. Read under no latch. */
  get isDirty(): boolean {
    const { isOwn, layout, at } = this.#slot
    const { doubles } = layout
    return (
      isOwn &&
      (doubles[at + WINDOW + PENDING] !== 0 ||
        doubles[at + DAY + PENDING] !== 0 ||
        doubles[at + MONTH + PENDING] !== 0 ||
        doubles[at + TOTAL] !== 0)
    )
  }

  get isLoaded(): boolean {
    return this.#slot.has(LOADED)
  }

  /** Begins day and month without a call, so that there is something to ask the store for. */
  turn(now: number): void {
    if (!this.#slot.kept) return
    this.#held(now, (doubles, at) => {
      turnDays(doubles, at, this.#calendar, now)
      doubles[at + UNTIL] = Math.max(doubles[at + UNTIL]!, now + IDLE)
    })
  }

  /** What stands in a counter; null when its period is over, or it is nobody else's. */
  pending(counter: Counter, now: number): Pending | null {
    return this.#held(now, (doubles, at) => {
      const end = doubles[at + counter + END]!
      const own = counter === WINDOW && this.#slot.has(LOCAL)
      return own || now >= end ? null : { end, amount: doubles[at + counter + PENDING]! }
    })
  }

  /** The store has taken `amount` in, and knows `total` for the period that ends at `end`. */
  confirm(counter: Counter, { end, amount }: Pending, total: number, now: number): void {
    this.#held(now, (doubles, at) => {
      // The next period has begun meanwhile.
      if (doubles[at + counter + END] !== end) return
      const left = Math.max(0, doubles[at + counter + PENDING]! - amount)
      doubles[at + counter + PENDING] = left
      doubles[at + counter + COUNT] = total + left
    })
  }

  /** Takes the calls that the total of the store does not know. */
  takeTotal(now: number): number {
    return this.#held(now, (doubles, at) => {
      const total = doubles[at + TOTAL]!
      doubles[at + TOTAL] = 0
      return total
    })
  }

  /** Everything the store knows is here now. */
  synced(now: number): void {
    this.#held(now, (doubles, at) => {
      this.#slot.layout.words[this.#slot.flags]! |= LOADED
      doubles[at + SYNCED] = now
    })
  }

  /** Day and month begin anew; the window goes on. */
  reset(now: number): void {
    this.#held(now, (doubles, at) => {
      for (const place of [DAY + COUNT, DAY + PENDING, MONTH + COUNT, MONTH + PENDING, TOTAL])
        doubles[at + place] = 0
    })
  }

  /** Gives the place back when nothing in it matters any more; false while it does. */
  forget(now: number): boolean {
    return this.#slot.forget(now)
  }

  #held<T>(now: number, work: (doubles: Float64Array, at: number) => T): T {
    const ticket = this.#slot.hold(now)
    const result = work(this.#slot.layout.doubles, this.#slot.at)
    this.#slot.release(ticket)
    return result
  }
}
