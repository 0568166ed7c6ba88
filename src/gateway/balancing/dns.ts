/**
 * Addresses of backends by name, kept for a while.
 *
 * Guarantees: one look-up at a time per name; addresses are handed out in turn; an expired answer is served while it is
 * looked up again, and goes on being served while the resolver fails; a failure is remembered for a second; memory is
 * bounded. IP literals never reach the resolver. Not guaranteed: the TTL of the DNS record, which the system's resolver
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
    }
  }

  get size(): number {
    return this.#entries.size
  }

  /** An address of the name, at once when it is known. Throws or rejects with `DnsFailure`. */
  resolve(hostname: string): ResolvedAddress | Promise<ResolvedAddress> {
    const literal = isIP(hostname)
    if (literal !== 0) return { address: hostname, family: literal === 4 ? 4 : 6 }
    const name = hostname.toLowerCase()
    const entry = this.#entry(name)
    const now = this.#clock()
    if (entry.addresses.length > 0 && now - entry.foundAt < this.#settings.ttl) return next(entry)
    const servable =
      entry.addresses.length > 0 && now - entry.foundAt < this.#settings.ttl + this.#settings.staleTtl
    const failedLately = entry.failure !== null && now - entry.checkedAt < this.#settings.negativeTtl
    if (failedLately) {
      if (servable) return next(entry)
      throw entry.failure
    }
    entry.pending ??= this.#refresh(name, entry)
    if (servable && this.#settings.ttl > 0) return next(entry)
    return entry.pending.then(() => {
      const late = entry.failure !== null && !this.#fresh(entry)
      if (late || entry.addresses.length === 0) throw entry.failure ?? new DnsFailure(name, 'no address')
      return next(entry)
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
      const addresses = await withTimeout(this.#lookup(name), this.#settings.timeout)
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
}

function next(entry: Entry): ResolvedAddress {
  entry.turn = (entry.turn + 1) % entry.addresses.length
  return entry.addresses[entry.turn]!
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
