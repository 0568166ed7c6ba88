/**
 * Keys fetched from a server, kept and renewed.
 *
 * Guarantees: one fetch in flight; keys older than their life are used only while the server cannot be asked, and no longer than
 * `MOST_STALE`; before they end they are renewed beside the traffic; a token that names a key nobody knows makes one
 * fetch per `UNKNOWN_PAUSE` at most, so rotation needs no waiting and made-up names make no load; after a failure the
 * server has a pause.
 */
import type { KeyObject } from 'node:crypto'
import { type KeySet, readKeySet } from './key-set.ts'
import type { KeyHint } from './token-keys.ts'

/** Milliseconds that keys are used beyond their life while the server cannot be asked. */
export const MOST_STALE = 3_600_000
/** Least milliseconds between two fetches because of a name nobody knows. */
export const UNKNOWN_PAUSE = 10_000
/** Milliseconds until the next attempt after a failure; the first, and the most while failures go on. */
const FIRST_PAUSE = 1_000
const LONGEST_PAUSE = 30_000
/** Part of their life after which keys are renewed. */
const EARLY = 0.75

export interface RemoteKeysOptions {
  /** The published text, or a rejection. */
  readonly fetch: () => Promise<string>
  /** Milliseconds that keys live. */
  readonly ttl: number
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number
  readonly onFault: (message: string) => void
}

export class RemoteKeys {
  readonly #options: RemoteKeysOptions
  #set: KeySet | null = null
  #fetchedAt = Number.NEGATIVE_INFINITY
  /** No fetch before, because of failures. */
  #notBefore = Number.NEGATIVE_INFINITY
  #pause = FIRST_PAUSE
  #askedForUnknown = Number.NEGATIVE_INFINITY
  #flight: Promise<void> | null = null

  constructor(options: RemoteKeysOptions) {
    this.#options = options
  }

  /** The key a token names. A promise when it must be waited for. Never rejects. */
  find(hint: KeyHint, kty: string): KeyObject | null | Promise<KeyObject | null> {
    if (hint.kid === null) return null
    const { ttl, now } = this.#options
    const age = now() - this.#fetchedAt
    if (age >= ttl) {
      const flight = this.#renew()
      // A server that failed just now may hang this time: nobody waits for it while there is a key.
      const stale = this.#pause > FIRST_PAUSE ? this.#known(hint, kty) : null
      if (stale !== null || flight === null) return stale ?? this.#known(hint, kty)
      return flight.then(() => this.#known(hint, kty))
    }
    const key = this.#known(hint, kty)
    if (age >= ttl * EARLY) this.#renew()
    if (key !== null) return key
    const flight = this.#forUnknown()
    return flight === null ? null : flight.then(() => this.#known(hint, kty))
  }

  #known(hint: KeyHint, kty: string): KeyObject | null {
    const { ttl, now } = this.#options
    return now() - this.#fetchedAt < ttl + MOST_STALE ? (this.#set?.find(hint, kty) ?? null) : null
  }

  #forUnknown(): Promise<void> | null {
    if (this.#flight !== null) return this.#flight
    const now = this.#options.now()
    if (now - this.#askedForUnknown < UNKNOWN_PAUSE) return null
    const flight = this.#renew()
    if (flight !== null) this.#askedForUnknown = now
    return flight
  }

  /** The fetch that is in flight or begins; null while the server has its pause. */
  #renew(): Promise<void> | null {
    if (this.#flight !== null) return this.#flight
    if (this.#options.now() < this.#notBefore) return null
    this.#flight = this.#fetch().finally(() => (this.#flight = null))
    return this.#flight
  }

  async #fetch(): Promise<void> {
    const { fetch, now, onFault } = this.#options
    try {
      const set = readKeySet(await fetch())
      if (set === null) throw new Error('the answer is no set of keys')
      this.#set = set.keeping(this.#set)
      this.#fetchedAt = now()
      this.#pause = FIRST_PAUSE
    } catch (error) {
      this.#notBefore = now() + this.#pause
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE)
      onFault(error instanceof Error ? error.message : String(error))
    }
  }
}
