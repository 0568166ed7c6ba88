/** Long work in turns: others run between. */
export class Turns {
  #since = performance.now()

  /** Waits for a turn when this one took long enough. */
  async pause(): Promise<void> {
    if (performance.now() - this.#since < 15) return
    await new Promise(resolve => setImmediate(resolve))
    this.#since = performance.now()
  }
}
