/**
 * Failures to log in, counted so that nobody guesses: by name and address together, by address, and by name.
 *
 * Guarantees: memory is bounded, whatever names and addresses come; who guesses one name from one address waits twice as
 * long each time; no wait is longer than `LONGEST`; who has got in from a network before does not wait for what others try
 * elsewhere, so that guessing at a name does not keep its owner out; the answer is the same for names that exist and others.
 * Not done here: counting over several instances; and an owner in a network that is new for him waits like whoever guesses.
 */

/** Failures that cost nothing: by name and address, by address, by name. */
const FREE = { pair: 5, address: 30, name: 50 } as const
/** Milliseconds: the first wait, and the longest. */
const FIRST = 1_000
const LONGEST = 60_000
/** Milliseconds after which failures are forgotten, and in which as many fade as cost nothing. */
const FORGOTTEN = 15 * 60_000
const MOST = 10_000
/** Milliseconds for which it is remembered that somebody has got in from a network. */
const AT_HOME = 30 * 24 * 60 * 60_000
/** Milliseconds after which it is remembered anew. */
const STILL_KNOWN = 24 * 60 * 60_000

type Scope = keyof typeof FREE

interface Failures {
  /** As of `at`: they fade with time. */
  count: number
  /** Epoch milliseconds. */
  at: number
  /** Epoch milliseconds of the last one. */
  last: number
}

/** One try. `succeeded` or `undone` is called once at most. */
export interface Attempt {
  /** Seconds until a try is judged; 0: it is judged now, and counts as a failure until something else is said. */
  readonly wait: number
  /** The owner of the name is here: what was guessed before from his address counts no more. */
  succeeded(): void
  /** Nobody could judge it, so that it is no failure. */
  undone(): void
}

export class Attempts {
  readonly #kept: Readonly<Record<Scope, Map<string, Failures>>> = {
    pair: new Map(),
    address: new Map(),
    name: new Map(),
  }
  /** Names and networks from which they got in, with epoch milliseconds. */
  readonly #homes = new Map<string, number>()
  /** Of those, texts that were seen as they are, with epoch milliseconds. */
  readonly #seen = new Map<string, number>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /**
   * Begins a try, which counts at once, so that many at once are no way around. `realm`: what tells equal names apart (a module, a
   * route).
   */
  begin(realm: string, name: string, address: string): Attempt {
    const keys = keysOf(realm, name, address)
    const wait = this.#longest(keys)
    if (wait > 0) return { wait, succeeded: () => {}, undone: () => {} }
    const now = this.#now()
    const before = keys.map(([scope, key]) => this.#note(scope, key, now))
    const takeBack = (from: number): void => {
      for (let i = from; i < keys.length; i++) {
        const [scope, key] = keys[i]!
        const failures = this.#kept[scope].get(key)
        if (failures === undefined) continue
        failures.count--
        if (failures.last === now) failures.last = before[i]!
        if (failures.count <= 0) this.#kept[scope].delete(key)
      }
    }
    return {
      wait: 0,
      succeeded: () => {
        const [, pair] = keys[0]
        this.#kept.pair.delete(pair)
        this.#remember(pair)
        takeBack(1)
      },
      undone: () => takeBack(0),
    }
  }

  /** Seconds until a try of this name from this address would be judged; counts nothing. */
  waitOf(realm: string, name: string, address: string): number {
    const { pair, address: addresses, name: names } = this.#kept
    if (pair.size === 0 && addresses.size === 0 && names.size === 0) return 0
    return this.#longest(keysOf(realm, name, address))
  }

  /** The owner of a name is here, found without a try that was counted. */
  known(realm: string, name: string, address: string): void {
    const raw = `${realm}\n${name}\n${address}`
    // Who comes all the time costs a look.
    const now = this.#now()
    if (this.#kept.pair.size === 0 && now - (this.#seen.get(raw) ?? Number.NEGATIVE_INFINITY) < STILL_KNOWN)
      return
    if (this.#seen.size >= MOST) this.#seen.clear()
    this.#seen.set(raw, now)
    const [[, pair]] = keysOf(realm, name, address)
    const since = this.#homes.get(pair)
    if (since !== undefined && now - since < STILL_KNOWN && !this.#kept.pair.has(pair)) return
    this.#kept.pair.delete(pair)
    this.#remember(pair)
  }

  /** Entries kept. */
  get size(): number {
    return Object.values(this.#kept).reduce((sum, kept) => sum + kept.size, this.#homes.size)
  }

  #remember(pair: string): void {
    this.#homes.delete(pair)
    if (this.#homes.size >= MOST) this.#homes.delete(this.#homes.keys().next().value!)
    this.#homes.set(pair, this.#now())
  }

  #longest(keys: Keys): number {
    const home = this.#isHome(keys[0][1])
    const waits = keys.map(([scope, key]) => (scope === 'name' && home ? 0 : this.#wait(scope, key)))
    return Math.ceil(Math.max(...waits) / 1000)
  }

  #isHome(pair: string): boolean {
    const since = this.#homes.get(pair)
    return since !== undefined && this.#now() - since < AT_HOME
  }

  #wait(scope: Scope, key: string): number {
    const failures = this.#kept[scope].get(key)
    if (failures === undefined) return 0
    const now = this.#now()
    const over = Math.ceil(left(failures, scope, now)) - FREE[scope]
    if (over < 0) return 0
    return Math.max(0, Math.min(LONGEST, FIRST * 2 ** Math.min(over, 16)) - (now - failures.last))
  }

  /** Notes a failure; answers when the one before was. */
  #note(scope: Scope, key: string, now: number): number {
    const kept = this.#kept[scope]
    const before = kept.get(key)
    const count = before === undefined ? 0 : left(before, scope, now)
    // The one that failed longest ago goes first.
    kept.delete(key)
    if (kept.size >= MOST) kept.delete(kept.keys().next().value!)
    kept.set(key, { count: count + 1, at: now, last: now })
    return before?.last ?? 0
  }
}

/** Failures that still count: none after a while without one, and those that cost nothing fade in the same time. */
function left({ count, at, last }: Failures, scope: Scope, now: number): number {
  return now - last > FORGOTTEN ? 0 : Math.max(0, count - ((now - at) / FORGOTTEN) * FREE[scope])
}

type Key = readonly [Scope, string]
type Keys = readonly [Key, Key, Key]

function keysOf(realm: string, name: string, address: string): Keys {
  // Directories take letters of another width, and what nobody sees, for the same name (RFC 4518).
  const folded = name
    .slice(0, 1000)
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
  const who = folded.replace(/\s+/g, ' ').trim().toLowerCase().slice(0, 200)
  const where = networkOf(address)
  return [
    ['pair', JSON.stringify([realm, who, where])],
    ['address', where],
    ['name', JSON.stringify([realm, who])],
  ]
}

/** A customer has a whole IPv6 network of 64 bits. */
function networkOf(address: string): string {
  const text = address.slice(0, 64).toLowerCase()
  if (!text.includes(':') || /^::ffff:\d+\./.test(text)) return text
  const [head = '', tail = ''] = text.split('::', 2)
  const first = head.split(':').filter(part => part !== '')
  const last = tail.split(':').filter(part => part !== '')
  const between = text.includes('::') ? Array(Math.max(0, 8 - first.length - last.length)).fill('0') : []
  return [...first, ...between, ...last].slice(0, 4).join(':')
}
