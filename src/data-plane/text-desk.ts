/**
 * Texts that a thread needs while the main thread still reads its store: the thread asks for one and stands still until it is
 * there, which takes a millisecond or two. So a gateway with a million keys serves long before it has read them all.
 */

/** Milliseconds until a question is given up. */
const PATIENCE = 10_000

export class TextDesk {
  /** Questions of the thread that were answered. */
  readonly #answered: Int32Array
  readonly #send: (kind: string, id: string, turn: number) => void
  #turn: number

  /** `memory`: of `TextDesk.memory`; `index`: of the thread. */
  constructor(
    memory: SharedArrayBuffer,
    index: number,
    send: (kind: string, id: string, turn: number) => void,
  ) {
    this.#answered = new Int32Array(memory, index * 4, 1)
    this.#turn = Atomics.load(this.#answered, 0)
    this.#send = send
  }

  /** Memory for so many threads. */
  static memory(threads: number): SharedArrayBuffer {
    return new SharedArrayBuffer(threads * 4)
  }

  /** The main thread has done what the thread waits for. */
  static answer(memory: SharedArrayBuffer, index: number, turn: number): void {
    const answered = new Int32Array(memory, index * 4, 1)
    Atomics.store(answered, 0, turn)
    Atomics.notify(answered, 0)
  }

  /** Returns when the main thread has looked into the store. Throws when it does not answer. */
  fetch(kind: string, id: string): void {
    const turn = ++this.#turn
    this.#send(kind, id, turn)
    const end = performance.now() + PATIENCE
    for (;;) {
      const answered = Atomics.load(this.#answered, 0)
      if (answered >= turn) return
      const left = end - performance.now()
      if (left <= 0 || Atomics.wait(this.#answered, 0, answered, left) === 'timed-out')
        throw new Error('the store is still being read and did not answer within 10 seconds')
    }
  }
}
