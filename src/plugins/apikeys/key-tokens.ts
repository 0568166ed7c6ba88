/**
 * Tokens that are given out for API keys (JSON Web Tokens).
 *
 * Guarantees: a token stands for its key and for nothing more, so it opens the routes the key is granted on and ends with the
 * key; it is signed with a pair that exists to sign tokens and belongs to the organization of the key, or to the gateway, and
 * with the secret of the key when there is none.
 */
import { createSecretKey, type KeyObject, randomUUID } from 'node:crypto'
import type { ApikeyView } from '../../identity/apikey.ts'
import { type SigningKey, signToken } from '../../identity/jwt/signing.ts'
import type { KeyPairSource } from '../../plugin/index.ts'
import { pairOf, signsForAll } from './token-rules.ts'

export interface TokenContent {
  /** Scheme and host of who gives it out. */
  readonly issuer: string
  readonly audience: string
  /** Scopes with spaces between; null for none. */
  readonly scope: string | null
  /** Epoch milliseconds. */
  readonly now: number
  /** Seconds. */
  readonly lifetime: number
}

/** The token of a key. `usual`: id of the key pair that signs for keys which name none. */
export function tokenFor(
  key: ApikeyView,
  pairs: KeyPairSource,
  usual: string,
  content: TokenContent,
): string {
  const signing = signingFor(key, pairs, usual)
  const { issuer, audience, scope, now, lifetime } = content
  const issued = Math.floor(now / 1000)
  return signToken(signing, {
    jti: randomUUID(),
    exp: issued + lifetime,
    iat: issued,
    nbf: issued,
    cid: key.clientId,
    sub: key.clientId,
    iss: issuer,
    aud: audience,
    ...(signing.kid !== null && { kid: signing.kid }),
    ...(scope !== null && { scope }),
  })
}

function signingFor(key: ApikeyView, pairs: KeyPairSource, usual: string): SigningKey {
  const kid = pairOf(key) ?? usual
  const pair = pairs.find(kid)
  // A key that anybody may write must not make the pair of somebody else sign.
  const own = pair !== null && signsForAll(kid, pair, key) ? pairs.signingKey(kid, pair.tenant) : null
  const alg = own === null ? null : algorithmOf(own)
  if (own !== null && alg !== null) return { alg, key: own, kid }
  return { alg: 'HS512', key: createSecretKey(Buffer.from(key.clientSecret)), kid: null }
}

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
}

/** The algorithm for a key of a pair, of those that API keys are accepted with; null when it fits none. */
export function algorithmOf(key: KeyObject): string | null {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'rsa') return (details?.modulusLength ?? 0) >= 2048 ? 'RS256' : null
  return type === 'ec' ? (CURVES[details?.namedCurve ?? ''] ?? null) : null
}
