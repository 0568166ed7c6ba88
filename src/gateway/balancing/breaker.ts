/**
 * A circuit breaker, shared by all threads through cells.
 *
 * Closed: consecutive failures are counted, a success sets the count back to zero (and writes nothing when it is zero).
 * `maxErrors` failures in a row open it. Open: no call until `sampleInterval` has passed; then exactly one call over all
 * threads may try (`takeProbe`). Its success closes the breaker, its failure opens it for another interval. A probe that
 * has not reported by the end of its lease (its thread died) is given up. Reports of other calls change nothing while it
 * is open. The state lives as long as some thread holds the breaker.
 * Failure means: no response head in time. An HTTP status is never one.
 */
import type { Cell, LongCell, SharedCells } from '../../limits/cells.ts'

export interface BreakerLimits {
  /** Failures in a row, at least 1. */
  readonly maxErrors: number
  /** Milliseconds. */
  readonly sampleInterval: number
  /** Longest a probe may stay unanswered, milliseconds. */
  readonly probeLease: number
}

/** Called on the one thread whose report changed the state. */
export interface BreakerEvents {
  onOpen(): void
  onClose(): void
}

/** Value of the state cell while open; otherwise it counts failures. */
const OPEN = -1

export class Breaker {
  readonly #cells: SharedCells
  readonly #state: Cell
  /** While open: when the next probe may go, epoch milliseconds. */
  readonly #retryAt: LongCell
  readonly #limits: BreakerLimits
  readonly #events: BreakerEvents

  constructor(cells: SharedCells, key: string, limits: BreakerLimits, events: BreakerEvents) {
    this.#cells = cells
    this.#state = cells.open(`breaker:state:${key}`)
    this.#retryAt = cells.openLong(`breaker:retry-at:${key}`)
    this.#limits = limits
    this.#events = events
  }

  get closed(): boolean {
    return this.#state.get() !== OPEN
  }

  /** True when a call may be considered: closed, or open and due for a probe. */
  available(now: number): boolean {
    return this.#state.get() !== OPEN || now >= this.#retryAt.get()
  }

  /** While open: takes the right to make the one probe. At most one thread per interval gets true. */
  takeProbe(now: number): boolean {
    const due = this.#retryAt.get()
    return now >= due && this.#retryAt.compareExchange(due, now + Math.max(1, this.#limits.probeLease))
  }

  succeeded(probe: boolean): void {
    let count = this.#state.get()
    while (count > 0) {
      if (this.#state.compareExchange(count, 0)) return
      count = this.#state.get()
    }
    if (count === OPEN && probe && this.#state.compareExchange(OPEN, 0)) this.#events.onClose()
  }

  failed(probe: boolean, now: number): void {
    for (;;) {
      const retryAt = this.#retryAt.get()
      const count = this.#state.get()
      if (count === OPEN) {
        if (probe) this.#retryAt.set(now + this.#limits.sampleInterval)
        return
      }
      const opens = count + 1 >= this.#limits.maxErrors
      // Before the state: whoever sees it open must not find an old time. Only if nobody wrote it meanwhile: another
      // thread may have opened the breaker and even lent out its probe.
      if (opens) this.#retryAt.compareExchange(retryAt, now + this.#limits.sampleInterval)
      if (!this.#state.compareExchange(count, opens ? OPEN : count + 1)) continue
      if (opens) this.#events.onOpen()
      return
    }
  }

  /** A probe ended without telling anything (the client went away): another may go at once. */
  abandoned(now: number): void {
    if (this.#state.get() === OPEN) this.#retryAt.set(now)
  }

  close(): void {
    this.#cells.close(this.#state)
    this.#cells.close(this.#retryAt)
  }
}
