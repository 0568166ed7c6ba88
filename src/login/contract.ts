/**
 * What an auth module does for a login: one file per type under `providers/`, found in their list, judged by one suite
 * (`testing/provider-suite.ts`).
 *
 * A provider makes users known; it decides nothing else. Whether a user may in, sessions, cookies, links, states, tokens that
 * count once, and the damping of guessing belong to the flow around it and are the same for all.
 */
import type { AuthModuleView } from '../identity/auth-module.ts'
import type { UserView } from '../identity/user.ts'
import type { AdminSession } from '../model/kinds/admin-session.ts'
import type { OutgoingCalls } from '../plugin/outgoing-calls.ts'
import type { Attempts } from '../identity/attempts.ts'
import type { Passwords } from './bcrypt/passwords.ts'
import type { LoginRequest } from './request.ts'
import type { Reply } from './reply.ts'

/** Who is let in: a user of a route, or an administrator of the gateway. */
export type LoginSide = 'user' | 'admin'

/** What a module tells of somebody. Everything of it ends up in his session. */
export interface Identity {
  readonly name: string
  readonly email: string
  readonly profile: Readonly<Record<string, unknown>>
  /** Answer of a token endpoint; empty when there is none. */
  readonly token: Readonly<Record<string, unknown>>
  /** What backends are told of a user. */
  readonly otoroshiData: Readonly<Record<string, unknown>> | null
  readonly tags: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
  /** Rights of an administrator; null: none. */
  readonly rights: unknown
  readonly adminEntityValidators: Readonly<Record<string, unknown>>
}

/** One visit of somebody who logs in. */
export interface LoginVisit {
  readonly side: LoginSide
  readonly request: LoginRequest
  /** What one logs in to, for people: the name of a route. */
  readonly label: string
  /** Scheme, host, port and path where the module is called back, with the parameters that upstream's links carry. */
  readonly callback: URL
  /** The state of the flow, sealed, to be handed back as `state`, `token` or `RelayState`; `own`: what the module needs then. */
  state(own?: Readonly<Record<string, unknown>>): string
  /** In `callback`: what the module gave to `state`. */
  readonly own: Readonly<Record<string, unknown>>
  /** Value of a nonce for a content security policy that lets the styles and scripts of the page in. */
  readonly nonce: string
}

export type LoginOutcome =
  | { readonly kind: 'identity'; readonly identity: Identity }
  /** `display`: for the user; no word about whether the name exists. `detail`: for the log. */
  | { readonly kind: 'refused'; readonly display: string; readonly detail: string }
  /** One more page before it is decided. */
  | { readonly kind: 'page'; readonly reply: Reply }

export interface LoginProvider {
  /** The page where it begins, or the way to the identity provider; who shows who he is unasked is known at once. */
  loginPage(visit: LoginVisit): Promise<LoginOutcome>
  /** A form was sent or the identity provider calls back. */
  callback(visit: LoginVisit): Promise<LoginOutcome>
  /** Where the identity provider ends its own session, `${redirect}` standing for the way back; null: nowhere. */
  logout(session: UserView | AdminSession): Promise<string | null>
  /** Fresh tokens for a session, null when they are fresh enough. Rejects when the provider refuses. */
  refresh?(session: UserView): Promise<Readonly<Record<string, unknown>> | null>
  /** Who has this name and password, without a page; null when nobody. */
  checkPassword?(username: string, password: string): Promise<Identity | null>
  /** Whether what the module asks can be asked with its settings. Rejects with what is wrong, for administrators. */
  probe?(): Promise<void>
}

/** PEM texts of a stored certificate, and the organization it belongs to. */
export interface StoredCertificate {
  readonly chain: string
  readonly privateKey: string
  /** Of the private key; null or absent: it is not encrypted. */
  readonly passphrase?: string | null
  readonly tenant: string
}

/** What providers may use. */
export interface ProviderServices {
  readonly passwords: Passwords
  readonly attempts: Attempts
  readonly calls: OutgoingCalls
  /** Null when there is none of this id, or it is revoked, not valid now or unreadable. */
  certificate(id: string): StoredCertificate | null
  log(level: 'info' | 'warn' | 'error', message: string): void
}

/** Makes the provider of a module. May throw: the module then lets nobody in. */
export type ProviderOf = (module: AuthModuleView, services: ProviderServices) => LoginProvider
