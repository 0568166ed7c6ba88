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
import { begin, IDLE, isOutside, turnDays } from './periods.ts'
import type { Plan } from './plan.ts'
import { Slot } from './slot.ts'
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

/** A refusal is not older than this where others may have made room, milliseconds. */
const FRESH = 1_000

/** Figures of a tally: used and end of the window, of the day, of the month. */
export const FIGURES = 6

export class Tally {
  readonly subject: Subject
  readonly slot: Slot
  /** As the last step left them: used and end (epoch milliseconds) of window, day, month. */
  readonly figures = new Float64Array(FIGURES)
  /** Until then the store is not asked: it could not be, a moment ago. */
  sureUntil = 0
  readonly #calendar: Calendar

  constructor(layout: CountLayout, calendar: Calendar, subject: Subject, now: number) {
    this.subject = subject
    this.#calendar = calendar
    this.slot = new Slot(layout, nameOf(subject), isKept(subject.family), now)
  }

  get name(): string {
    return this.slot.name
  }

  /** Quotas of a day and a month are part of it. */
  get kept(): boolean {
    return this.slot.kept
  }

  /** Other instances count, too. */
  get isShared(): boolean {
    return this.slot.layout.shared && this.subject.family !== 'node'
  }

  /** One step for `amount` calls at `now`. `sure`: decides with what is known here and never answers `ASK`. */
  step(plan: Plan, now: number, mode: Mode, sure: boolean, amount = 1): Outcome {
    const ticket = this.slot.hold(now)
    const { doubles } = this.slot.layout
    const { at } = this.slot
    this.#turn(doubles, at, plan, now)
    const outcome = this.#decide(doubles, at, plan, now, mode, sure, amount)
    if (outcome === PASS ? mode !== LOOK : outcome !== ASK && mode === NOTE)
      this.#count(doubles, at, plan, now, amount)
    this.#show(doubles, at)
    this.slot.release(ticket)
    return outcome
  }

  #decide(
    doubles: Float64Array,
    at: number,
    plan: Plan,
    now: number,
    mode: Mode,
    sure: boolean,
    amount: number,
  ): Outcome {
    if (this.kept && !sure && !this.slot.has(LOADED)) return ASK
    const over = this.#over(doubles, at, plan, amount)
    const asks = this.isShared && !sure && mode !== NOTE
    if (over !== PASS) return asks && now - doubles[at + SYNCED]! > FRESH ? ASK : over
    if (!asks || mode === LOOK) return PASS
    const { ahead } = this.slot.layout
    if (!plan.local && !fits(doubles, at + WINDOW, plan.window, ahead, amount)) return ASK
    if (!this.kept) return PASS
    return fits(doubles, at + DAY, plan.daily, ahead, amount) &&
      fits(doubles, at + MONTH, plan.monthly, ahead, amount)
      ? PASS
      : ASK
  }

  #over(doubles: Float64Array, at: number, plan: Plan, amount: number): Outcome {
    if (doubles[at + WINDOW + COUNT]! + amount > plan.window) return OVER_WINDOW
    if (!this.kept) return PASS
    if (doubles[at + DAY + COUNT]! + amount > plan.daily) return OVER_DAY
    return doubles[at + MONTH + COUNT]! + amount > plan.monthly ? OVER_MONTH : PASS
  }

  /** Begins the periods that `now` is in. */
  #turn(doubles: Float64Array, at: number, plan: Plan, now: number): void {
    const { words } = this.slot.layout
    const { flags } = this.slot
    const form = (plan.bucket ? BUCKET : 0) | (plan.local ? LOCAL : 0)
    if ((words[flags]! & (BUCKET | LOCAL)) !== form) {
      words[flags] = (words[flags]! & ~(BUCKET | LOCAL)) | form
      begin(doubles, at + WINDOW, 0)
    }
    if (plan.bucket) refill(doubles, at + WINDOW, plan, now)
    else if (isOutside(doubles[at + WINDOW]!, now, plan.windowMs))
      begin(doubles, at + WINDOW, this.#windowEnd(plan, now))
    if (this.kept) turnDays(doubles, at, this.#calendar, now)
  }

  /** Windows begin with their first call; those that instances share, with the clock. */
  #windowEnd({ local, windowMs }: Plan, now: number): number {
    return this.isShared && !local ? (Math.floor(now / windowMs) + 1) * windowMs : now + windowMs
  }

  #count(doubles: Float64Array, at: number, plan: Plan, now: number, amount: number): void {
    add(doubles, at + WINDOW + COUNT, amount)
    if (this.isShared && !plan.local) add(doubles, at + WINDOW + PENDING, amount)
    if (this.kept) {
      add(doubles, at + DAY + COUNT, amount)
      add(doubles, at + DAY + PENDING, amount)
      add(doubles, at + MONTH + COUNT, amount)
      add(doubles, at + MONTH + PENDING, amount)
      add(doubles, at + TOTAL, amount)
    }
    const full = plan.refill > 0 ? now + doubles[at + WINDOW + COUNT]! / plan.refill : now + IDLE
    const window = plan.bucket ? full + plan.windowMs : doubles[at + WINDOW]!
    doubles[at + UNTIL] = this.kept ? Math.max(window, now + IDLE) : window
  }

  #show(doubles: Float64Array, at: number): void {
    const { figures } = this
    figures[0] = doubles[at + WINDOW + COUNT]!
    figures[1] = doubles[at + WINDOW + END]!
    figures[2] = doubles[at + DAY + COUNT]!
    figures[3] = doubles[at + DAY + END]!
    figures[4] = doubles[at + MONTH + COUNT]!
    figures[5] = doubles[at + MONTH + END]!
  }
}

function add(doubles: Float64Array, at: number, amount: number): void {
  doubles[at] = doubles[at]! + amount
}

/** Gives a bucket its tokens back. */
function refill(doubles: Float64Array, counter: number, plan: Plan, now: number): void {
  const elapsed = now - doubles[counter + END]!
  if (elapsed >= 0 && elapsed < plan.windowMs) return
  // A clock that was put back gives nothing.
  const back = Math.max(0, elapsed) * plan.refill
  doubles[counter + COUNT] = Math.max(0, doubles[counter + COUNT]! - back)
  doubles[counter + END] = now
}

/** True while what the others do not know of stays within this instance's share of what was left when it asked. */
function fits(doubles: Float64Array, counter: number, limit: number, ahead: number, amount: number): boolean {
  if (limit === Number.POSITIVE_INFINITY) return true
  const pending = doubles[counter + PENDING]!
  const known = doubles[counter + COUNT]! - pending
  return pending + amount <= Math.max(1, Math.floor((limit - known) * ahead))
}
