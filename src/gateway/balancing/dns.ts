/**
 * Addresses of backends by name, kept for a while.
 *
 * Guarantees: one look-up at a time per name; addresses are handed out in turn; an expired answer is served while it is
 * looked up again, and goes on being served while the resolver fails; a failure is remembered for a second; memory and
 * look-ups at once are bounded. IP literals never reach the resolver. Not guaranteed: the TTL of the DNS record, which the system's resolver
 * does not tell.
 */
import { isIP } from 'node:net'

export interface ResolvedAddress {
  readonly address: string
  readonly family: 4 | 6
}

/** All addresses of a name; rejects when it has none. */
export type Lookup = (hostname: string) => Promise<readonly ResolvedAddress[]>

export interface DnsSettings {
  /** Life of an answer, milliseconds. Default 10 000. 0 looks up each time (still one look-up at once per name). */
  readonly ttl?: number
  /** Life of a failure, milliseconds. Default 1 000. */
  readonly negativeTtl?: number
  /** Longest an expired answer is served while the resolver fails, milliseconds. Default 600 000. */
  readonly staleTtl?: number
  /** Names kept; the one unused longest goes first. Default 10 000. */
  readonly capacity?: number
  /** Longest a look-up may take, milliseconds. Default 5 000. */
  readonly timeout?: number
  /** Look-ups under way, those given up included; one more fails. Names may come from clients. Default 1 000. */
  readonly mostPending?: number
}

/** The name does not resolve. */
export class DnsFailure extends Error {
  readonly hostname: string

  constructor(hostname: string, cause: unknown) {
    super(`the name ${JSON.stringify(hostname)} does not resolve: ${messageOf(cause)}`, { cause })
    this.name = 'DnsFailure'
    this.hostname = hostname
  }
}

interface Entry {
  addresses: readonly ResolvedAddress[]
  turn: number
  /** When the addresses were found; -Infinity before. */
  foundAt: number
  failure: DnsFailure | null
  /** When the last look-up ended. */
  checkedAt: number
  pending: Promise<void> | null
}

export class DnsCache {
  readonly #lookup: Lookup
  readonly #clock: () => number
  readonly #settings: Required<DnsSettings>
  /** Look-ups the resolver has not answered. */
  #running = 0
  /** In order of last use. */
  readonly #entries = new Map<string, Entry>()

  /** `clock` in milliseconds, never going back. */
  constructor(lookup: Lookup, settings: DnsSettings = {}, clock: () => number = () => performance.now()) {
    this.#lookup = lookup
    this.#clock = clock
    this.#settings = {
      ttl: settings.ttl ?? 10_000,
      negativeTtl: settings.negativeTtl ?? 1_000,
      staleTtl: settings.staleTtl ?? 600_000,
      capacity: Math.max(1, settings.capacity ?? 10_000),
      timeout: settings.timeout ?? 5_000,
      mostPending: settings.mostPending ?? 1_000,
    }
  }

  get size(): number {
    return this.#entries.size
  }

  /** An address of the name, at once when it is known. Throws or rejects with `DnsFailure`. */
  resolve(hostname: string): ResolvedAddress | Promise<ResolvedAddress> {
    const entry = this.#ready(hostname)
    return entry instanceof Promise ? entry.then(next) : next(entry)
  }

  /** All addresses of the name, the one whose turn it is first. Throws or rejects as `resolve`. */
  resolveAll(hostname: string): readonly ResolvedAddress[] | Promise<readonly ResolvedAddress[]> {
    const entry = this.#ready(hostname)
    return entry instanceof Promise ? entry.then(nextRound) : nextRound(entry)
  }

  /** The entry with addresses that may be served. */
  #ready(hostname: string): Entry | Promise<Entry> {
    const literal = isIP(hostname)
    if (literal !== 0) return literalEntry(hostname, literal === 4 ? 4 : 6)
    const name = hostname.toLowerCase()
    const entry = this.#entry(name)
    const { ttl, staleTtl, negativeTtl } = this.#settings
    const now = this.#clock()
    const found = entry.addresses.length > 0
    if (found && now - entry.foundAt < ttl) return entry
    const servable = found && now - entry.foundAt < ttl + staleTtl
    if (entry.failure !== null && now - entry.checkedAt < negativeTtl) {
      if (servable) return entry
      throw entry.failure
    }
    const pending = (entry.pending ??= this.#refresh(name, entry))
    if (servable && ttl > 0) return entry
    return pending.then(() => {
      const late = entry.failure !== null && !this.#fresh(entry)
      if (late || entry.addresses.length === 0) throw entry.failure ?? new DnsFailure(name, 'no address')
      return entry
    })
  }

  /** Forgets a name, or all: the next `resolve` looks it up. */
  forget(hostname?: string): void {
    if (hostname === undefined) this.#entries.clear()
    else this.#entries.delete(hostname.toLowerCase())
  }

  /** True while what was found may still be served. */
  #fresh(entry: Entry): boolean {
    return this.#clock() - entry.foundAt < this.#settings.ttl + this.#settings.staleTtl
  }

  #entry(name: string): Entry {
    let entry = this.#entries.get(name)
    if (entry === undefined) {
      entry = {
        addresses: [],
        turn: 0,
        foundAt: -Infinity,
        failure: null,
        checkedAt: -Infinity,
        pending: null,
      }
      if (this.#entries.size >= this.#settings.capacity) {
        const oldest = this.#entries.keys().next().value
        if (oldest !== undefined) this.#entries.delete(oldest)
      }
    } else this.#entries.delete(name)
    this.#entries.set(name, entry)
    return entry
  }

  /** Never rejects: the outcome is in the entry. */
  async #refresh(name: string, entry: Entry): Promise<void> {
    try {
      const addresses = await withTimeout(this.#ask(name), this.#settings.timeout)
      if (addresses.length === 0) throw new Error('no address')
      entry.addresses = addresses
      entry.foundAt = this.#clock()
      entry.failure = null
    } catch (error) {
      entry.failure = new DnsFailure(name, error)
    }
    entry.checkedAt = this.#clock()
    entry.pending = null
  }

  /** Rejects, never throws: a failure must not be over before its promise is in the entry. */
  async #ask(name: string): Promise<readonly ResolvedAddress[]> {
    if (this.#running >= this.#settings.mostPending) throw new Error('too many look-ups under way')
    this.#running++
    try {
      return await this.#lookup(name)
    } finally {
      this.#running--
    }
  }
}

function literalEntry(address: string, family: 4 | 6): Entry {
  const addresses = [{ address, family }]
  return { addresses, turn: 0, foundAt: 0, failure: null, checkedAt: 0, pending: null }
}

function next(entry: Entry): ResolvedAddress {
  return entry.addresses[turnOf(entry)]!
}

function nextRound(entry: Entry): readonly ResolvedAddress[] {
  const { addresses } = entry
  const first = turnOf(entry)
  return first === 0 ? addresses : [...addresses.slice(first), ...addresses.slice(0, first)]
}

/** Index of the next address. The list may have become shorter. */
function turnOf(entry: Entry): number {
  const turn = entry.turn % entry.addresses.length
  entry.turn = turn + 1
  return turn
}

function withTimeout<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
