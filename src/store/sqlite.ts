/**
 * The embedded driver: one SQLite file in a data directory.
 *
 * Guarantees: a resolved commit survives `kill -9` and loss of power (write-ahead log, flushed at each commit); writers of
 * the same turn share a flush; one process at a time (the lock is the kernel's, gone with the process); files readable
 * by their owner alone. Not guaranteed: that the disk tells the truth about flushing. Calls hold the thread while they run.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import {
  type Change,
  type Entry,
  type Precondition,
  type Store,
  StoreConflict,
  StoreFull,
  StoreUnavailable,
} from './contract.ts'
import { CommitQueue } from './commit-queue.ts'
import { addTo, CounterRefused, checkChange, checkKey, compareKeys, expiryOf } from './keys.ts'
import { openDatabase } from './sqlite-file.ts'
import { createWatchers } from './watchers.ts'

/** Most entries of a batch, and the UTF-16 units after which it ends early. */
const batchSize = 1000
const batchLength = 4 * 1024 * 1024
/** One row of so many is few: reading those alone, in the order of their keys, costs less than passing over the others. */
const FEW = 6
/** SQLite's code for a disk without room. */
const FULL = 13

/** Opens (or makes) the store in `directory`. Rejects with `StoreUnavailable`: in use, unreadable, damaged, too new. */
export async function openSqliteStore(directory: string): Promise<Store> {
  return new SqliteStore(openDatabase(directory))
}

interface Row {
  readonly key: string
  readonly value: string
  readonly expires_at: number
}

type PlainRow = readonly [rowid: number, key: string, value: string, expiresAt: number]

class SqliteStore implements Store {
  readonly driver = 'sqlite'
  readonly durable = true
  readonly #database: DatabaseSync
  readonly #select: StatementSync
  readonly #firstPage: StatementSync
  readonly #nextPage: StatementSync
  readonly #upsert: StatementSync
  readonly #delete: StatementSync
  readonly #queue: CommitQueue
  readonly #watchers = createWatchers()
  readonly #sweeper: NodeJS.Timeout
  #open = true

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#select = database.prepare('SELECT value, expires_at FROM entries WHERE key = ?')
    this.#firstPage = database.prepare(page('>='))
    this.#nextPage = database.prepare(page('>'))
    this.#upsert = database.prepare(
      'INSERT INTO entries (key, value, expires_at) VALUES (?, ?, ?) ' +
        'ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at',
    )
    this.#delete = database.prepare('DELETE FROM entries WHERE key = ?')
    this.#queue = new CommitQueue({
      begin: () => database.exec('BEGIN IMMEDIATE'),
      commit: () => database.exec('COMMIT'),
      rollback: () => this.#rollback(),
    })
    this.#sweeper = setInterval(() => this.#sweep(), 30_000).unref()
  }

  async get(key: string): Promise<string | null> {
    this.#usable()
    return guarded('read', () => this.#live(key)?.value ?? null)
  }

  async *scan(prefix: string, from = prefix): AsyncGenerator<readonly Entry[]> {
    const first = compareKeys(from, prefix) > 0 ? from : prefix
    let after: string | null = null
    for (;;) {
      this.#usable()
      const { entries, last } = guarded('read', () => this.#page(prefix, first, after))
      if (entries.length > 0) yield entries
      if (last === null) return
      after = last
    }
  }

  /**
   * In the order of the table, which is the cheapest where most rows are wanted: that of the keys takes four times as long.
   * Where few are, the rest is not read.
   */
  async *scanUnordered(prefix: string): AsyncGenerator<readonly Entry[]> {
    this.#usable()
    if (guarded('read', () => this.#isFew(prefix))) {
      yield* this.scan(prefix)
      return
    }
    const rows = this.#database.prepare(
      'SELECT rowid, key, value, expires_at FROM entries NOT INDEXED ' +
        'WHERE rowid > ? AND key >= ? AND key < ? ORDER BY rowid LIMIT 250',
    )
    rows.setReturnArrays(true)
    const end = endOf(prefix)
    let after = 0
    for (;;) {
      this.#usable()
      const page = guarded('read', () => rows.all(after, prefix, end) as unknown as readonly PlainRow[])
      if (page.length === 0) return
      after = page.at(-1)![0]
      const now = Date.now()
      const entries: Entry[] = []
      for (const [, key, value, expiresAt] of page)
        if (alive(expiresAt, now) && key.startsWith(prefix)) entries.push({ key, value })
      if (entries.length > 0) yield entries
    }
  }

  async commit(changes: readonly Change[], preconditions: readonly Precondition[] = []): Promise<void> {
    this.#usable()
    changes.forEach(checkChange)
    await this.#write(() => {
      for (const { key, value } of preconditions)
        if ((this.#live(key)?.value ?? null) !== value) throw new StoreConflict(key)
      for (const change of changes) this.#apply(change)
    })
    this.#watchers.tell(changes.map(change => change.key))
  }

  async increment(key: string, by: number, ttl: number): Promise<number> {
    this.#usable()
    checkKey(key)
    expiryOf(ttl)
    return this.#write(() => {
      const before = this.#live(key)
      const after = addTo(key, before?.value ?? null, by)
      const expiresAt = before === null ? expiryOf(ttl) : before.expires_at
      this.#upsert.run(key, String(after), expiresAt)
      return after
    })
  }

  watch(listener: (keys: readonly string[]) => void): () => void {
    return this.#watchers.add(listener)
  }

  async expiries(keys: readonly string[]): Promise<readonly number[]> {
    this.#usable()
    return guarded('read', () => keys.map(key => this.#live(key)?.expires_at ?? 0))
  }

  async ping(): Promise<void> {
    this.#usable()
    guarded('read', () => this.#live('ping'))
  }

  async close(): Promise<void> {
    if (!this.#open) return
    clearInterval(this.#sweeper)
    this.#queue.flush()
    this.#open = false
    this.#watchers.clear()
    guarded('close', () => this.#database.close())
  }

  // Row by row, so that neither big values nor those behind the last key of the prefix pile up. `last`: where to go on.
  #page(prefix: string, first: string, after: string | null): { entries: Entry[]; last: string | null } {
    const statement = after === null ? this.#firstPage : this.#nextPage
    const entries: Entry[] = []
    const now = Date.now()
    let seen = 0
    let length = 0
    for (const row of statement.iterate(after ?? first) as unknown as Iterable<Row>) {
      if (!row.key.startsWith(prefix)) break
      if (alive(row.expires_at, now)) entries.push({ key: row.key, value: row.value })
      length += row.value.length
      if (++seen === batchSize || length >= batchLength) return { entries, last: row.key }
    }
    return { entries, last: null }
  }

  /** Fewer than one row of `FEW` has a key with this prefix, as far as the numbers of the rows tell. */
  #isFew(prefix: string): boolean {
    const { last } = this.#database.prepare('SELECT max(rowid) AS last FROM entries').get() as {
      last: number | null
    }
    const most = Math.floor((last ?? 0) / FEW)
    const { found } = this.#database
      .prepare('SELECT count(*) AS found FROM (SELECT 1 FROM entries WHERE key >= ? AND key < ? LIMIT ?)')
      .get(prefix, endOf(prefix), most + 1) as { found: number }
    return found <= most
  }

  #live(key: string): Omit<Row, 'key'> | null {
    const row = this.#select.get(key) as unknown as Omit<Row, 'key'> | undefined
    return row !== undefined && alive(row.expires_at, Date.now()) ? row : null
  }

  #apply(change: Change): void {
    if (change.value === null) this.#delete.run(change.key)
    else this.#upsert.run(change.key, change.value, change.expiresAt ?? 0)
  }

  async #write<T>(work: () => T): Promise<T> {
    try {
      return await this.#queue.run(work)
    } catch (error) {
      if (error instanceof StoreConflict || error instanceof CounterRefused) throw error
      throw unavailable('write', error)
    }
  }

  // A full disk may have ended the transaction already.
  #rollback(): void {
    try {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    } catch (error) {
      process.emitWarning(`rollback failed: ${error instanceof Error ? error.message : error}`, 'SqliteStore')
    }
  }

  #sweep(): void {
    if (!this.#open) return
    this.#write(() =>
      this.#database.prepare('DELETE FROM entries WHERE expires_at > 0 AND expires_at <= ?').run(Date.now()),
    ).catch(() => {
      // Expired entries are hidden anyway; the next round tries again.
    })
  }

  #usable(): void {
    if (!this.#open) throw new StoreUnavailable('the store is closed')
  }
}

function page(after: '>=' | '>'): string {
  return `SELECT key, value, expires_at FROM entries WHERE key ${after} ? ORDER BY key`
}

/** A bound that no key with the prefix reaches; where no text is one, bytes, which SQLite sorts behind all texts. */
function endOf(prefix: string): string | Uint8Array {
  const last = prefix.charCodeAt(prefix.length - 1)
  return last < 0x7f ? prefix.slice(0, -1) + String.fromCharCode(last + 1) : new Uint8Array()
}

function alive(expiresAt: number, now: number): boolean {
  return expiresAt === 0 || expiresAt > now
}

function guarded<T>(action: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw unavailable(action, error)
  }
}

function unavailable(action: string, error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error
  const reason = error instanceof Error ? error.message : String(error)
  const full = error instanceof Error && 'errcode' in error && Number(error.errcode) === FULL
  return new (full ? StoreFull : StoreUnavailable)(
    `the data file cannot be used to ${action}: ${reason}`,
    error,
  )
}
