/**
 * Results that are worth keeping for a while, by a text that may be a secret (it is kept as a digest).
 *
 * Guarantees: nothing is answered after its end; the number is bounded, the one unused longest goes first; whoever asks for
 * what somebody is fetching waits for that one answer.
 */
import { hash } from 'node:crypto'

const MOST = 5000

interface Kept<T> {
  readonly value: T
  /** Epoch milliseconds. */
  readonly until: number
}

export class BriefMemory<T> {
  readonly #most: number
  readonly #kept = new Map<string, Kept<T>>()
  readonly #flights = new Map<string, Promise<T>>()

  constructor(most = MOST) {
    this.#most = most
  }

  get size(): number {
    return this.#kept.size
  }

  /**
   * What is kept under these texts, else what `make` answers. `lifeOf`: milliseconds the answer is good for; 0 or less keeps
   * nothing. A rejection is kept by nobody.
   */
  async get(
    key: readonly string[],
    now: number,
    make: () => Promise<T>,
    lifeOf: (value: T) => number,
  ): Promise<T> {
    const digest = hash('sha256', JSON.stringify(key), 'base64')
    const known = this.#kept.get(digest)
    if (known !== undefined) {
      this.#kept.delete(digest)
      if (now < known.until) {
        this.#kept.set(digest, known)
        return known.value
      }
    }
    const flying = this.#flights.get(digest)
    if (flying !== undefined) return flying
    const flight = make().finally(() => this.#flights.delete(digest))
    this.#flights.set(digest, flight)
    const value = await flight
    const life = lifeOf(value)
    if (life > 0) this.#keep(digest, { value, until: now + life })
    return value
  }

  #keep(digest: string, kept: Kept<T>): void {
    this.#kept.set(digest, kept)
    if (this.#kept.size > this.#most) this.#kept.delete(this.#kept.keys().next().value!)
  }
}
