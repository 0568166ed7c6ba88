/**
 * The store: text values under text keys, shared by every driver (memory, sqlite, redis, postgres …).
 *
 * Guarantees: a write that has resolved is durable as far as the driver can be (`durable`); `commit` is all or nothing;
 * keys come back in key order from `scan`. Not guaranteed: order between writers.
 */

/** One change of a commit. `value` null removes the key. `expiresAt` is epoch milliseconds, 0 or absent for never. */
export interface Change {
  readonly key: string
  readonly value: string | null
  readonly expiresAt?: number
}

/** What a key must hold for a commit to happen; `value` null means the key must be absent. */
export interface Precondition {
  readonly key: string
  readonly value: string | null
}

export interface Entry {
  readonly key: string
  readonly value: string
}

/** A failed precondition: nothing was written. */
export class StoreConflict extends Error {
  readonly key: string
  constructor(key: string) {
    super(`the value of ${key} is not the expected one`)
    this.name = 'StoreConflict'
    this.key = key
  }
}

/**
 * The store cannot be reached or cannot write (connection lost, disk full). Nothing was written; where the connection broke
 * between a write and its answer nobody knows, and watchers are told to look again.
 */
export class StoreUnavailable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'StoreUnavailable'
  }
}

/** There is no room left: the disk, or the memory of a server, is full. Nothing was written. */
export class StoreFull extends StoreUnavailable {
  constructor(message: string, cause?: unknown) {
    super(message, cause)
    this.name = 'StoreFull'
  }
}

export interface Store {
  /** Driver name as in the setting `storage`. */
  readonly driver: string
  readonly durable: boolean
  get(key: string): Promise<string | null>
  /** Entries whose key starts with `prefix`, in key order, in batches; from the key `from` on when one is given. */
  scan(prefix: string, from?: string): AsyncIterable<readonly Entry[]>
  /** The same for several prefixes together, where that is cheaper than one after another. */
  scanAny?(prefixes: readonly string[]): AsyncIterable<readonly Entry[]>
  /** The same as `scan` in any order, where that is cheaper for a prefix that most keys have. */
  scanUnordered?(prefix: string): AsyncIterable<readonly Entry[]>
  /** Writes all changes or none. Rejects with `StoreConflict` or `StoreUnavailable`. */
  commit(changes: readonly Change[], preconditions?: readonly Precondition[]): Promise<void>
  /**
   * Adds to a counter that starts at 0 and expires `ttl` milliseconds after its first increment (0: never). Rejects with
   * a TypeError when the key holds something else or the number would be too great.
   */
  increment(key: string, by: number, ttl: number): Promise<number>
  /**
   * Calls back with keys committed by anybody, this process included; not with counters nor expiries. `lookAgain` is
   * called when anything may have changed unseen: now and then, and after a lost connection. Embedded stores never do.
   * Returns the way to stop.
   */
  watch(listener: (keys: readonly string[]) => void, lookAgain?: () => void): () => void
  /** When keys expire, epoch milliseconds; 0 for never and for keys that are gone. Absent: the driver cannot tell. */
  expiries?(keys: readonly string[]): Promise<readonly number[]>
  /** True when a set that somebody else keeps under the key has the text. Absent: the driver knows no sets. */
  hasMember?(key: string, text: string): Promise<boolean>
  /** Resolves when the store answers; rejects with `StoreUnavailable` otherwise. */
  ping(): Promise<void>
  close(): Promise<void>
}
