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

  /** True when no mark stands: needs no clock. A mark whose time has passed may still answer false. */
  get clean(): boolean {
    return this.#until.get() === 0
  }

  /** True while the mark stands. `now` in epoch milliseconds. A mark whose time has passed is taken away. */
  bad(now: number): boolean {
    const until = this.#until.get()
    if (until === 0) return false
    if (now < (until + ORIGIN) * 1000) return true
    this.#until.compareExchange(until, 0)
    return false
  }

  /** Marks until then, epoch milliseconds. A mark that lasts longer stays. */
  set(until: number): void {
    const wanted = Math.min(MOST, Math.max(0, Math.ceil(until / 1000) - ORIGIN))
    for (;;) {
      const current = this.#until.get()
      if (current >= wanted || this.#until.compareExchange(current, wanted)) return
    }
  }

  remove(): void {
    this.#until.set(0)
  }

  close(): void {
    this.#cells.close(this.#until)
  }
}
