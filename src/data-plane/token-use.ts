/**
 * Sessions in use whose access token may be near its end: the main thread is told, and renews it beside the traffic.
 *
 * Guarantees: a session is told of at most once per `PAUSE`; what is remembered of that is bounded; the request never waits.
 */
import type { AuthModuleView } from '../identity/auth-module.ts'
import { oauthModule } from '../identity/oauth-module.ts'
import { tokenIsDue } from '../identity/token-life.ts'
import type { UserView } from '../identity/user.ts'

/** Milliseconds between two tellings of one session. */
const PAUSE = 30_000
const MOST_REMEMBERED = 10_000

export class TokenUse {
  readonly #module: (id: string) => AuthModuleView | null
  readonly #tell: (session: string) => void
  readonly #now: () => number
  readonly #told = new Map<string, number>()

  constructor(
    module: (id: string) => AuthModuleView | null,
    tell: (session: string) => void,
    now: () => number = Date.now,
  ) {
    this.#module = module
    this.#tell = tell
    this.#now = now
  }

  /** A request came with this session. */
  seen(user: UserView): void {
    const { id, token, authConfigId } = user
    if (typeof token['refresh_token'] !== 'string') return
    const now = this.#now()
    if (!tokenIsDue(user, now) || now - (this.#told.get(id) ?? 0) < PAUSE) return
    const module = this.#module(authConfigId)
    if (module === null || oauthModule(module)?.refreshTokens !== true) return
    this.#told.delete(id)
    if (this.#told.size >= MOST_REMEMBERED) this.#told.delete(this.#told.keys().next().value!)
    this.#told.set(id, now)
    this.#tell(id)
  }
}
