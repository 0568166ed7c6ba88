/**
 * Marks of targets in bad health, shared by all threads: a time until which the balancer leaves the target out.
 * A mark belongs to the server, not to the route whose check set it. Resolution: one second, rounded up.
 */
import type { Cell, SharedCells } from '../../limits/cells.ts'

/** Marks count seconds from here, so that they fit 31 bits until 2088: 1 January 2020, epoch seconds. */
const ORIGIN = 1_577_836_800
const MOST = 2 ** 31 - 1

/** One thread's hold of the mark of one server. */
export class HealthMark {
  readonly #cells: SharedCells
  readonly #until: Cell

  /** `targetKey` is `CompiledTarget.key`. */
  constructor(cells: SharedCells, targetKey: string) {
    this.#cells = cells
    this.#until = cells.open(`health:bad:${targetKey}`)
  }

  /** True when no mark was ever set or the last was removed: needs no clock. */
  get clean(): boolean {
    return this.#until.get() === 0
  }

  /** True while the mark stands. `now` in epoch milliseconds. */
  bad(now: number): boolean {
    const until = this.#until.get()
    return until !== 0 && now < (until + ORIGIN) * 1000
  }

  /** Marks until then, epoch milliseconds. */
  set(until: number): void {
    this.#until.set(Math.min(MOST, Math.max(0, Math.ceil(until / 1000) - ORIGIN)))
  }

  remove(): void {
    this.#until.set(0)
  }

  close(): void {
    this.#cells.close(this.#until)
  }
}
