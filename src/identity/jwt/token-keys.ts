/** The keys that some settings lead to: which one must have signed a token, and what new tokens are signed with. */
import type { KeyObject } from 'node:crypto'
import type { SigningKey } from './signing.ts'

/** What a token says of its key. */
export interface KeyHint {
  readonly alg: string
  readonly kid: string | null
}

export interface TokenKeys {
  /** Whether tokens may be signed in this way at all: a closed list, whatever keys there are. */
  accepts(alg: string): boolean
  /**
   * The key that must have signed the token; null when there is none. A promise only when keys must be fetched first. The same
   * object as long as it is the same key. Never rejects.
   */
  verifying(hint: KeyHint): KeyObject | null | Promise<KeyObject | null>
  /** Null: these settings cannot sign. */
  signing(): SigningKey | null
}

/** Settings that lead nowhere. */
export const noKeys: TokenKeys = { accepts: () => false, verifying: () => null, signing: () => null }
