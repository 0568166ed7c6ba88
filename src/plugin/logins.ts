/** What plugins may know of logged-in users and of the way to the login. */
import type { Attempts } from '../identity/attempts.ts'
import type { AuthModuleView } from '../identity/auth-module.ts'
import type { UserView } from '../identity/user.ts'

export interface Logins {
  /** The session of this id while it lasts; null otherwise, or when it was ended. */
  session(id: string): UserView | null
  /** Null when no module has this id, or it is not valid. */
  module(id: string): AuthModuleView | null
  /** Hexadecimal HMAC-SHA256, as links to logins and session ids carry it. */
  sign(text: string): string
  /** The session id in `sign(id)::id`, or null when the signature is not ours. */
  idIn(text: string): string | null
  /** Scheme, host and port of the login pages; `host`: that of the request, whose port counts when no other is known. */
  origin(host: string): string
  /** Setting `otoroshi.options.allowRedirectQueryParamOnLogin`. */
  readonly allowRedirectParameter: boolean
  /**
   * Asks a module whether a name and a password are those of one of its users. Bounded in time and in number; `from`: address
   * of the client, for whoever counts failures.
   */
  checkPassword(module: string, username: string, password: string, from: string): Promise<PasswordVerdict>
  /** Whether a password is that of a bcrypt hash. Bounded and counted as `checkPassword`. */
  passwordMatches(question: HashQuestion): Promise<HashVerdict>
  /** Failures of this thread, for plugins that compare passwords themselves. */
  readonly attempts: Attempts
}

export interface HashQuestion {
  /** What tells equal names apart: id of a route. */
  readonly realm: string
  readonly username: string
  readonly password: string
  readonly hash: string
  /** Address of the client. */
  readonly from: string
}

export type HashVerdict =
  | { readonly kind: 'matches' }
  | { readonly kind: 'refused' }
  /** As in `PasswordVerdict`. */
  | { readonly kind: 'wait'; readonly seconds: number }

export type PasswordVerdict =
  | { readonly kind: 'user'; readonly user: UserView }
  /** Wrong, unknown, or not allowed in. */
  | { readonly kind: 'refused' }
  /** Too many failures, or too many at once: seconds until it is worth trying again. */
  | { readonly kind: 'wait'; readonly seconds: number }
  /** The module is gone, or not of a type that has passwords. */
  | { readonly kind: 'no-passwords' }
