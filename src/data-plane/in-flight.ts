/** Requests in flight over all threads: one number per thread, so that a thread that dies leaves nothing behind. */
export class InFlight {
  readonly #counts: Int32Array
  readonly #own: number

  constructor(memory: SharedArrayBuffer, thread: number) {
    this.#counts = new Int32Array(memory)
    this.#own = thread
  }

  /** Memory for this many threads. */
  static memory(threads: number): SharedArrayBuffer {
    return new SharedArrayBuffer(4 * threads)
  }

  /** A request begins; answers the total. */
  enter(): number {
    Atomics.add(this.#counts, this.#own, 1)
    return this.total
  }

  leave(): void {
    Atomics.sub(this.#counts, this.#own, 1)
  }

  get total(): number {
    let total = 0
    for (let i = 0; i < this.#counts.length; i++) total += Atomics.load(this.#counts, i)
    return total
  }

  /** Forgets the requests of a thread that is gone. */
  static reset(memory: SharedArrayBuffer, thread: number): void {
    Atomics.store(new Int32Array(memory), thread, 0)
  }
}
