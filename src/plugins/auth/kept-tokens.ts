/**
 * Access tokens that are fetched when first needed and kept while they are good.
 *
 * Guarantees: one fetch at a time for each key, however many requests wait; a token is renewed in the background before it ends; a
 * failure is not repeated within a second; memory is bounded.
 */

/** A token as the authorization server gave it. */
export interface FetchedToken {
  readonly access: string
  readonly refresh: string | null
  /** Seconds it is good for. */
  readonly life: number
}

/** Fetches a token, by a refresh token where one is given. Rejects when there is none. */
export type TokenFetch = (refresh: string | null) => Promise<FetchedToken>

interface Kept {
  readonly token: FetchedToken
  readonly since: number
  /** Epoch milliseconds. */
  readonly until: number
}

interface Failure {
  readonly error: unknown
  readonly until: number
}

const MOST_KEPT = 1_000
/** Milliseconds in which a failure is answered again without a fetch. */
const FAILURE = 1_000
/** Milliseconds in which a token that a backend refused is not renewed again. */
const PATIENCE = 10_000
/** Share of its life after which a token is renewed. */
const RENEWED = 0.9

export class KeptTokens {
  readonly #kept = new Map<string, Kept>()
  readonly #failed = new Map<string, Failure>()
  readonly #fetching = new Map<string, Promise<FetchedToken>>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** The token of `key`. A promise only when there is none at hand. */
  get(key: string, fetch: TokenFetch): FetchedToken | Promise<FetchedToken> {
    const now = this.#now()
    const kept = this.#kept.get(key)
    if (kept !== undefined && now < kept.until) {
      const renewal = kept.since + (kept.until - kept.since) * RENEWED
      // Whoever comes next sees what became of it.
      if (now >= renewal) this.#fetch(key, fetch, kept.token.refresh).catch(() => {})
      return kept.token
    }
    return this.#fetch(key, fetch, kept?.token.refresh ?? null)
  }

  /** A backend did not take `access`: the next request gets another one, unless that was tried a moment ago. */
  refused(key: string, access: string): void {
    const kept = this.#kept.get(key)
    if (kept?.token.access === access && this.#now() - kept.since >= PATIENCE) this.#kept.delete(key)
  }

  #fetch(key: string, fetch: TokenFetch, refresh: string | null): Promise<FetchedToken> {
    const failure = this.#failed.get(key)
    if (failure !== undefined && this.#now() < failure.until) return Promise.reject(failure.error)
    const under = this.#fetching.get(key)
    if (under !== undefined) return under
    const fetched = refresh === null ? fetch(null) : fetch(refresh).catch(() => fetch(null))
    const told = fetched.then(
      token => {
        this.#keep(key, token)
        return token
      },
      error => {
        bound(this.#failed)
        this.#failed.set(key, { error, until: this.#now() + FAILURE })
        throw error
      },
    )
    this.#fetching.set(key, told)
    const done = (): void => void this.#fetching.delete(key)
    told.then(done, done)
    return told
  }

  #keep(key: string, token: FetchedToken): void {
    this.#failed.delete(key)
    this.#kept.delete(key)
    bound(this.#kept)
    const since = this.#now()
    this.#kept.set(key, { token, since, until: since + token.life * 1000 })
  }
}

/** The oldest goes first. */
function bound(map: Map<string, unknown>): void {
  if (map.size >= MOST_KEPT) map.delete(map.keys().next().value!)
}
