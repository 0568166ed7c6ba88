/**
 * The lock around the shared state: held for microseconds, never across a turn of the event loop.
 *
 * A thread that dies with the lock leaves a state nobody can trust: `release` of the dead declares the cache broken, and it
 * stays empty until the instance is started again.
 */
import { Head } from './layout.ts'

/** Tries before a thread goes to sleep, and how long it then sleeps at most, milliseconds. */
const TRIES = 200
const NAP = 2

export class Lock {
  readonly #words: Int32Array
  readonly #mark: number

  /** `thread`: index of this thread, -1 for the main thread. */
  constructor(words: Int32Array, thread: number) {
    this.#words = words
    this.#mark = thread + 2
  }

  get broken(): boolean {
    return Atomics.load(this.#words, Head.broken) !== 0
  }

  /** Runs `work` alone. Throws what it throws. */
  run<T>(work: () => T): T {
    this.#acquire()
    try {
      return work()
    } finally {
      this.#release()
    }
  }

  /** To be called when a thread is gone. True when it held the lock. */
  bury(thread: number): boolean {
    if (Atomics.load(this.#words, Head.lock) !== thread + 2) return false
    Atomics.store(this.#words, Head.broken, 1)
    Atomics.compareExchange(this.#words, Head.lock, thread + 2, 0)
    Atomics.notify(this.#words, Head.lock)
    return true
  }

  #acquire(): void {
    const words = this.#words
    for (let tries = 0; ; tries++) {
      const holder = Atomics.compareExchange(words, Head.lock, 0, this.#mark)
      if (holder === 0) return
      if (tries < TRIES) continue
      Atomics.add(words, Head.waiting, 1)
      Atomics.wait(words, Head.lock, holder, NAP)
      Atomics.sub(words, Head.waiting, 1)
    }
  }

  #release(): void {
    const words = this.#words
    Atomics.store(words, Head.lock, 0)
    if (Atomics.load(words, Head.waiting) > 0) Atomics.notify(words, Head.lock, 1)
  }
}
