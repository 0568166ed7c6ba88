/** An auth module as whoever serves a request sees it. Nothing is decided from an entity that is not valid. */
import { type AuthModule, authModule as moduleKind } from '../model/kinds/auth-module.ts'
import { readEntityText } from '../model/read.ts'
import { isObject } from '../model/types/shape.ts'

export interface AuthModuleView {
  readonly id: string
  readonly name: string
  readonly type: string
  /** End of the name of its session cookie, and realm of its users. */
  readonly suffix: string
  /** Name of its session cookie. */
  readonly cookie: string
  readonly tenant: string
  /** The whole entity, secrets included. */
  readonly json: Readonly<AuthModule>
}

/** Type → what its cookies begin with. One of a plugin takes its own name. OAuth 1 has that of LDAP: as upstream. */
const PREFIXES: ReadonlyMap<string, string> = new Map([
  ['basic', 'basic-auth'],
  ['ldap', 'ldap-auth'],
  ['oauth2', 'global-oauth'],
  ['oauth2-global', 'global-oauth'],
  ['oauth1', 'ldap-auth'],
  ['saml', 'saml-auth'],
  ['wasm', 'wasm-auth'],
  ['workflow', 'workflow-auth'],
])

/** Reads the stored text of a module. Null when it is not valid: such a module lets nobody in. */
export function readAuthModule(text: string): AuthModuleView | null {
  const parsed = readEntityText(moduleKind, text)
  return parsed.ok ? viewAuthModule(parsed.value) : null
}

/** The view of a validated entity, which must not change afterwards. */
export function viewAuthModule(json: Readonly<AuthModule>): AuthModuleView {
  const { id, name, type } = json
  const suffix = `${PREFIXES.get(type) ?? `${type}-auth`}-${id}`
  return { id, name, type, suffix, cookie: sessionCookie(suffix), tenant: json._loc.tenant, json }
}

/** Name of the session cookie of a module: what is no token (RFC 9110, 5.6.2) stands as `_`. */
export function sessionCookie(suffix: string): string {
  return `oto-papps-${suffix.replace(/[^!#$%&'*+.^_`|~0-9A-Za-z-]/g, '_')}`
}

/** A user who stands in a module. */
type StoredUser = Readonly<Record<string, unknown>>
const members = new WeakMap<AuthModuleView, ReadonlyMap<unknown, StoredUser>>()

/** False for who is no user of a module (any more) that has its users itself; the others know theirs elsewhere. */
export function mayHaveUser(module: AuthModuleView, email: string | null): boolean {
  return module.type !== 'basic' || storedUser(module, email) !== null
}

/** A user that a module of type `basic` has; null where there is none. */
export function storedUser(module: AuthModuleView, email: string | null): StoredUser | null {
  if (module.type !== 'basic') return null
  let known = members.get(module)
  if (known === undefined) {
    const { users } = module.json as { readonly users?: unknown }
    const list = Array.isArray(users) ? users.filter(isObject) : []
    known = new Map(list.map(user => [user['email'], user]))
    members.set(module, known)
  }
  return known.get(email) ?? null
}
