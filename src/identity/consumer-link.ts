/**
 * Links that lead a backend to what the gateway knows of a caller (info token of version `Url`).
 *
 * Guarantees: a link is good for the time it was made for; what it names is read by nobody without the secret of the gateway;
 * the two halves of a link belong together. Whoever holds a link may follow it, as upstream.
 */
import { createSecretKey, type KeyObject, randomInt } from 'node:crypto'
import { readJws, textClaim } from './jwt/jws.ts'
import { secretSigned } from './jwt/signature.ts'
import { signToken } from './jwt/signing.ts'
import { timeFault } from './jwt/times.ts'
import { sameSecret } from './proofs.ts'
import { type LegacyCipher, legacyCipher } from './seal.ts'

export type ConsumerKind = 'apikey' | 'user' | 'public'

/** Whom a link leads to. `id`: client id of a key, session of a user, `--` for nobody. */
export interface Consumer {
  readonly kind: ConsumerKind
  readonly id: string
}

/** Path of the links. */
export const CONSUMERS = '/.well-known/otoroshi/consumers/'

/** Seconds that clocks may differ. */
const LEEWAY = 10
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const KINDS: ReadonlySet<string> = new Set(['apikey', 'user'])

export class ConsumerLinks {
  readonly #secret: string
  readonly #key: KeyObject
  readonly #cipher: LegacyCipher

  /** `secret`: setting `otoroshi.secret`. */
  constructor(secret: string) {
    this.#secret = secret
    this.#key = createSecretKey(Buffer.from(secret))
    this.#cipher = legacyCipher(secret)
  }

  /** The link, good for `ttl` seconds from `now` (seconds) on. `origin`: scheme, host and port of the gateway. */
  make(origin: string, { kind, id }: Consumer, ttl: number, now: number): string {
    let random = ''
    while (random.length < 16) random += ALPHABET[randomInt(ALPHABET.length)]
    const token = signToken(
      { alg: 'HS256', key: this.#key, kid: null },
      { k: kind, i: this.#cipher.seal(id), r: this.#cipher.seal(random), iat: now, exp: now + ttl },
    )
    return `${origin}${CONSUMERS}${random}?t=${token}`
  }

  /** Whom a link leads to at `now` (seconds); null for nobody, or a link that was not made here or is too old. */
  read(random: string, token: string, now: number): Consumer | null {
    const jws = readJws(token)
    if (jws === null || jws.alg !== 'HS256' || !secretSigned(jws, this.#secret)) return null
    const { claims } = jws
    if (typeof claims['exp'] !== 'number' || timeFault(claims, now, LEEWAY) !== null) return null
    const kind = textClaim(claims, 'k')
    const id = this.#opened(textClaim(claims, 'i'))
    const other = this.#opened(textClaim(claims, 'r'))
    if (kind === null || !KINDS.has(kind) || id === null || other === null) return null
    return sameSecret(random, other) ? { kind: kind as ConsumerKind, id } : null
  }

  #opened(sealed: string | null): string | null {
    return sealed === null ? null : this.#cipher.unseal(sealed)
  }
}
