/**
 * Sessions of users and of administrators: entities like others, so that they are shared by threads and instances, listed and
 * ended over the admin API, and gone from the store when they are over.
 *
 * Guarantees: a session has an id of its own that nobody can guess and that is made after the login; it is durable and served
 * when `begin` resolves.
 */
import { randomToken } from '../model/ids.ts'
import type { ControlPlane } from '../control/control-plane.ts'
import type { AuthModuleView } from '../identity/auth-module.ts'
import { readUser, type UserView } from '../identity/user.ts'
import type { EntityDefinition } from '../model/entity.ts'
import { type AdminSession, adminSession } from '../model/kinds/admin-session.ts'
import { authModuleUser } from '../model/kinds/auth-module-user.ts'
import { readEntityText } from '../model/read.ts'
import type { Identity } from './contract.ts'

/** Characters of an id: some 380 bits. */
const ID_LENGTH = 64
/** Sessions looked at in one turn of the event loop. */
const AT_ONCE = 2_000

const users = authModuleUser as EntityDefinition
const admins = adminSession as EntityDefinition

/** How long a session of a module lasts, seconds. */
export function lifeOf({ json }: AuthModuleView): number {
  return json.sessionMaxAge > 0 ? json.sessionMaxAge : 86_400
}

export class Sessions {
  readonly #control: ControlPlane
  readonly #now: () => number

  constructor(control: ControlPlane, now: () => number = Date.now) {
    this.#control = control
    this.#now = now
  }

  /** The user a module made known, with no id yet: what validators look at. */
  userOf(identity: Identity, module: AuthModuleView): Record<string, unknown> {
    const { name, email, profile, token, otoroshiData, tags, metadata } = identity
    return {
      _loc: module.json._loc,
      randomId: randomToken(ID_LENGTH),
      name,
      email,
      authConfigId: module.id,
      profile,
      token,
      realm: module.suffix,
      otoroshiData,
      ...this.#times(lifeOf(module) * 1000),
      metadata: { ...module.json.metadata, ...metadata },
      tags: [...new Set([...module.json.tags, ...tags])],
    }
  }

  /** `module` null: a local administrator. `life`: milliseconds. */
  adminOf(identity: Identity, module: AuthModuleView | null, life: number): Record<string, unknown> {
    const { name, email, profile, tags, metadata, rights, adminEntityValidators } = identity
    return {
      ...(module !== null && { _loc: module.json._loc }),
      randomId: randomToken(ID_LENGTH),
      name,
      email,
      authConfigId: module?.id ?? 'none',
      profile,
      // The tokens of the provider are of no use to the console, and worth stealing.
      token: {},
      simpleLogin: module === null,
      ...this.#times(life),
      metadata,
      tags,
      rights,
      adminEntityValidators,
    }
  }

  #times(life: number) {
    const now = this.#now()
    return { createdAt: now, expiredAt: now + life, lastRefresh: now }
  }

  async beginUser(session: Record<string, unknown>): Promise<string> {
    return this.#begin(users, session)
  }

  async beginAdmin(session: Record<string, unknown>): Promise<string> {
    return this.#begin(admins, session)
  }

  async #begin(definition: EntityDefinition, session: Record<string, unknown>): Promise<string> {
    const id = String(session['randomId'])
    await this.#control.change({ definition, id, transition: () => ({ action: 'write', entity: session }) })
    return id
  }

  /** The session while it lasts. One that another instance has just made is looked up in the store. */
  async user(id: string): Promise<UserView | null> {
    const text = await this.#text(users, id)
    const view = text === null ? null : readUser(text, id)
    return view?.usableAt(this.#now()) === true ? view : null
  }

  async admin(id: string): Promise<AdminSession | null> {
    const text = await this.#text(admins, id)
    const parsed = text === null ? null : readEntityText(adminSession, text)
    if (parsed?.ok !== true || parsed.value.randomId !== id) return null
    return this.#now() < (parsed.value.expiredAt ?? 0) ? parsed.value : null
  }

  async #text(definition: EntityDefinition, id: string): Promise<string | null> {
    if (!/^[A-Za-z0-9_-]{1,128}$/.test(id)) return null
    const known = this.#control.get(definition, id)
    return known?.json ?? (await this.#control.stored.get(definition, id))?.json ?? null
  }

  endUser(id: string): Promise<void> {
    return this.#end(users, id)
  }

  endAdmin(id: string): Promise<void> {
    return this.#end(admins, id)
  }

  async #end(definition: EntityDefinition, id: string): Promise<void> {
    await this.#control.change({
      definition,
      id,
      transition: current => (current === null ? { action: 'keep' } : { action: 'remove' }),
    })
  }

  /** Removes sessions that are over: an embedded store forgets them, the memory of the process does not. */
  async sweep(): Promise<void> {
    for (const definition of [users, admins]) {
      const over: string[] = []
      let looked = 0
      for (const { id, json } of this.#control.list(definition)) {
        if (endOf(json) <= this.#now()) over.push(id)
        if (++looked % AT_ONCE === 0) await new Promise(resolve => setImmediate(resolve))
      }
      for (let at = 0; at < over.length; at += 500)
        await Promise.all(over.slice(at, at + 500).map(id => this.#end(definition, id)))
    }
  }
}

const END = '"expiredAt":'

// Read without parsing: there may be very many. The last one is that of the session: what a provider told stands before it.
function endOf(json: string): number {
  const at = json.lastIndexOf(END)
  const end = at < 0 ? Number.NaN : Number.parseInt(json.slice(at + END.length, at + END.length + 20), 10)
  return Number.isNaN(end) ? Number.POSITIVE_INFINITY : end
}
