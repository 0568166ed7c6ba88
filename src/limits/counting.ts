/**
 * Counting as one thread does it: finds the tally of a subject, and asks the main thread where the store has to be asked.
 *
 * Guarantees: no message and no promise while what is known here is enough to decide; whoever waits for the store waits for
 * a bounded time, and is then decided upon with what is known here (law 3).
 */
import { type Calendar, calendarOf } from './calendar.ts'
import { type CountLayout, type CountMemory, countLayout, createCountMemory } from './count-memory.ts'
import { type GlobalLimits, noGlobalLimits } from './global-limits.ts'
import type { Plan } from './plan.ts'
import { type Family, isApart, nameOf, type Subject, subjectOf } from './subject.ts'
import { ASK, type Mode, type Outcome, Tally } from './tally.ts'

export interface CountingOptions {
  readonly memory: CountMemory
  /** Memory of what is counted in a store of its own; absent: there is none. */
  readonly apart?: CountMemory | null
  /** Time zone of days and months; null: that of the process. */
  readonly zone: string | null
  /** Length of the throttling window, milliseconds. */
  readonly windowMs: number
  /** Answers say in `RateLimit` and `RateLimit-Policy` what is left. */
  readonly fields?: boolean
  /** Calls over their limits are told of and pass. */
  readonly shadow?: boolean
  /** Id of the route that no limit closes: that of the admin API. */
  readonly adminRoute?: string
  /** Asks the main thread to keep account of a subject; `answered` follows, unless it is busy for too long. */
  readonly ask: (subject: Subject) => void
}

/** Subjects whose tallies a thread keeps at hand. */
const AT_HAND = 20_000
/** Characters from which on an id is looked for as it is stored. */
const LONG = 512
/** Longest wait for the store, milliseconds. */
const PATIENCE = 2_000
/** Milliseconds after which a store that could not be asked is asked again. */
const PAUSE = 500
/** Askings of one call: others may have used what the store gave. */
const MOST_TRIES = 1_000

interface Waiting {
  readonly done: Promise<boolean>
  readonly resolve: (reached: boolean) => void
}

export class Counting {
  readonly windowMs: number
  readonly fields: boolean
  readonly shadow: boolean
  readonly adminRoute: string | null
  /** Limits of the revision in force. */
  global: GlobalLimits = noGlobalLimits
  readonly #options: CountingOptions
  readonly #layout: CountLayout
  readonly #apart: CountLayout | null
  readonly #calendar: Calendar
  readonly #atHand = new Map<string, Tally>()
  readonly #waiting = new Map<string, Waiting>()

  constructor(options: CountingOptions) {
    this.#options = options
    this.windowMs = options.windowMs
    this.fields = options.fields ?? false
    this.shadow = options.shadow ?? false
    this.adminRoute = options.adminRoute ?? null
    this.#layout = countLayout(options.memory)
    this.#apart = options.apart == null ? null : countLayout(options.apart)
    this.#calendar = calendarOf(options.zone)
  }

  /** Keys without a strategy of their own are counted as limiters are: in a store apart. */
  get keysApart(): boolean {
    return this.#apart !== null
  }

  /** The tally of a subject. Those used lately are at hand; others cost some microseconds. */
  tally(family: Family, id: string, group = ''): Tally {
    // Of a long id its digest: what callers make up must not fill the memory.
    const long = id.length > LONG || group.length > LONG
    const key = nameOf(long ? subjectOf(family, id, group) : { family, group, id })
    const known = this.#atHand.get(key)
    if (known !== undefined) return known
    if (this.#atHand.size >= AT_HAND) this.#atHand.delete(this.#atHand.keys().next().value!)
    const layout = this.#apart !== null && isApart(family) ? this.#apart : this.#layout
    const tally = new Tally(layout, this.#calendar, subjectOf(family, id, group), Date.now())
    this.#atHand.set(key, tally)
    return tally
  }

  /** One step of a tally now; a promise while the store is asked. `tally.figures` tells what is used. */
  step(tally: Tally, plan: Plan, mode: Mode, amount = 1): Outcome | Promise<Outcome> {
    const now = Date.now()
    const outcome = tally.step(plan, now, mode, now < tally.sureUntil, amount)
    if (tally.slot.fresh) {
      tally.slot.fresh = false
      // What others count, too, is told to them from the first call on.
      if (outcome !== ASK && tally.isShared) this.#options.ask(tally.subject)
    }
    return outcome === ASK ? this.#askFirst(tally, plan, mode, amount) : outcome
  }

  /** As `step` with what is known here: at once, whatever the store knows. */
  stepNow(tally: Tally, plan: Plan, mode: Mode, amount = 1): Outcome {
    return tally.step(plan, Date.now(), mode, true, amount)
  }

  /** The main thread has asked the store about a subject. */
  answered(name: string, reached: boolean): void {
    this.#waiting.get(name)?.resolve(reached)
  }

  async #askFirst(tally: Tally, plan: Plan, mode: Mode, amount: number): Promise<Outcome> {
    for (let i = 0; i < MOST_TRIES; i++) {
      if (!(await this.#asked(tally))) break
      const outcome = tally.step(plan, Date.now(), mode, false, amount)
      if (outcome !== ASK) return outcome
    }
    const now = Date.now()
    tally.sureUntil = now + PAUSE
    return tally.step(plan, now, mode, true, amount)
  }

  /** Resolves with whether the store answered. One question at a time for each subject. */
  #asked({ name, subject }: Tally): Promise<boolean> {
    const waiting = this.#waiting.get(name)
    if (waiting !== undefined) return waiting.done
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => settle(false), PATIENCE)
    const settle = (reached: boolean): void => {
      clearTimeout(timer)
      this.#waiting.delete(name)
      resolve(reached)
    }
    this.#waiting.set(name, { done: promise, resolve: settle })
    this.#options.ask(subject)
    return promise
  }
}

/** Counting of a process that has one thread and no store: for tests and trials. */
export function countingAlone(windowMs = 10_000): Counting {
  const counting: Counting = new Counting({
    memory: createCountMemory({ capacity: 4096 }),
    zone: null,
    windowMs,
    ask: subject => queueMicrotask(() => counting.answered(nameOf(subject), false)),
  })
  return counting
}
