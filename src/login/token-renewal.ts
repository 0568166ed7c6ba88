/**
 * Tokens of sessions, renewed while the sessions are used.
 *
 * Guarantees: of all instances one renews a session at a time, so that a refresh token that counts once is shown once; what a
 * session holds besides stays, its end above all; a provider that refuses ends no session. Renewals at once are bounded: those
 * beyond come with a later request.
 */
import { tokenIsDue } from '../identity/token-life.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { authModuleUser } from '../model/kinds/auth-module-user.ts'
import type { LoginDesk } from './desk.ts'
import { digest } from './flow.ts'
import { Once } from './once.ts'

const MOST_AT_ONCE = 32
/** Milliseconds in which nobody else renews the same session. */
const TURN = 60_000
const users = authModuleUser as EntityDefinition

export class TokenRenewal {
  readonly #desk: LoginDesk
  readonly #once: Once
  readonly #running = new Set<string>()

  constructor(desk: LoginDesk) {
    const { control, settings } = desk.services
    this.#desk = desk
    this.#once = new Once(control.stored.store, settings.root)
  }

  /** A request came with the session of this id. Never throws, never rejects. */
  async used(id: string): Promise<void> {
    if (this.#running.has(id) || this.#running.size >= MOST_AT_ONCE) return
    this.#running.add(id)
    try {
      await this.#renew(id)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      this.#desk.services.log('warn', `the tokens of a session were not renewed: ${message}`)
    } finally {
      this.#running.delete(id)
    }
  }

  async #renew(id: string): Promise<void> {
    const session = await this.#desk.sessions.user(id)
    const module = session === null ? null : this.#desk.modules.find(session.authConfigId)
    const refresh = module?.provider.refresh
    if (session === null || refresh === undefined || !tokenIsDue(session, Date.now())) return
    // What was renewed elsewhere has another time, so each state of a session has its own turn.
    const turn = `renewal-${digest(id)}-${session.entity.lastRefresh ?? 0}`
    if (!(await this.#once.use(turn, TURN))) return
    const token = await refresh(session)
    if (token === null) return
    await this.#desk.services.control.change({
      definition: users,
      id,
      // One that was ended meanwhile stays ended.
      transition: current =>
        current === null
          ? { action: 'keep' }
          : { action: 'write', entity: { ...current.view(), token, lastRefresh: Date.now() } },
    })
  }
}
