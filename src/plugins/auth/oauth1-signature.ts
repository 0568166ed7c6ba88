/** Signatures of OAuth 1.0 requests (RFC 5849, 3.4). */
import { createHmac } from 'node:crypto'

/** Names of settings → hash. */
export const oauth1Hashes = {
  'HMAC-SHA1': 'sha1',
  'HMAC-SHA256': 'sha256',
  'HMAC-SHA384': 'sha384',
  'HMAC-SHA512': 'sha512',
} as const

export type Oauth1Method = keyof typeof oauth1Hashes | 'PLAINTEXT'

export type Parameter = readonly [name: string, value: string]

/** RFC 5849, 3.6: everything but the unreserved characters of RFC 3986. */
export function oauthEncoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** Decoded parameters of a query or a form. */
export function parametersOf(encoded: string): Parameter[] {
  return [...new URLSearchParams(encoded)]
}

/** RFC 5849, 3.4.1. `uri`: scheme, host and path, without query. */
export function signatureBase(method: string, uri: string, parameters: readonly Parameter[]): string {
  const pairs = parameters
    .map(([name, value]) => [oauthEncoded(name), oauthEncoded(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? order(x, y) : order(a, b)))
  const normalized = pairs.map(([name, value]) => `${name}=${value}`).join('&')
  return [method.toUpperCase(), uri, normalized].map(oauthEncoded).join('&')
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** RFC 5849, 3.4.2 and 3.4.4, with the longer hashes as well. */
export function oauth1Signature(
  method: Oauth1Method,
  base: string,
  consumerSecret: string,
  tokenSecret: string,
): string {
  const key = `${oauthEncoded(consumerSecret)}&${oauthEncoded(tokenSecret)}`
  return method === 'PLAINTEXT' ? key : createHmac(oauth1Hashes[method], key).update(base).digest('base64')
}

/** RFC 5849, 3.4.1.2: scheme and host in lower case, no default port. */
export function baseUri(scheme: 'http' | 'https', host: string, path: string): string {
  const bare = host.toLowerCase().replace(scheme === 'https' ? /:443$/ : /:80$/, '')
  return `${scheme}://${bare}${path}`
}
