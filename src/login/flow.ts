/**
 * The state of a login between its pages: sealed, in the hands of the browser, so that any instance goes on with it and nobody
 * fills the store by opening login pages.
 *
 * Guarantees: it is opened for the browser that began it, for a quarter of an hour, and counts once (`Once`).
 */
import { createHash, randomBytes } from 'node:crypto'
import { Seal } from '../identity/seal.ts'
import type { LoginSide } from './contract.ts'

/** Milliseconds a login may take. */
export const LOGIN_TIME = 15 * 60_000
/** Milliseconds the link that ends a login is good. */
const LINK_TIME = 60_000

export interface LoginFlow {
  readonly side: LoginSide
  /** Auth module; empty for local administrators. */
  readonly module: string
  /** Route the user wants to; empty for administrators. */
  readonly route: string
  /** Where he goes then: checked before it came here. */
  readonly to: string
  /** Digest of the secret that his browser holds on the host of the login. */
  readonly browser: string
  /** Digest of the one that it holds on the host of the route; empty when the login was not begun there. */
  readonly start: string
  /** Told apart from others, to count once. */
  readonly nonce: string
  /** What the module keeps. */
  readonly own: Readonly<Record<string, unknown>>
}

/** What the link that ends a login carries to the host of the route. */
export interface Handover {
  readonly session: string
  readonly module: string
  readonly to: string
  readonly start: string
  readonly nonce: string
}

export class Flows {
  readonly #states: Seal
  readonly #links: Seal
  readonly #now: () => number

  constructor(secret: string, now: () => number = Date.now) {
    this.#states = new Seal(secret, 'login state')
    this.#links = new Seal(secret, 'login link')
    this.#now = now
  }

  seal(flow: LoginFlow): string {
    return this.#states.close(flow, this.#now() + LOGIN_TIME)
  }

  /** Null for what is not ours, too old, or belongs to another browser (`secret`: what this one holds). */
  open(text: string, secret: string | undefined): LoginFlow | null {
    const flow = this.#states.open(text, this.#now()) as LoginFlow | null
    return flow !== null && secret !== undefined && flow.browser === digest(secret) ? flow : null
  }

  sealLink(handover: Omit<Handover, 'nonce'>): string {
    return this.#links.close({ ...handover, nonce: newNonce() }, this.#now() + LINK_TIME)
  }

  openLink(text: string): Handover | null {
    return this.#links.open(text, this.#now()) as Handover | null
  }
}

export function newNonce(): string {
  return randomBytes(16).toString('base64url')
}

/** A secret for a browser to hold. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** True for a secret of ours, as far as its form tells. */
export function isSecret(text: string | undefined): text is string {
  return text !== undefined && /^[A-Za-z0-9_-]{43}$/.test(text)
}

/** What is told of a secret. */
export function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
