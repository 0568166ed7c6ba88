/**
 * How long versions are kept: a number of them per entity, and an age. Removed in the background, a few at a time, so that
 * writers find their turn between.
 *
 * Guarantees: what is within both limits stays. Not guaranteed: that what is beyond them is gone at once. An entity is
 * looked at when it is written, so one that nobody writes keeps what it has until it is too old.
 */
import type { Change, Entry, Store } from '../../store/contract.ts'
import { readRecord } from './change-record.ts'
import { type HistoryKeys, numberIn, numbersPerMillisecond } from './history-keys.ts'

export interface RetentionOptions {
  /** Versions kept of each entity; 0: no limit. */
  readonly versions: number
  /** Milliseconds a version is kept; 0: no limit. */
  readonly maxAge: number
  /** Told of failures nobody waits for. */
  readonly onFailure?: (error: unknown, what: string) => void
}

/** Milliseconds between two rounds. */
const roundEvery = 10_000
/** Milliseconds between two looks for what is too old. */
const ageEvery = 3_600_000
/** Versions removed by one commit, and the milliseconds until the next one. */
const batchSize = 200
const pause = 20
/** Entities remembered as written. Beyond, those met next are forgotten until they are written again. */
const mostRemembered = 100_000

export class Retention {
  readonly #store: Store
  readonly #keys: HistoryKeys
  readonly #options: RetentionOptions
  /** Writes of an entity since the start. */
  #written = new Map<string, number>()
  readonly #due = new Set<string>()
  #nextAge = Date.now() + roundEvery
  #timer: NodeJS.Timeout | null = null
  #round: Promise<void> | null = null
  #closed = false

  constructor(store: Store, keys: HistoryKeys, options: RetentionOptions) {
    this.#store = store
    this.#keys = keys
    this.#options = options
    if (options.versions > 0 || options.maxAge > 0) this.#plan()
  }

  /** These entities were written. */
  note(places: readonly string[]): void {
    const { versions } = this.#options
    if (versions === 0) return
    // Looked at once after the start, and then each time that a tenth may have come on top.
    const slack = Math.max(1, Math.floor(versions / 10))
    for (const place of places) {
      const count = this.#written.get(place) ?? 0
      if (this.#written.size >= mostRemembered && count === 0) this.#written = new Map()
      this.#written.set(place, count + 1)
      if (count % slack === 0 && this.#due.size < mostRemembered) this.#due.add(place)
    }
  }

  /** Removes everything that is beyond the limits now. Rejects when the store fails. */
  async cleanUp(): Promise<void> {
    this.#nextAge = 0
    await this.#round
    await this.#work()
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#round?.catch(() => {})
  }

  #plan(): void {
    this.#timer = setTimeout(() => {
      this.#round = this.#work()
        .catch(error => this.#options.onFailure?.(error, 'cleaning up the history'))
        .finally(() => {
          this.#round = null
          if (!this.#closed) this.#plan()
        })
    }, roundEvery).unref()
  }

  async #work(): Promise<void> {
    const places = [...this.#due]
    this.#due.clear()
    for (let i = 0; i < places.length && !this.#closed; i += 50) await this.#trim(places.slice(i, i + 50))
    if (this.#closed || this.#options.maxAge === 0 || Date.now() < this.#nextAge) return
    this.#nextAge = Date.now() + ageEvery
    await this.#removeOld()
  }

  /** Removes the oldest versions of entities that have too many. */
  async #trim(places: readonly string[]): Promise<void> {
    const prefixes = places.map(place => this.#keys.statesOf(place))
    const seen = new Map<string, number>()
    let gone: string[] = []
    for await (const entries of this.#scan(prefixes)) {
      for (const { key } of entries) {
        const number = numberIn(key)
        if (number === null) continue
        const prefix = key.slice(0, key.lastIndexOf(':') + 1)
        const count = (seen.get(prefix) ?? 0) + 1
        seen.set(prefix, count)
        if (count > this.#options.versions) gone.push(key, this.#keys.record(number))
      }
      if (gone.length >= batchSize * 2) {
        await this.#remove(gone)
        gone = []
      }
      if (this.#closed) return
    }
    await this.#remove(gone)
  }

  /** Several prefixes at once where that is cheaper. */
  async *#scan(prefixes: readonly string[]): AsyncGenerator<readonly Entry[]> {
    if (this.#store.scanAny !== undefined) yield* this.#store.scanAny(prefixes)
    else
      for (const prefix of prefixes) {
        yield* this.#store.scan(prefix)
        await new Promise(resolve => setImmediate(resolve))
      }
  }

  async #removeOld(): Promise<void> {
    const before = (Date.now() - this.#options.maxAge) * numbersPerMillisecond
    for await (const entries of this.#store.scan(this.#keys.log, this.#keys.record(before))) {
      const gone = entries.flatMap(({ key, value }) => {
        const record = readRecord(value)
        if (record === null) return [key]
        const { place, left, number } = record
        return [place, ...(left === undefined ? [] : [left])]
          .map(at => this.#keys.states(at, number))
          .concat(key)
      })
      await this.#remove(gone)
      if (this.#closed) return
    }
  }

  async #remove(keys: readonly string[]): Promise<void> {
    for (let i = 0; i < keys.length; i += batchSize * 2) {
      const changes: Change[] = keys.slice(i, i + batchSize * 2).map(key => ({ key, value: null }))
      await this.#store.commit(changes)
      if (this.#closed) return
      await new Promise(resolve => setTimeout(resolve, pause))
    }
  }
}
