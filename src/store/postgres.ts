/**
 * The PostgreSQL driver: upstream's table, shared with other gateways of this kind and with Otoroshi itself.
 *
 * Guarantees: a commit is one transaction on locked rows, so no update is lost, whoever else writes; a resolved write is as
 * durable as the server makes it; gateways on one table tell each other of commits as they are made; what others change is
 * found by looking, every `lookEvery` milliseconds; nothing waits longer than the settings say, and nothing has to be restarted
 * when the server comes back. Not guaranteed: that nothing was written when the connection broke just as a commit was sent;
 * watchers then hear of it if it was. Keys are 2600 bytes long at most, since they are in an index.
 */
import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import {
  type Change,
  type Entry,
  type Precondition,
  type Store,
  StoreConflict,
  StoreUnavailable,
} from './contract.ts'
import { checkChange } from './keys.ts'
import { ChangeFeed } from './postgres/change-feed.ts'
import { kindColumns } from './postgres/columns.ts'
import { CommitLane } from './postgres/commit-lane.ts'
import { type Access, findAccess } from './postgres/connection.ts'
import { Counters } from './postgres/counters.ts'
import { unavailable } from './postgres/failure.ts'
import { readNotice } from './postgres/notice.ts'
import { prepareTable, type ServerFacts } from './postgres/preparation.ts'
import { Reader, storable } from './postgres/reader.ts'
import { RowVersions } from './postgres/row-versions.ts'
import { Sweeper } from './postgres/sweeper.ts'
import { type Table, tableOf } from './postgres/table.ts'
import type { PostgresTarget } from './postgres/target.ts'
import { createWatchers } from './watchers.ts'

export interface PostgresStoreOptions {
  readonly target: PostgresTarget
  /** Setting `storageRoot`: which keys are entities. */
  readonly root: string
  /** Milliseconds between two looks for what others changed without telling. */
  readonly lookEvery: number
}

const maxKeyBytes = 2600
/** Most milliseconds until a connection that died silently is noticed, without the wait for its answer. */
const slowestProbe = 10_000
/** Milliseconds before a look that failed is made again. */
const lookAgain = 500
/** Milliseconds that connections have to end in an orderly way. */
const farewell = 1000

/** Opens the store, making its table when it is not there. Rejects with `StoreUnavailable`. */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { target } = options
  const access = await findAccess(target)
  const client = access.client(0)
  let facts: ServerFacts
  try {
    await client.connect()
    facts = await prepareTable(client, target)
  } catch (error) {
    throw unavailable('keep entities', error)
  } finally {
    client.end().catch(() => {})
  }
  const store = new PostgresStore(access, options, facts)
  try {
    await store.begin()
    return store
  } catch (error) {
    await store.close()
    throw unavailable('listen to changes', error)
  }
}

class PostgresStore implements Store {
  readonly driver = 'postgresql'
  readonly durable: boolean
  readonly #instance: string = randomUUID()
  readonly #access: Access
  readonly #pool: Pool
  readonly #reader: Reader
  readonly #lane: CommitLane
  readonly #counters: Counters
  readonly #versions: RowVersions
  readonly #feed: ChangeFeed
  readonly #sweeper: Sweeper
  readonly #watchers = createWatchers()
  readonly #lookEvery: number
  #looker: NodeJS.Timeout | null = null
  #watching = 0
  #open = true

  constructor(access: Access, { target, root, lookEvery }: PostgresStoreOptions, { durable }: ServerFacts) {
    const table: Table = tableOf(target)
    const { queryTimeout } = target
    this.durable = durable
    this.#access = access
    this.#pool = access.pool()
    this.#lookEvery = lookEvery
    this.#reader = new Reader(this.#pool, table)
    this.#counters = new Counters(this.#pool, table)
    this.#versions = new RowVersions(this.#pool, table, this.#watchers)
    this.#lane = new CommitLane(
      { pool: this.#pool, table, queryTimeout, instance: this.#instance, columns: kindColumns(root) },
      ({ written, removed }, version) => {
        if (version !== null) this.#versions.note(written, removed, version)
        this.#watchers.tell([...written, ...removed])
      },
      () => this.#look(),
    )
    this.#feed = new ChangeFeed({
      client: () => access.client(),
      channel: table.channel,
      probeEvery: Math.min(Math.max(lookEvery, 1000), slowestProbe),
      onNotice: text => this.#hear(text),
      onGap: () => {
        // The server may be another one now, one that lost what this one had: numbers of transactions come again.
        this.#versions.distrust()
        this.#look()
        this.#watchers.tellToLookAgain()
      },
    })
    this.#sweeper = new Sweeper(this.#pool, table, target)
  }

  /** Listens first: what changes while the versions are read is heard. */
  async begin(): Promise<void> {
    await this.#feed.start()
    await this.#versions.begin()
    this.#lookIn(this.#lookEvery)
    this.#sweeper.start()
  }

  async get(key: string): Promise<string | null> {
    this.#usable()
    return this.#reader.get(key)
  }

  async *scan(prefix: string, from?: string): AsyncGenerator<readonly Entry[]> {
    yield* this.#reader.scan(prefix, () => this.#usable(), from)
  }

  async commit(changes: readonly Change[], preconditions: readonly Precondition[] = []): Promise<void> {
    this.#usable()
    for (const change of changes) {
      checkChange(change)
      checkLength(change.key)
    }
    const checked = preconditions.filter(({ key, value }) => {
      if (storable(key)) return true
      if (value !== null) throw new StoreConflict(key)
      return false
    })
    await this.#lane.commit(changes, checked)
  }

  async increment(key: string, by: number, ttl: number): Promise<number> {
    this.#usable()
    checkLength(key)
    return this.#counters.increment(key, by, ttl)
  }

  watch(listener: (keys: readonly string[]) => void, lookAgain?: () => void): () => void {
    this.#watching++
    const stop = this.#watchers.add(listener, lookAgain)
    let watching = true
    return () => {
      if (watching) this.#watching--
      watching = false
      stop()
    }
  }

  async expiries(keys: readonly string[]): Promise<readonly number[]> {
    this.#usable()
    return this.#reader.expiries(keys)
  }

  async hasMember(key: string, text: string): Promise<boolean> {
    this.#usable()
    return this.#reader.hasMember(key, text)
  }

  async ping(): Promise<void> {
    this.#usable()
    try {
      await this.#pool.query('SELECT 1')
    } catch (error) {
      throw unavailable('answer', error)
    }
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    if (this.#looker !== null) clearTimeout(this.#looker)
    await Promise.all([this.#lane.idle(), this.#counters.idle()])
    this.#watchers.clear()
    const late = setTimeout(() => this.#access.cut(), farewell)
    await Promise.all([this.#sweeper.close(), this.#versions.idle(), this.#feed.close()])
    await this.#pool.end()
    clearTimeout(late)
  }

  #hear(text: string): void {
    const notice = readNotice(text)
    if (notice?.instance === this.#instance) return
    if (notice === null || notice.written === null || notice.removed === null) {
      this.#look()
      return
    }
    this.#versions.note(notice.written, notice.removed, notice.version)
    this.#watchers.tell([...notice.written, ...notice.removed])
  }

  /** Without watchers nothing is read: the first one hears of everything since the store was opened. */
  #look(): void {
    const looked = this.#watching === 0 ? Promise.resolve() : this.#versions.look()
    looked.then(
      () => this.#lookIn(this.#lookEvery),
      () => this.#lookIn(Math.min(this.#lookEvery, lookAgain)),
    )
  }

  #lookIn(pause: number): void {
    if (this.#looker !== null) clearTimeout(this.#looker)
    if (this.#open) this.#looker = setTimeout(() => this.#look(), pause).unref()
  }

  #usable(): void {
    if (!this.#open) throw new StoreUnavailable('the store is closed')
  }
}

function checkLength(key: string): void {
  if (key.length > maxKeyBytes / 3 && Buffer.byteLength(key) > maxKeyBytes)
    throw new RangeError(`a key has at most ${maxKeyBytes} bytes in PostgreSQL`)
}
