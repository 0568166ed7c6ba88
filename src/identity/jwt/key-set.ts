/** A set of public keys as a server publishes it (RFC 7517, 5). */
import type { KeyObject } from 'node:crypto'
import { type PublicJwk, readPublicJwk, verifiesWith } from './jwk.ts'
import type { KeyHint } from './token-keys.ts'

/** Keys of a set that are looked at; those behind are left out. */
const MOST_KEYS = 200

export class KeySet {
  readonly keys: readonly PublicJwk[]
  readonly #named = new Map<string, PublicJwk[]>()

  constructor(keys: readonly PublicJwk[]) {
    this.keys = keys
    for (const key of keys) {
      if (key.kid === null) continue
      const others = this.#named.get(key.kid)
      if (others === undefined) this.#named.set(key.kid, [key])
      else others.push(key)
    }
  }

  /** The key a token names, if it verifies tokens of that kind: one made for the algorithm before one for any. */
  find({ alg, kid }: KeyHint, kty: string): KeyObject | null {
    const named = kid === null ? undefined : this.#named.get(kid)
    const fitting = named?.filter(key => key.kty === kty && verifiesWith(key, alg)) ?? []
    return (fitting.find(key => key.alg !== null) ?? fitting[0])?.key ?? null
  }

  /** The same set, with the key objects of `before` where keys did not change: what was verified with them stays so. */
  keeping(before: KeySet | null): KeySet {
    if (before === null) return this
    return new KeySet(this.keys.map(now => before.keys.find(old => isSame(old, now)) ?? now))
  }
}

function isSame(one: PublicJwk, other: PublicJwk): boolean {
  return one.kid === other.kid && one.alg === other.alg && one.key.equals(other.key)
}

/** Reads a set; null when it is none. Keys that cannot be used are left out (RFC 7517, 5). */
export function readKeySet(text: string): KeySet | null {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return null
  }
  const list: unknown = typeof json === 'object' && json !== null ? (json as { keys?: unknown }).keys : null
  if (!Array.isArray(list)) return null
  return new KeySet(
    list
      .slice(0, MOST_KEYS)
      .map(readPublicJwk)
      .filter(key => key !== null),
  )
}
