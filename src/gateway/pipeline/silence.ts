/** Ends a connection that switched protocols and on which nothing moves, either way, for too long. */

/** Watches over a tunnel; `idle` 0: for ever. */
export class Silence {
  readonly #timer: NodeJS.Timeout | null

  /** `onSilence` is called once, `idle` milliseconds after the last `broken`. */
  constructor(idle: number, onSilence: () => void) {
    this.#timer = idle > 0 ? setTimeout(onSilence, idle) : null
  }

  /** Something moved. */
  broken(): void {
    this.#timer?.refresh()
  }

  /** The connection is over. */
  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
  }
}
