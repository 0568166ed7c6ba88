/**
 * How long versions are kept: a number of them per entity, a number of changes in all, and an age. Removed in the
 * background, a few at a time, so that writers find their turn between.
 *
 * Guarantees: what is within all limits stays. Not guaranteed: that what is beyond them is gone at once. An entity is
 * looked at when it is written, so one that nobody writes keeps what it has until it is too old.
 */
import type { Entry, Store } from '../../store/contract.ts'
import { type HistoryKeys, numberIn, numbersPerMillisecond } from './history-keys.ts'
import { VersionRemoval } from './version-removal.ts'

export interface RetentionOptions {
  /** Versions kept of each entity; 0: no limit. */
  readonly versions: number
  /** Changes kept in all; 0: no limit. */
  readonly total: number
  /** Milliseconds a version is kept; 0: no limit. */
  readonly maxAge: number
  /** Told of failures nobody waits for. */
  readonly onFailure?: (error: unknown, what: string) => void
}

/** Milliseconds between two rounds. */
const roundEvery = 10_000
/** Milliseconds between two looks at the whole log. */
const lookEvery = 3_600_000
/** Entities remembered as written. Beyond, those met next are forgotten until they are written again. */
const mostRemembered = 100_000
/** Entities looked at one by one; of more, all are read in one go: sooner where a scan may go through every key. */
const fewPlaces = { usual: 500, dear: 20 }

export class Retention {
  readonly #store: Store
  readonly #keys: HistoryKeys
  readonly #options: RetentionOptions
  readonly #removal: VersionRemoval
  /** Writes of an entity since the start. */
  #written = new Map<string, number>()
  readonly #due = new Set<string>()
  /** Changes since the log was last looked at. */
  #since = 0
  #nextLook = Date.now() + roundEvery
  #timer: NodeJS.Timeout | null = null
  #round: Promise<void> | null = null
  #closed = false

  constructor(store: Store, keys: HistoryKeys, options: RetentionOptions) {
    this.#store = store
    this.#keys = keys
    this.#options = options
    this.#removal = new VersionRemoval(store, keys, () => this.#closed)
    if (options.versions > 0 || options.total > 0 || options.maxAge > 0) this.#plan()
  }

  /** So many changes were made; of these places there are older ones. */
  note(changes: number, places: readonly string[]): void {
    this.#since += changes
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
    this.#nextLook = 0
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
    if (places.length > 0) await this.#trim(places.map(place => this.#keys.changesOf(place)))
    const { total, maxAge } = this.#options
    const many = total > 0 && this.#since > Math.max(100, total / 5)
    if (this.#closed || (total === 0 && maxAge === 0) || (!many && Date.now() < this.#nextLook)) return
    this.#nextLook = Date.now() + lookEvery
    this.#since = 0
    await this.#cutLog(total, maxAge)
  }

  /** Removes the oldest versions of entities that have too many. */
  async #trim(prefixes: readonly string[]): Promise<void> {
    let name = ''
    let count = 0
    for await (const entries of this.#scan(prefixes)) {
      for (const { key, value } of entries) {
        // Changes of one entity stand together, the latest first.
        const own = key.slice(0, key.lastIndexOf(':') + 1)
        if (own !== name) [name, count] = [own, 0]
        if (++count > this.#options.versions) this.#removal.version(key, value)
      }
      await this.#removal.flush()
      if (this.#closed) return
    }
  }

  async *#scan(prefixes: readonly string[]): AsyncGenerator<readonly Entry[]> {
    const few = this.#store.scanAny === undefined ? fewPlaces.usual : fewPlaces.dear
    if (prefixes.length > few) {
      yield* this.#store.scan(this.#keys.changes)
      return
    }
    for (const prefix of prefixes) {
      yield* this.#store.scan(prefix)
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  /** Removes the end of the log: what is too old, or beyond the number kept. */
  async #cutLog(total: number, maxAge: number): Promise<void> {
    const oldest = maxAge === 0 ? 0 : (Date.now() - maxAge) * numbersPerMillisecond
    // Without a number to be kept there is nothing to count: the scan begins where it is too old.
    const from = total === 0 ? this.#keys.record(oldest) : undefined
    let count = 0
    for await (const entries of this.#store.scan(this.#keys.log, from)) {
      for (const { key, value } of entries) {
        const number = numberIn(key)
        const kept = number !== null && number > oldest && (total === 0 || count < total)
        if (kept) count++
        else this.#removal.change(key, value)
      }
      await this.#removal.flush()
      if (this.#closed) return
      await new Promise(resolve => setImmediate(resolve))
    }
  }
}
