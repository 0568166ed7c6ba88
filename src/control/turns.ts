/** Long work in turns: others run between. */
export class Turns {
  readonly #slice: number
  #since = performance.now()

  /** `slice`: milliseconds of a turn. */
  constructor(slice = 15) {
    this.#slice = slice
  }

  /** Waits for a turn when this one took long enough. */
  async pause(): Promise<void> {
    if (performance.now() - this.#since < this.#slice) return
    await new Promise(resolve => setImmediate(resolve))
    this.#since = performance.now()
  }
}
