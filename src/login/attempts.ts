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
/** Milliseconds after which failures are forgotten. */
const FORGOTTEN = 15 * 60_000
const MOST = 10_000
/** Milliseconds for which it is remembered that somebody has got in from a network. */
const AT_HOME = 30 * 24 * 60 * 60_000

type Scope = keyof typeof FREE

interface Failures {
  count: number
  /** Epoch milliseconds of the last one. */
  last: number
}

export class Attempts {
  readonly #kept: Readonly<Record<Scope, Map<string, Failures>>> = {
    pair: new Map(),
    address: new Map(),
    name: new Map(),
  }
  /** Names and networks from which they got in, with epoch milliseconds. */
  readonly #homes = new Map<string, number>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /**
   * Seconds until a try is judged; 0: it is judged now, and counted as a failure until `succeeded` says otherwise, so that many
   * at once are no way around. `realm`: what tells equal names apart (a module).
   */
  begin(realm: string, name: string, address: string): number {
    const keys = keysOf(realm, name, address)
    const home = this.#isHome(keys[0][1])
    const wait = Math.max(
      ...keys.map(([scope, key]) => (scope === 'name' && home ? 0 : this.#waitOf(scope, key))),
    )
    if (wait > 0) return Math.ceil(wait / 1000)
    for (const [scope, key] of keys) this.#note(scope, key)
    return 0
  }

  /** The owner of the name is here: what was guessed before from his address counts no more. */
  succeeded(realm: string, name: string, address: string): void {
    const [[, pair], ...others] = keysOf(realm, name, address)
    this.#kept.pair.delete(pair)
    this.#homes.delete(pair)
    if (this.#homes.size >= MOST) this.#homes.delete(this.#homes.keys().next().value!)
    this.#homes.set(pair, this.#now())
    for (const [scope, key] of others) {
      const failures = this.#kept[scope].get(key)
      if (failures !== undefined && --failures.count <= 0) this.#kept[scope].delete(key)
    }
  }

  /** Entries kept. */
  get size(): number {
    return Object.values(this.#kept).reduce((sum, kept) => sum + kept.size, this.#homes.size)
  }

  #isHome(pair: string): boolean {
    const since = this.#homes.get(pair)
    return since !== undefined && this.#now() - since < AT_HOME
  }

  #waitOf(scope: Scope, key: string): number {
    const failures = this.#kept[scope].get(key)
    if (failures === undefined) return 0
    const since = this.#now() - failures.last
    const over = failures.count - FREE[scope]
    if (over < 0 || since > FORGOTTEN) return 0
    return Math.max(0, Math.min(LONGEST, FIRST * 2 ** Math.min(over, 16)) - since)
  }

  #note(scope: Scope, key: string): void {
    const kept = this.#kept[scope]
    const before = kept.get(key)
    const now = this.#now()
    const count = before === undefined || now - before.last > FORGOTTEN ? 0 : before.count
    // The one that failed longest ago goes first.
    kept.delete(key)
    if (kept.size >= MOST) kept.delete(kept.keys().next().value!)
    kept.set(key, { count: count + 1, last: now })
  }
}

type Key = readonly [Scope, string]

function keysOf(realm: string, name: string, address: string): readonly [Key, Key, Key] {
  const who = name.trim().toLowerCase().slice(0, 200)
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
