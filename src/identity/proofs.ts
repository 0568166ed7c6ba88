/**
 * What proves that a caller holds an API key: its secret, or a bearer made from it. While a key rotates, the secret to come
 * proves it as well.
 *
 * Guarantees: how long it takes to refuse does not depend on how much of what is kept was right (see `secretTest`); an empty
 * secret proves nothing. Not decided here: whether the key is enabled, or granted on anything.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { ApikeyView } from './apikey.ts'

const PREFIX = 'otoapk_'

/** Characters up to which all of a text goes into the hash that the engine keeps with it. */
const HASHED = 16_000

/** Equal texts, in a time that says nothing of `kept`. */
export function sameSecret(given: string, kept: string): boolean {
  return secretTest(kept)(given)
}

/**
 * The same for one kept text and many given ones. A short text is found in a set by its hash, whose seed nobody outside knows: texts
 * are compared only when their hashes are equal, so how much of a wrong one is right has no say in the time. Of long ones digests are
 * compared.
 */
export function secretTest(kept: string): (given: string) => boolean {
  if (kept.length <= HASHED) {
    const set = new Set([kept])
    return given => set.has(given)
  }
  const digest = digestOf(kept)
  return given => timingSafeEqual(digestOf(given), digest)
}

/** A header field that only one program of this process knows how to fill. */
export interface TokenField {
  readonly header: string
  readonly value: string
}

/** True when a message with these fields carries the token. */
export function carriesToken(
  headers: { get(lowerCaseName: string): string | undefined },
  { header, value }: TokenField,
): boolean {
  const given = headers.get(header.toLowerCase())
  return given !== undefined && sameSecret(given, value)
}

/** True when `secret` is that of the key, or the one to come. */
export function secretOpens(key: ApikeyView, secret: string): boolean {
  return matches(secret, keptOf(key).secrets)
}

/** True when `bearer` is made from the secret of the key, or from the one to come. */
export function bearerOpens(key: ApikeyView, bearer: string): boolean {
  const kept = keptOf(key)
  kept.bearers ??= secretsOf(key).map(secret => secretTest(bearerOf(key.clientId, secret)))
  return matches(bearer, kept.bearers)
}

/** The bearer of a key: `otoapk_<clientId>_<HMAC-SHA256 of what stands before, by the secret, in hexadecimal>`. */
export function bearerOf(clientId: string, secret: string): string {
  const head = PREFIX + clientId
  return `${head}_${createHmac('sha256', secret).update(head).digest('hex')}`
}

/** The client id a bearer names; null when the text is no bearer. */
export function clientIdOfBearer(text: string): string | null {
  if (!text.startsWith(PREFIX)) return null
  const end = text.lastIndexOf('_')
  return end > PREFIX.length ? text.slice(PREFIX.length, end) : null
}

/** Secrets that open a key now. */
export function secretsOf(key: ApikeyView): readonly string[] {
  const { clientSecret, nextSecret } = key
  return [clientSecret, nextSecret].filter(secret => secret !== null && secret !== '') as string[]
}

type Test = (given: string) => boolean

interface Kept {
  readonly secrets: readonly Test[]
  bearers: readonly Test[] | null
}

/** A changed key is another view, so tests live as long as the view. */
const kept = new WeakMap<ApikeyView, Kept>()

function keptOf(key: ApikeyView): Kept {
  let tests = kept.get(key)
  if (tests === undefined) {
    tests = { secrets: secretsOf(key).map(secretTest), bearers: null }
    kept.set(key, tests)
  }
  return tests
}

// All are asked, so that the time does not tell which of the secrets it was.
function matches(given: string, tests: readonly Test[]): boolean {
  let found = false
  for (const test of tests) found = test(given) || found
  return found
}

function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
