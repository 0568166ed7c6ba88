/**
 * The Redis driver: text values under upstream's keys in a Redis that several gateways share, upstream's own among them.
 *
 * Guarantees: a commit is one script, so all or nothing and seen at once by everybody (a cluster: see `cluster-commit.ts`);
 * other instances of ours hear of a commit at once, and whatever else was changed is looked for now and then; a lost
 * connection is made anew by itself, and calls fail within a bounded time meanwhile. Nothing is sent twice.
 * Not guaranteed: more durability than the server is configured for; that a write whose answer was lost did not happen.
 */
import {
  type Change,
  type Entry,
  type Precondition,
  type Store,
  StoreConflict,
  StoreUnavailable,
} from './contract.ts'
import { CounterRefused, checkChange, checkKey, compareKeys, expiryOf } from './keys.ts'
import { ChangeFeed } from './redis/change-feed.ts'
import { type Client, openTarget } from './redis/clients.ts'
import { commitsInCluster } from './redis/cluster-commit.ts'
import { type Commits, commitsOnServer } from './redis/commit.ts'
import { isFinal, isReply, unavailable } from './redis/failure.ts'
import { Link } from './redis/link.ts'
import { readPrefixes, textAt } from './redis/listing.ts'
import { readInOrder, tryNames } from './redis/ordered-names.ts'
import { incrementScript, run } from './redis/scripts.ts'
import { type ServerFacts, serverFacts, writeStamp } from './redis/server.ts'
import { placeOf, type RedisTarget } from './redis/target.ts'
import { createWatchers } from './watchers.ts'

export interface RedisOptions {
  readonly target: RedisTarget
  /** Prefix of the keys of the product; names the channel too. */
  readonly root: string
  /** Milliseconds between two looks for changes nobody told of. */
  readonly lookEvery: number
}

/** Connects. Rejects with `StoreUnavailable`: not there, refused, not usable. */
export async function openRedisStore(options: RedisOptions): Promise<Store> {
  const store = new RedisStore(options)
  await store.start()
  return store
}

class RedisStore implements Store {
  readonly driver = 'redis'
  readonly #options: RedisOptions
  readonly #place: string
  readonly #link: Link<Client>
  readonly #feed: ChangeFeed
  readonly #commits: Commits
  readonly #watchers = createWatchers()
  readonly #asked = new Set<Promise<unknown>>()
  #facts: ServerFacts = { persistent: false, evicts: false }
  #looking: NodeJS.Timeout | null = null
  #stamp: string | null = null
  #open = true

  constructor(options: RedisOptions) {
    const { target, root } = options
    const channel = `${root}:store:changes`
    this.#options = options
    this.#place = placeOf(target)
    this.#commits =
      target.mode === 'cluster'
        ? commitsInCluster(root, channel, target.timeout)
        : commitsOnServer(channel, `${root}:store:counted`, {
            set: `${root}:store:history`,
            prefix: `${root}:history:`,
          })
    const lookAgain = () => this.#lookAgain()
    this.#link = new Link<Client>({
      place: this.#place,
      timeout: target.timeout,
      open: round => openTarget(target, round),
      prepare: async client => {
        this.#facts = await serverFacts(client)
      },
      onUp: lookAgain,
    })
    this.#feed = new ChangeFeed({
      target,
      channel,
      client: () => this.#link.client(),
      onKeys: keys => this.#watchers.tell(keys),
      onGap: lookAgain,
    })
  }

  get durable(): boolean {
    return this.#facts.persistent
  }

  async start(): Promise<void> {
    await this.#link.start()
    try {
      await this.#feed.start()
      const client = await this.#link.client()
      // A commit and a notice of nothing: they show now, not at the first write, what the user may not do.
      const { names } = this.#commits
      await Promise.all([
        this.#commits.commit(client, [], [], []),
        names === null ? null : tryNames(client, names),
        this.#feed.greet(client),
      ]).catch(error => {
        if (isFinal(error)) throw error
      })
    } catch (error) {
      await this.#feed.close()
      await this.#link.close()
      throw unavailable(this.#place, error)
    }
    if (this.#facts.evicts)
      process.emitWarning(
        `Redis (${this.#place}) removes keys when its memory is full: set maxmemory-policy noeviction`,
        'RedisStore',
      )
    this.#plan()
  }

  get(key: string): Promise<string | null> {
    return this.#ask(client => textAt(client, key))
  }

  scan(prefix: string, from?: string): AsyncGenerator<readonly Entry[]> {
    return this.#read([prefix], from)
  }

  scanAny(prefixes: readonly string[]): AsyncGenerator<readonly Entry[]> {
    return this.#read(prefixes)
  }

  async *#read(prefixes: readonly string[], from?: string): AsyncGenerator<readonly Entry[]> {
    const client = (): Promise<Client> => {
      this.#usable()
      return this.#link.client()
    }
    const { ownKeys, names } = this.#commits
    const [prefix = ''] = prefixes
    try {
      if (names !== null && prefixes.length === 1 && prefix.startsWith(names.prefix)) {
        yield* readInOrder(client, names, prefix, from)
        return
      }
      const wanted = (key: string): boolean =>
        (ownKeys === null || !key.startsWith(ownKeys)) && (from === undefined || compareKeys(key, from) >= 0)
      yield* readPrefixes(client, prefixes, wanted)
    } catch (error) {
      throw unavailable(this.#place, error)
    }
  }

  async commit(changes: readonly Change[], preconditions: readonly Precondition[] = []): Promise<void> {
    changes.forEach(checkChange)
    for (const { key } of preconditions) checkKey(key)
    const keys = changes.map(change => change.key)
    await this.#ask(client => this.#commits.commit(client, changes, preconditions, this.#feed.notices(keys)))
    this.#watchers.tell(keys)
  }

  async increment(key: string, by: number, ttl: number): Promise<number> {
    this.#usable()
    checkKey(key)
    expiryOf(ttl)
    if (!Number.isSafeInteger(by)) throw new CounterRefused(`${key} cannot count by ${by}`)
    const { counted } = this.#commits
    const keys = counted === null ? [key] : [key, counted]
    const answer = await this.#ask(client => run(client, incrementScript, keys, [String(by), String(ttl)]))
    if (answer === 'no') throw new CounterRefused(`${key} does not hold a counter`)
    if (answer === 'far') throw new CounterRefused(`${key} cannot count that far`)
    return Number(answer)
  }

  watch(listener: (keys: readonly string[]) => void, lookAgain?: () => void): () => void {
    return this.#watchers.add(listener, lookAgain)
  }

  expiries(keys: readonly string[]): Promise<readonly number[]> {
    return this.#ask(async client => {
      const now = Date.now()
      const lives = await Promise.all(keys.map(key => client.pttl(key)))
      return lives.map(life => (life < 0 ? 0 : now + life))
    })
  }

  hasMember(key: string, text: string): Promise<boolean> {
    return this.#ask(async client => {
      try {
        return (await client.sismember(key, text)) === 1
      } catch (error) {
        if (isReply(error) && error.message.startsWith('WRONGTYPE')) return false
        throw error
      }
    })
  }

  async ping(): Promise<void> {
    await this.#ask(client => client.ping())
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    if (this.#looking !== null) clearTimeout(this.#looking)
    await Promise.allSettled(this.#asked)
    this.#watchers.clear()
    await Promise.all([this.#feed.close(), this.#link.close()])
  }

  async #ask<T>(work: (client: Client) => Promise<T>): Promise<T> {
    this.#usable()
    const asked = this.#answer(work)
    this.#asked.add(asked)
    try {
      return await asked
    } finally {
      this.#asked.delete(asked)
    }
  }

  async #answer<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = await this.#link.client()
    try {
      return await work(client)
    } catch (error) {
      if (error instanceof StoreConflict) throw error
      // A server that is silent, or is no longer the master: another connection may find a better one.
      if (!isReply(error) || /^(?:READONLY|LOADING|MASTERDOWN)/.test(error.message))
        this.#link.drop(client, error)
      throw unavailable(this.#place, error)
    }
  }

  #lookAgain(): void {
    this.#stamp = null
    this.#watchers.tellToLookAgain()
  }

  #plan(): void {
    this.#looking = setTimeout(() => {
      this.#look().finally(() => {
        if (this.#open) this.#plan()
      })
    }, this.#options.lookEvery).unref()
  }

  /** Tells watchers to look, unless the server says that nothing but counters was written since the last time. */
  async #look(): Promise<void> {
    try {
      const client = await this.#link.client()
      await this.#commits.recover(client)
      const stamp = await writeStamp(client, this.#commits.counted)
      if (stamp !== null && stamp === this.#stamp) return
      this.#stamp = stamp
      this.#watchers.tellToLookAgain()
    } catch {
      // Not reachable: whoever asks is told, and there is a look when it is back.
    }
  }

  #usable(): void {
    if (!this.#open) throw new StoreUnavailable('the store is closed')
  }
}
