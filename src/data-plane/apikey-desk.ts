/** Keys that plugins make of what callers show: a thread asks, the main thread stores. The number of open questions is bounded. */

/** Questions of one thread that may wait for an answer. */
const MOST_OPEN = 100
/** Milliseconds until a question is given up. */
const PATIENCE = 10_000

/** An API key as JSON. */
export type KeyToStore = Readonly<Record<string, unknown>>

export class ApikeyDesk {
  readonly #open = new Map<number, (fault: string | null) => void>()
  readonly #send: (id: number, key: KeyToStore) => void
  #last = 0

  constructor(send: (id: number, key: KeyToStore) => void) {
    this.#send = send
  }

  /** Resolves when a key of this id is stored and served, be it this one or another. Rejects with the reason why not. */
  store(key: KeyToStore): Promise<void> {
    if (this.#open.size >= MOST_OPEN) return Promise.reject(new Error('too many keys wait to be stored'))
    const id = ++this.#last
    return new Promise((resolve, reject) => {
      const done = (fault: string | null): void => {
        clearTimeout(timer)
        this.#open.delete(id)
        if (fault === null) resolve()
        else reject(new Error(fault))
      }
      const timer = setTimeout(() => done('no answer within 10 seconds'), PATIENCE)
      this.#open.set(id, done)
      this.#send(id, key)
    })
  }

  /** `fault` null: it is stored. */
  answered(id: number, fault: string | null): void {
    this.#open.get(id)?.(fault)
  }
}
