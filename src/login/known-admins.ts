/**
 * What the store knows of administrators besides who they are: who is barred, and who was here before.
 *
 * The list of those who are barred and upstream's list of those who logged in are sets that an Otoroshi wrote (`SADD` in Redis,
 * `svalue` in PostgreSQL); they are read, never written.
 */
import { createHash } from 'node:crypto'
import { type Store, StoreConflict } from '../store/contract.ts'
import { spellings } from '../identity/spellings.ts'

/** Milliseconds an answer about a session that goes on is good for. */
const FRESH = 10_000
/** Answers that are remembered. */
const MOST_KNOWN = 1_000

export class KnownAdmins {
  readonly #store: Store
  readonly #barred: string
  readonly #before: string
  readonly #answers = new Map<string, { readonly barred: boolean; readonly until: number }>()

  /** `root`: setting `storageRoot`. */
  constructor(store: Store, root: string) {
    this.#store = store
    this.#barred = `${root}:users:blacklist:backoffice`
    this.#before = `${root}:users:alreadyloggedin`
  }

  /** True for who may not log in. Rejects with `StoreUnavailable`. */
  async isBarred(email: string): Promise<boolean> {
    if (this.#store.hasMember === undefined) return false
    const found = await Promise.all(spellings(email).map(one => this.#store.hasMember!(this.#barred, one)))
    const barred = found.includes(true)
    if (this.#answers.size >= MOST_KNOWN) this.#answers.clear()
    this.#answers.set(email, { barred, until: Date.now() + FRESH })
    return barred
  }

  /** The same for a session that goes on: some seconds late, and with the last answer while the store is away. */
  async isBarredByNow(email: string): Promise<boolean> {
    const known = this.#answers.get(email)
    if (known !== undefined && Date.now() < known.until) return known.barred
    try {
      return await this.isBarred(email)
    } catch {
      return known?.barred ?? false
    }
  }

  /** True once for an e-mail address, on all instances together. Rejects with `StoreUnavailable`. */
  async isFirstLogin(email: string): Promise<boolean> {
    if ((await this.#store.hasMember?.(this.#before, email)) === true) return false
    const key = `${this.#before}:${createHash('sha256').update(email).digest('hex')}`
    try {
      await this.#store.commit([{ key, value: '1' }], [{ key, value: null }])
      return true
    } catch (error) {
      if (error instanceof StoreConflict) return false
      throw error
    }
  }
}
