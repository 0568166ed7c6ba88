/**
 * What proves that a caller holds an API key: its secret, or a bearer made from it. While a key rotates, the secret to come
 * proves it as well.
 *
 * Guarantees: how long it takes to refuse does not depend on what is kept (digests of equal length are compared); an empty
 * secret proves nothing. Not decided here: whether the key is enabled, or granted on anything.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { ApikeyView } from './apikey.ts'

const PREFIX = 'otoapk_'

/** Equal texts, in a time that depends on `given` alone. */
export function sameSecret(given: string, kept: string): boolean {
  return timingSafeEqual(digestOf(given), digestOf(kept))
}

/** The same for one kept text and many given ones. */
export function secretTest(kept: string): (given: string) => boolean {
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
  const { plain, secrets } = keptOf(key)
  // Found by its hash, which nobody outside can aim at: how much of a wrong secret is right has no say in the time.
  return plain.has(secret) || (secret !== '' && matches(secret, secrets))
}

/** True when `bearer` is made from the secret of the key, or from the one to come. */
export function bearerOpens(key: ApikeyView, bearer: string): boolean {
  const kept = keptOf(key)
  kept.bearers ??= secretsOf(key).map(secret => digestOf(bearerOf(key.clientId, secret)))
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

interface Kept {
  readonly plain: ReadonlySet<string>
  readonly secrets: readonly Buffer[]
  bearers: readonly Buffer[] | null
}

/** A changed key is another view, so digests live as long as the view. */
const kept = new WeakMap<ApikeyView, Kept>()

function keptOf(key: ApikeyView): Kept {
  let digests = kept.get(key)
  if (digests === undefined) {
    const secrets = secretsOf(key)
    digests = { plain: new Set(secrets), secrets: secrets.map(digestOf), bearers: null }
    kept.set(key, digests)
  }
  return digests
}

// All are compared, so that the time does not tell which of the secrets it was.
function matches(given: string, digests: readonly Buffer[]): boolean {
  const digest = digestOf(given)
  let found = false
  for (const other of digests) found = timingSafeEqual(digest, other) || found
  return found
}

function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
