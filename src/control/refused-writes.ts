/** Tells of a store that takes no changes: at once, and then at most once a minute for as long as it lasts. */
import type { StoreUnavailable } from '../store/contract.ts'

/** Milliseconds between two reports. */
const reportEvery = 60_000

export class RefusedWrites {
  readonly #report: (error: unknown, what: string) => void
  #nextReport = 0
  /** Commits that failed and were not told of. */
  #untold = 0

  constructor(report: (error: unknown, what: string) => void) {
    this.#report = report
  }

  /** A commit failed. */
  note(error: StoreUnavailable, now = Date.now()): void {
    this.#untold++
    if (now < this.#nextReport) return
    const times = this.#untold === 1 ? '' : `, ${this.#untold} times since the last report`
    this.#nextReport = now + reportEvery
    this.#untold = 0
    this.#report(error, `changes are refused${times}`)
  }
}
