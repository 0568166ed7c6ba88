/**
 * The board of the instance: facts that plugins of all threads share, kept in the store with an end.
 *
 * Guarantees: what `write` answered with null is stored and told to every thread; nothing but the keys of the board is
 * touched; their number and length are bounded. Changes of other instances that share the store follow as its driver tells.
 */
import type { BoardEntry } from '../data-plane/messages.ts'
import { BOARD_PREFIXES } from '../plugin/board.ts'
import type { Entry, Store } from '../store/contract.ts'
import type { Log } from './log.ts'

const MOST_ENTRIES = 10_000
const LONGEST_VALUE = 65_536
const LONGEST_KEY = 500
/** Longest life of an entry, milliseconds: a year. */
const LONGEST_LIFE = 31_536_000_000
/** Milliseconds between two looks for what is over. */
const SWEEP = 60_000

export class InstanceBoard {
  readonly #store: Store
  readonly #prefixes: readonly string[]
  readonly #root: string
  readonly #tell: (entries: readonly BoardEntry[]) => void
  readonly #log: Log
  readonly #entries = new Map<string, BoardEntry>()
  readonly #stopWatching: () => void
  readonly #sweep: NodeJS.Timeout

  constructor(store: Store, root: string, tell: (entries: readonly BoardEntry[]) => void, log: Log) {
    this.#store = store
    this.#root = `${root}:`
    this.#prefixes = BOARD_PREFIXES.map(prefix => `${root}:${prefix}`)
    this.#tell = tell
    this.#log = log
    this.#stopWatching = store.watch(
      keys => void this.#look(keys.filter(key => this.#owns(key))),
      () => void this.load(),
    )
    this.#sweep = setInterval(() => this.#forgetOld(), SWEEP)
    this.#sweep.unref()
  }

  /** Everything that is there now, for a new thread. */
  get entries(): readonly BoardEntry[] {
    const now = Date.now()
    return [...this.#entries.values()].filter(({ until }) => until > now)
  }

  /** Reads what the store holds. Never rejects: the board is told when the store answers again. */
  async load(): Promise<void> {
    try {
      const found: string[] = []
      for await (const batch of this.#scan()) found.push(...batch.map(({ key }) => key))
      const gone = [...this.#entries.keys()].map(key => this.#root + key)
      await this.#look([...new Set([...found, ...gone])])
    } catch (error) {
      this.#failed(error)
    }
  }

  /** Answers why it could not be stored, or null. Never rejects. `value` null removes. */
  async write(key: string, value: string | null, ttl: number): Promise<string | null> {
    const full = this.#root + key
    if (!this.#owns(full) || key.length > LONGEST_KEY) return 'this is no key of the board'
    if (value !== null && value.length > LONGEST_VALUE) return `it is longer than ${LONGEST_VALUE} characters`
    if (value !== null && !this.#entries.has(key) && this.#entries.size >= MOST_ENTRIES)
      return `there are ${MOST_ENTRIES} entries already`
    const until = Date.now() + Math.min(LONGEST_LIFE, Math.max(1, Math.floor(ttl)))
    try {
      await this.#store.commit([{ key: full, value, ...(value !== null && { expiresAt: until }) }])
      this.#take([{ key, value, until }])
      return null
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  close(): void {
    clearInterval(this.#sweep)
    this.#stopWatching()
  }

  /** In one go where that is cheaper: some stores go through all their keys. */
  async *#scan(): AsyncGenerator<readonly Entry[]> {
    if (this.#store.scanAny !== undefined) yield* this.#store.scanAny(this.#prefixes)
    else for (const prefix of this.#prefixes) yield* this.#store.scan(prefix)
  }

  #owns(key: string): boolean {
    return this.#prefixes.some(prefix => key.startsWith(prefix))
  }

  async #look(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return
    try {
      const ends = (await this.#store.expiries?.(keys)) ?? keys.map(() => 0)
      const read = await Promise.all(keys.map(key => this.#store.get(key)))
      this.#take(
        keys.map((key, at) => ({
          key: key.slice(this.#root.length),
          value: read[at] ?? null,
          // One without an end was written by somebody else: it stays until it is looked at again.
          until: ends[at] === 0 ? Date.now() + LONGEST_LIFE : ends[at]!,
        })),
      )
    } catch (error) {
      this.#failed(error)
    }
  }

  #take(entries: readonly BoardEntry[]): void {
    const news = entries.filter(({ key, value, until }) => {
      const known = this.#entries.get(key)
      return value === null ? known !== undefined : known?.value !== value || known.until !== until
    })
    if (news.length === 0) return
    for (const entry of news)
      if (entry.value === null) this.#entries.delete(entry.key)
      else if (this.#entries.has(entry.key) || this.#entries.size < MOST_ENTRIES)
        this.#entries.set(entry.key, entry)
    this.#tell(news)
  }

  #forgetOld(): void {
    const now = Date.now()
    this.#take(
      [...this.#entries.values()]
        .filter(({ until }) => until <= now)
        .map(({ key, until }) => ({ key, value: null, until })),
    )
  }

  #failed(error: unknown): void {
    this.#log(
      'warn',
      `registrations cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
