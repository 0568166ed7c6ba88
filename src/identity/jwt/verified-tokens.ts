/**
 * Verifies tokens, and remembers those it has verified: a token that comes again costs a digest.
 *
 * Guarantees: remembered is only that this very token (SHA-256 of all of it) was signed with this very key. The key is looked up
 * anew each time, so a changed verifier, certificate or key set forgets by itself, and times are judged each time, so nothing
 * outlives its `exp`. Only tokens that were good are kept; number and size are bounded, the one unused longest goes first.
 */
import { hash, type KeyObject } from 'node:crypto'
import { freezeClaims, type Jws, readJws } from './jws.ts'
import { signedWith } from './signature.ts'
import { timeFault } from './times.ts'
import type { TokenKeys } from './token-keys.ts'

/** Seconds that the clocks of issuer and gateway may differ. */
export const LEEWAY = 10

export type Verification =
  | { readonly ok: true; readonly token: Jws }
  /** `keyless`: no key could be found at all, which may be the fault of the settings. */
  | { readonly ok: false; readonly fault: string; readonly keyless: boolean }

export interface VerifiedTokensLimits {
  readonly tokens: number
  /** Characters of all kept tokens. */
  readonly characters: number
}

interface Kept {
  readonly token: Jws
  readonly key: KeyObject
  readonly size: number
}

const USUAL: VerifiedTokensLimits = { tokens: 5000, characters: 4_194_304 }

export class VerifiedTokens {
  readonly #limits: VerifiedTokensLimits
  readonly #kept = new Map<string, Kept>()
  #characters = 0
  /** Signatures that had to be computed so far. */
  computed = 0

  constructor(limits: VerifiedTokensLimits = USUAL) {
    this.#limits = limits
  }

  /** Tokens kept. */
  get size(): number {
    return this.#kept.size
  }

  /** Judges signature and times of a token at `now`, epoch milliseconds. Never rejects. */
  verify(text: string, keys: TokenKeys, now: number): Verification | Promise<Verification> {
    const digest = text.length > 64 ? hash('sha256', text, 'base64') : ''
    const kept = this.#kept.get(digest)
    const token = kept?.token ?? readJws(text)
    if (token === null) return refused('it is no token that can be read')
    if (!keys.accepts(token.alg)) return refused(`the algorithm is another one`)
    const key = keys.verifying(token)
    if (key instanceof Promise) return key.then(found => this.#judge(text, digest, token, found, now))
    return this.#judge(text, digest, token, key, now)
  }

  #judge(text: string, digest: string, token: Jws, key: KeyObject | null, now: number): Verification {
    if (key === null) return refused('there is no key to verify it with', true)
    const kept = this.#kept.get(digest)
    if (kept?.key !== key) {
      this.computed++
      if (!signedWith(token, key)) return refused('the signature is wrong')
      this.#keep(digest, { token, key, size: text.length })
    } else if (this.#kept.size > 1) {
      this.#kept.delete(digest)
      this.#kept.set(digest, kept)
    }
    const fault = timeFault(token.claims, now / 1000, LEEWAY)
    if (fault === null) return { ok: true, token }
    this.#forget(digest)
    return refused(`it is ${fault}`)
  }

  #keep(digest: string, entry: Kept): void {
    if (digest === '' || entry.size > this.#limits.characters) return
    this.#forget(digest)
    freezeClaims(entry.token.claims)
    this.#kept.set(digest, entry)
    this.#characters += entry.size
    while (this.#kept.size > this.#limits.tokens || this.#characters > this.#limits.characters)
      this.#forget(this.#kept.keys().next().value!)
  }

  #forget(digest: string): void {
    const kept = this.#kept.get(digest)
    if (kept === undefined) return
    this.#kept.delete(digest)
    this.#characters -= kept.size
  }
}

function refused(fault: string, keyless = false): Verification {
  return { ok: false, fault, keyless }
}
