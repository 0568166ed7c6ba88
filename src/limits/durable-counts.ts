/**
 * The account with the store: what was counted is added to upstream's counters, what they know comes back.
 *
 * Guarantees: each call is added once, unless the store breaks between a write and its answer (then it may count twice);
 * what the store does not know is at most what was counted since the last round; a store that is away loses nothing while
 * the process lives. Not guaranteed: calls counted since the last round, when the process is killed.
 */
import { type Calendar, calendarOf } from './calendar.ts'
import { type CountLayout, type CountMemory, countLayout, DAY, MONTH, WINDOW } from './count-memory.ts'
import { type CounterKeys, counterKeys, isKept, nameOf, type Subject } from './subject.ts'
import { type Counter, StoreAccount } from './store-account.ts'
import { Tally } from './tally.ts'

/** What is needed of a store. */
export interface CounterStore {
  get(key: string): Promise<string | null>
  /** Adds to a counter that expires `ttl` milliseconds after its first increment (0: never). */
  increment(key: string, by: number, ttl: number): Promise<number>
  commit(
    changes: readonly { readonly key: string; readonly value: string | null; readonly expiresAt?: number }[],
  ): Promise<void>
}

export interface DurableCountsOptions {
  readonly memory: CountMemory
  readonly store: CounterStore
  /** Prefix of the keys of the store. */
  readonly root: string
  readonly zone: string | null
  /** Milliseconds between two rounds. */
  readonly every: number
  readonly onFailure: (error: unknown) => void
}

/** Longest wait of a call for the store, milliseconds; after it the store counts as away until a round gets through. */
const PATIENCE = 1_000
/** Subjects settled at a time. */
const TOGETHER = 200
/** Subjects of which account is kept at most; others are counted by this instance alone. */
const MOST = 400_000
/** Rounds after which slots of subjects that call no more are given back. */
const SWEEP = 30

interface Account {
  readonly subject: Subject
  readonly keys: CounterKeys
  readonly tally: Tally
  readonly ledger: StoreAccount
  settling: Promise<boolean> | null
}

export class DurableCounts {
  readonly #options: DurableCountsOptions
  readonly #layout: CountLayout
  readonly #calendar: Calendar
  readonly #accounts = new Map<string, Account>()
  /** Accounts of groups by the counter of a day that they have in common. */
  readonly #groups = new Map<string, Set<Account>>()
  readonly #timer: NodeJS.Timeout
  #round: Promise<void> | null = null
  #rounds = 0
  #sweeping = false
  /** The last asking failed: whoever asks is answered at once until a round gets through. */
  #away = false

  constructor(options: DurableCountsOptions) {
    this.#options = options
    this.#layout = countLayout(options.memory)
    this.#calendar = calendarOf(options.zone)
    this.#timer = setInterval(() => void this.flush(), options.every)
    this.#timer.unref()
  }

  /** Subjects of which account is kept. */
  get size(): number {
    return this.#accounts.size
  }

  /** Adds what was counted and learns what the store knows; answers whether the store could be asked. */
  async settle(subject: Subject): Promise<boolean> {
    // Those with quotas have a place in memory that is bounded, and must be told to the store.
    if (this.#accounts.size >= MOST && !isKept(subject.family) && !this.#accounts.has(nameOf(subject))) {
      void this.#sweep()
      return false
    }
    const account = this.#account(subject)
    if (this.#away) return false
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const timer = setTimeout(() => {
      this.#away = true
      resolve(false)
    }, PATIENCE)
    void this.#settle(account).then(reached => {
      clearTimeout(timer)
      resolve(reached)
    })
    return promise
  }

  /** The tally of a subject, with what the store knows of it. `reached`: whether the store could be asked. */
  async look(subject: Subject): Promise<{ readonly tally: Tally; readonly reached: boolean }> {
    const account = this.#account(subject)
    const reached = await this.#settle(account)
    return { tally: account.tally, reached }
  }

  /** Day, month and total are none from now on. Rejects when the store cannot be written. */
  async reset(subject: Subject): Promise<void> {
    const account = this.#account(subject)
    // Those that have the counters of days in common with it begin anew, too.
    const all = [...(this.#groups.get(account.keys.daily ?? '') ?? [account])]
    for (let open = all; open.length > 0; open = all.filter(one => one.settling !== null))
      await Promise.all(open.map(one => one.settling))
    const now = Date.now()
    const { daily, monthly, total } = account.keys
    const changes = [
      ...(daily === null ? [] : [{ key: daily, value: '0', expiresAt: this.#calendar.dayEnd(now) }]),
      ...(monthly === null ? [] : [{ key: monthly, value: '0', expiresAt: this.#calendar.monthEnd(now) }]),
      ...(total === null ? [] : [{ key: total, value: '0' }]),
    ]
    const work = this.#options.store.commit(changes).then(() => {
      for (const one of all) one.ledger.reset(Date.now())
      return true
    })
    const settling = work.catch(() => false)
    for (const one of all) one.settling = settling
    await work.finally(() => {
      for (const one of all) one.settling = null
    })
  }

  /** Adds everything that was counted to the store. Never rejects. */
  flush(): Promise<void> {
    this.#round ??= this.#flush().finally(() => (this.#round = null))
    return this.#round
  }

  /** Adds what is left. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
    await this.flush()
  }

  async #flush(): Promise<void> {
    let group: Account[] = []
    for (const account of this.#accounts.values()) {
      if (!account.ledger.isDirty) continue
      group.push(account)
      if (group.length < TOGETHER) continue
      if (!(await this.#settleAll(group))) return
      group = []
    }
    if (!(await this.#settleAll(group))) return
    this.#away = false
    if (++this.#rounds % SWEEP === 0) await this.#sweep()
  }

  async #settleAll(group: readonly Account[]): Promise<boolean> {
    return (await Promise.all(group.map(each => this.#settle(each)))).every(Boolean)
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping) return
    this.#sweeping = true
    const now = Date.now()
    let seen = 0
    for (const [name, account] of this.#accounts) {
      if (account.settling === null && account.ledger.forget(now)) this.#forget(name, account)
      if (++seen % 5_000 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    this.#sweeping = false
  }

  #account(subject: Subject): Account {
    const name = nameOf(subject)
    let account = this.#accounts.get(name)
    if (account === undefined) {
      const tally = new Tally(this.#layout, this.#calendar, subject, Date.now())
      const ledger = new StoreAccount(tally.slot, this.#calendar)
      account = { subject, keys: counterKeys(this.#options.root, subject), tally, ledger, settling: null }
      this.#accounts.set(name, account)
      const { daily } = account.keys
      if (subject.group !== '' && daily !== null)
        this.#groups.set(daily, (this.#groups.get(daily) ?? new Set()).add(account))
    }
    return account
  }

  #forget(name: string, account: Account): void {
    this.#accounts.delete(name)
    const { daily } = account.keys
    const group = this.#groups.get(daily ?? '')
    group?.delete(account)
    if (group?.size === 0) this.#groups.delete(daily!)
  }

  /** What the others of its groups have counted is told to the store before it is asked for the first time. */
  async #tellOfOthers({ keys, ledger }: Account): Promise<void> {
    const others = ledger.isLoaded ? undefined : this.#groups.get(keys.daily ?? '')
    if (others === undefined || others.size < 2) return
    // One that is loaded waits for nobody here, so that no two wait for each other.
    const dirty = [...others].filter(one => one.ledger.isLoaded && one.ledger.isDirty)
    await Promise.all(dirty.map(one => this.#settle(one)))
  }

  /** One settling at a time for each subject; whoever asks meanwhile gets the next one. */
  async #settle(account: Account): Promise<boolean> {
    if (account.settling !== null) await account.settling
    account.settling ??= this.#exchange(account)
      .catch(error => {
        if (!this.#away) this.#options.onFailure(error)
        this.#away = true
        return false
      })
      .finally(() => (account.settling = null))
    return account.settling
  }

  async #exchange(account: Account): Promise<boolean> {
    await this.#tellOfOthers(account)
    const { subject, keys, ledger } = account
    const now = Date.now()
    ledger.turn(now)
    const asks = this.#layout.shared || (isKept(subject.family) && !ledger.isLoaded)
    await Promise.all([
      this.#layout.shared ? this.#counter(ledger, WINDOW, keys.window, asks) : null,
      this.#counter(ledger, DAY, keys.daily, asks),
      this.#counter(ledger, MONTH, keys.monthly, asks),
    ])
    ledger.synced(now)
    const total = keys.total === null ? 0 : ledger.takeTotal(now)
    // Nobody decides by it: what is lost here is a figure for people.
    if (total > 0) await this.#options.store.increment(keys.total!, total, 0).catch(() => {})
    return true
  }

  async #counter(ledger: StoreAccount, counter: Counter, key: string | null, asks: boolean): Promise<void> {
    const now = Date.now()
    const found = key === null ? null : ledger.pending(counter, now)
    if (key === null || found === null) return
    const { end, amount } = found
    if (amount === 0 && !asks) return
    const total =
      amount === 0
        ? countIn(await this.#options.store.get(key))
        : await this.#add(key, amount, Math.max(1, Math.ceil(end - now)))
    ledger.confirm(counter, found, total, Date.now())
  }

  async #add(key: string, amount: number, ttl: number): Promise<number> {
    try {
      return await this.#options.store.increment(key, amount, ttl)
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      // Somebody wrote something else there: what was counted here counts, and a number is put in its place.
      this.#options.onFailure(error)
      await this.#options.store.commit([{ key, value: String(amount), expiresAt: Date.now() + ttl }])
      return amount
    }
  }
}

function countIn(text: string | null): number {
  const count = Number(text ?? 0)
  return Number.isSafeInteger(count) && count > 0 ? count : 0
}
