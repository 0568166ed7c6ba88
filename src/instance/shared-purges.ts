/**
 * Purges of the response cache among instances that share a store: a list of the last ones, under one key.
 *
 * Guarantees: a purge that was answered reaches every instance as fast as its store tells it of changes; one that was cut off
 * and does not know what it missed drops everything it keeps. Not guaranteed: that others have done it when it is answered.
 */
import { randomUUID } from 'node:crypto'
import type { PurgeOrder } from '../cache/index.ts'
import { StoreConflict, StoreUnavailable, type Store } from '../store/contract.ts'
import type { Log } from './log.ts'
import { type KeptPurge, type PurgeList, readPurges, withPurge } from './purge-list.ts'

/** Writes of others that may come in between. */
const MOST_TRIES = 30

export class SharedPurges {
  readonly #store: Store
  readonly #key: string
  readonly #purge: (order: PurgeOrder) => number
  readonly #log: Log
  readonly #instance = randomUUID()
  readonly #stopWatching: () => void
  /** Up to where the list was followed; null: it was never read. */
  #followed: Pick<PurgeList, 'epoch' | 'last'> | null = null
  #reading: Promise<void> = Promise.resolve()

  /** `purge` takes answers out of this instance. */
  constructor(store: Store, root: string, purge: (order: PurgeOrder) => number, log: Log) {
    this.#store = store
    this.#key = `${root}:response-cache:purges`
    this.#purge = purge
    this.#log = log
    this.#stopWatching = store.watch(
      keys => {
        if (keys.includes(this.#key)) void this.follow()
      },
      () => void this.follow(),
    )
  }

  /** Does what others ordered since the last time. Never rejects. */
  follow(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#follow()).catch(error => this.#failed(error))
    return this.#reading
  }

  /** Purges here, then tells the others; answers how many answers were taken out here. Rejects when they cannot be told. */
  async order(order: PurgeOrder): Promise<number> {
    const purged = this.#purge(order)
    for (let tried = 0; tried < MOST_TRIES; tried++) {
      const text = await this.#store.get(this.#key)
      const value = withPurge(readPurges(text), { ...order, by: this.#instance, at: Date.now() })
      try {
        await this.#store.commit([{ key: this.#key, value }], [{ key: this.#key, value: text }])
        return purged
      } catch (error) {
        if (!(error instanceof StoreConflict)) throw error
      }
    }
    throw new StoreUnavailable('other instances are purging all the time')
  }

  close(): void {
    this.#stopWatching()
  }

  async #follow(): Promise<void> {
    const list = readPurges(await this.#store.get(this.#key))
    const before = this.#followed
    this.#followed = { epoch: list.epoch, last: list.last }
    // What is kept was fetched after the start, when the list was read first.
    if (before === null) return
    const isSame = before.epoch === list.epoch || before.epoch === ''
    const news = list.purges.filter(({ n }) => n > before.last)
    if (!isSame || news.length < list.last - before.last) {
      // A list that is gone or begins anew says nothing of what was on it.
      this.#purge({ route: null, urls: [], tags: [] })
      return
    }
    for (const purge of news) if (purge.by !== this.#instance) this.#purge(orderIn(purge))
  }

  #failed(error: unknown): void {
    this.#log(
      'warn',
      `purges of other instances cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

function orderIn({ route, urls, tags }: KeptPurge): PurgeOrder {
  return { route, urls, tags }
}
