/**
 * The file driver: everything in memory, kept in one NDJSON file as upstream's `file` storage reads and writes it, with
 * a journal beside it (`<file>.journal`) that holds what was committed since the file was written.
 *
 * Guarantees: a resolved commit is in the journal and flushed; a line torn by a crash is ignored whole; the file is
 * replaced atomically (at close, and when the journal outgrows it). Not meant for many entities: use sqlite.
 */
import type { Change, Entry, Precondition, Store } from './contract.ts'
import { StoreConflict, StoreFull, StoreUnavailable } from './contract.ts'
import { CommitQueue } from './commit-queue.ts'
import { FileState } from './file-state.ts'
import { CounterRefused, checkChange, checkKey, expiryOf } from './keys.ts'
import { scanTable } from './table.ts'
import { createWatchers } from './watchers.ts'

/** Opens (or makes) the store of the file `path`. Rejects with `StoreUnavailable`. */
export async function openFileStore(path: string): Promise<Store> {
  return new FileStore(FileState.open(path))
}

class FileStore implements Store {
  readonly driver = 'file'
  readonly durable = true
  readonly #state: FileState
  readonly #queue: CommitQueue
  readonly #watchers = createWatchers()
  readonly #sweeper: NodeJS.Timeout
  #open = true

  constructor(state: FileState) {
    this.#state = state
    this.#queue = new CommitQueue(state)
    this.#sweeper = setInterval(() => state.table.sweep(), 30_000).unref()
  }

  async get(key: string): Promise<string | null> {
    this.#usable()
    return this.#state.table.get(key)
  }

  async *scan(prefix: string, from?: string): AsyncGenerator<readonly Entry[]> {
    this.#usable()
    yield* scanTable(this.#state.table, prefix, from)
  }

  async commit(changes: readonly Change[], preconditions: readonly Precondition[] = []): Promise<void> {
    this.#usable()
    changes.forEach(checkChange)
    await this.#write(() => {
      this.#state.table.expect(preconditions)
      this.#state.table.apply(changes)
    })
    this.#watchers.tell(changes.map(change => change.key))
  }

  async increment(key: string, by: number, ttl: number): Promise<number> {
    this.#usable()
    checkKey(key)
    expiryOf(ttl)
    return this.#write(() => this.#state.table.increment(key, by, ttl))
  }

  watch(listener: (keys: readonly string[]) => void): () => void {
    return this.#watchers.add(listener)
  }

  async expiries(keys: readonly string[]): Promise<readonly number[]> {
    this.#usable()
    return keys.map(key => this.#state.table.expiryOf(key))
  }

  async ping(): Promise<void> {
    this.#usable()
  }

  async close(): Promise<void> {
    if (!this.#open) return
    clearInterval(this.#sweeper)
    this.#queue.flush()
    this.#open = false
    this.#watchers.clear()
    this.#state.close()
  }

  async #write<T>(work: () => T): Promise<T> {
    try {
      return await this.#queue.run(work)
    } catch (error) {
      if (
        error instanceof StoreConflict ||
        error instanceof CounterRefused ||
        error instanceof StoreUnavailable
      )
        throw error
      const reason = error instanceof Error ? error.message : String(error)
      throw new (isFull(error) ? StoreFull : StoreUnavailable)(
        `the journal of the data file cannot be written: ${reason}`,
        error,
      )
    }
  }

  #usable(): void {
    if (!this.#open) throw new StoreUnavailable('the store is closed')
  }
}

function isFull(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return code === 'ENOSPC' || code === 'EDQUOT'
}
