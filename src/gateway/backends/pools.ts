/**
 * The connections to all origins of this thread. Routes that call the same origin in the same way share its connections.
 *
 * Guarantees: a pool lives as long as somebody holds it and a little longer, so that a route that is compiled anew finds
 * its connections; a pool nobody holds closes its idle connections and lets the others finish.
 */
import {
  createDispatcher,
  type Dispatcher,
  type Origin,
  originKey,
  type PoolLimits,
} from '../../http/index.ts'

/** A hold on the connections to an origin. */
export interface PoolLease {
  readonly dispatcher: Dispatcher
  /** Gives the hold back. Call once. */
  release(): void
}

interface Entry {
  readonly dispatcher: Dispatcher
  holders: number
  timer: NodeJS.Timeout | null
}

/** Makes the dispatcher of an origin. */
export type OpenDispatcher = (origin: Origin, limits: PoolLimits) => Dispatcher

export class Pools {
  readonly #limits: PoolLimits
  readonly #linger: number
  readonly #open: OpenDispatcher
  readonly #entries = new Map<string, Entry>()

  /** `linger`: milliseconds a pool nobody holds is kept. */
  constructor(limits: PoolLimits, linger = 10_000, open: OpenDispatcher = createDispatcher) {
    this.#limits = limits
    this.#linger = linger
    this.#open = open
  }

  /** `queueSize`: requests that may wait for a connection, when the route sets it. */
  hold(origin: Origin, queueSize: number | null = null): PoolLease {
    const key = queueSize === null ? originKey(origin) : `${queueSize} ${originKey(origin)}`
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      const limits = queueSize === null ? this.#limits : { ...this.#limits, maxQueue: queueSize }
      entry = { dispatcher: this.#open(origin, limits), holders: 0, timer: null }
      this.#entries.set(key, entry)
    }
    entry.holders++
    if (entry.timer !== null) clearTimeout(entry.timer)
    entry.timer = null
    const held = entry
    return {
      dispatcher: held.dispatcher,
      release: () => {
        if (--held.holders > 0) return
        held.timer = setTimeout(() => this.#drop(key, held), this.#linger)
        held.timer.unref()
      },
    }
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key)
    entry.dispatcher.close()
  }

  /** Open connections over all origins. */
  get open(): number {
    let open = 0
    for (const { dispatcher } of this.#entries.values()) open += dispatcher.open
    return open
  }

  get size(): number {
    return this.#entries.size
  }

  destroy(): void {
    for (const { dispatcher, timer } of this.#entries.values()) {
      if (timer !== null) clearTimeout(timer)
      dispatcher.destroy()
    }
    this.#entries.clear()
  }
}
