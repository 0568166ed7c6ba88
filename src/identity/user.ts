/**
 * A logged-in user as whoever serves a request sees him: a session, read-only.
 *
 * Guarantees: nothing is decided from a session that is not valid; a session that says no end has ended; the parsed entity is
 * shared and never changed. Not done here: looking sessions up, making them, judging which module opens what.
 */
import {
  type AuthModuleUser,
  authModuleUser as userKind,
  authModuleUserSchema,
} from '../model/kinds/auth-module-user.ts'
import { fill } from '../model/fill.ts'
import { readEntityText } from '../model/read.ts'
import { isObject } from '../model/types/shape.ts'

/** What attributes hold under `userAttribute`. Fits `ExpressionUser`. */
export interface UserView {
  /** Id of the session; empty for a user who has none (basic credentials). */
  readonly id: string
  readonly name: string
  readonly email: string
  /** End of the cookie's name: `basic-auth-<module>`. */
  readonly realm: string
  /** Auth module the user came through. */
  readonly authConfigId: string
  /** What the identity provider tells. */
  readonly profile: Readonly<Record<string, unknown>>
  /** Answer of the token endpoint of the identity provider; empty for other modules. Secret. */
  readonly token: Readonly<Record<string, unknown>>
  /** The same, as expressions name it. */
  readonly tokens: Readonly<Record<string, unknown>>
  /** What backends are told of the user, or null. */
  readonly otoroshiData: unknown
  /** The same, as expressions and the light form name it. */
  readonly metadata: unknown
  readonly tags: readonly string[]
  /** Metadata and organization of the session: those of its module. */
  readonly sessionMetadata: Readonly<Record<string, string>>
  readonly tenant: string
  /** Epoch milliseconds. */
  readonly createdAt: number
  readonly expiredAt: number
  /** The light form. */
  readonly json: LightUser
  /** The whole session, tokens of the provider included. */
  readonly entity: Readonly<AuthModuleUser>
  /** True while the session lasts at `now`, epoch milliseconds. */
  usableAt(now: number): boolean
  /** What backends and events may see: no tokens, no session id. */
  light(): LightUser
}

export interface LightUser {
  readonly name: string
  readonly email: string
  readonly profile: Readonly<Record<string, unknown>>
  readonly metadata: unknown
  readonly tags: readonly string[]
}

/** Reads the stored text of a session. Null when it is not valid, or not the session of this id. */
export function readUser(text: string, id: string): UserView | null {
  const parsed = readEntityText(userKind, text)
  return parsed.ok && parsed.value.randomId === id ? viewUser(parsed.value) : null
}

/** The view of a validated session, which must not change afterwards. */
export function viewUser(entity: AuthModuleUser): UserView {
  return new SessionUser(entity)
}

/** A user without a session, for credentials that come with each request. Missing fields take the defaults of the kind. */
export function passingUser(fields: Readonly<Record<string, unknown>>): UserView {
  return viewUser({ ...fill(authModuleUserSchema, { ...fields, randomId: 'none' }), randomId: '' })
}

class SessionUser implements UserView {
  readonly entity: Readonly<AuthModuleUser>
  #light: LightUser | null = null

  constructor(entity: AuthModuleUser) {
    this.entity = entity
  }

  get id(): string {
    return this.entity.randomId
  }

  get name(): string {
    return this.entity.name ?? ''
  }

  get email(): string {
    return this.entity.email ?? ''
  }

  get realm(): string {
    return this.entity.realm ?? ''
  }

  get authConfigId(): string {
    return this.entity.authConfigId ?? ''
  }

  get profile(): Readonly<Record<string, unknown>> {
    return objectOf(this.entity.profile)
  }

  get token(): Readonly<Record<string, unknown>> {
    return objectOf(this.entity.token)
  }

  get tokens(): Readonly<Record<string, unknown>> {
    return this.token
  }

  get otoroshiData(): unknown {
    return this.entity.otoroshiData
  }

  get metadata(): unknown {
    return this.entity.otoroshiData
  }

  get tags(): readonly string[] {
    return this.entity.tags
  }

  get sessionMetadata(): Readonly<Record<string, string>> {
    return this.entity.metadata
  }

  get tenant(): string {
    return this.entity._loc.tenant
  }

  get createdAt(): number {
    return this.entity.createdAt ?? 0
  }

  get expiredAt(): number {
    return this.entity.expiredAt ?? 0
  }

  get json(): LightUser {
    return this.light()
  }

  usableAt(now: number): boolean {
    return now < this.expiredAt
  }

  light(): LightUser {
    const { name, email, profile, otoroshiData, tags } = this
    this.#light ??= { name, email, profile, metadata: otoroshiData, tags }
    return this.#light
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {}
}
