/**
 * Verifies tokens, and remembers those it has verified: a token that comes again costs a look into a map.
 *
 * Guarantees: remembered is only that this very token (all of its text) was signed with this very key. The key is looked up
 * anew each time, so a changed verifier, certificate or key set forgets by itself, and times are judged each time, so nothing
 * outlives its `exp`. Only tokens that were good are kept; number and size are bounded, the one unused longest goes first.
 */
import type { KeyObject } from 'node:crypto'
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
  /** A copy: what a request brings is mostly a piece of its head, which would be kept with it. */
  readonly text: string
  readonly token: Jws
  readonly key: KeyObject
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
  verify(given: string, keys: TokenKeys, now: number): Verification | Promise<Verification> {
    const kept = this.#kept.get(given)
    const text = kept?.text ?? Buffer.from(given).toString()
    const token = kept?.token ?? readJws(text)
    if (token === null) return refused('it is no token that can be read')
    if (!keys.accepts(token.alg)) return refused(`the algorithm is another one`)
    const key = keys.verifying(token)
    if (key instanceof Promise) return key.then(found => this.#judge(text, token, found, now))
    return this.#judge(text, token, key, now)
  }

  #judge(text: string, token: Jws, key: KeyObject | null, now: number): Verification {
    if (key === null) return refused('there is no key to verify it with', true)
    const kept = this.#kept.get(text)
    if (kept?.key !== key) {
      this.computed++
      if (!signedWith(token, key)) return refused('the signature is wrong')
      this.#keep({ text, token, key })
    } else if (this.#kept.size > 1) {
      this.#kept.delete(text)
      this.#kept.set(text, kept)
    }
    const fault = timeFault(token.claims, now / 1000, LEEWAY)
    if (fault === null) return { ok: true, token }
    this.#forget(text)
    return refused(`it is ${fault}`)
  }

  #keep(entry: Kept): void {
    const { text, token } = entry
    if (text.length > this.#limits.characters) return
    this.#forget(text)
    freezeClaims(token.claims)
    this.#kept.set(text, entry)
    this.#characters += text.length
    while (this.#kept.size > this.#limits.tokens || this.#characters > this.#limits.characters)
      this.#forget(this.#kept.keys().next().value!)
  }

  #forget(text: string): void {
    const kept = this.#kept.get(text)
    if (kept === undefined) return
    this.#kept.delete(text)
    this.#characters -= text.length
  }
}

function refused(fault: string, keyless = false): Verification {
  return { ok: false, fault, keyless }
}
