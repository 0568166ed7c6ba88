/**
 * What a JWT must fulfil to stand for an API key.
 *
 * Guarantees: the signature is verified before any claim is believed; a secret is only ever used for HMAC and a key pair never,
 * so that neither can be taken for the other. Key pairs: the one the key names in its metadata or, when it names none, one
 * that exists to sign tokens. A certificate of a server, a client or an authority signs for no key.
 */
import type { ApikeyView } from '../../identity/apikey.ts'
import { claimOf, type Claims, type Jws, textClaim } from '../../identity/jwt/jws.ts'
import { isHmac, keySigned, secretSigned } from '../../identity/jwt/signature.ts'
import { lifespan, timeFault } from '../../identity/jwt/times.ts'
import { sameSecret, secretsOf } from '../../identity/proofs.ts'
import type { ClientRequest, KeyPairSource, KeyPairView } from '../../plugin/index.ts'
import type { TokenSettings } from './apikey-call-settings.ts'

/** Seconds that the clocks of issuer and gateway may differ. */
const LEEWAY = 10
/** Metadata of a key: the only key pair that signs for it. */
const SIGNING_KEY_PAIR = 'jwt-sign-keypair'
/** Key pair with which the gateway signs the tokens it makes. */
const GATEWAY_KEY_PAIR = 'otoroshi-jwt-signing'

/** Why the token does not stand for the key at `now` (epoch milliseconds), or null. */
export type TokenFault = (jws: Jws, key: ApikeyView, request: ClientRequest, now: number) => string | null

export function tokenRules(settings: TokenSettings, keyPairs: KeyPairSource): TokenFault {
  const {
    secret_signed: bySecret,
    keypair_signed: byKeyPair,
    include_request_attrs: boundToRequest,
  } = settings
  const longest = settings.max_jwt_lifespan_sec ?? -1
  const signed = (jws: Jws, key: ApikeyView): boolean =>
    (isHmac(jws) ? bySecret : byKeyPair) && signedFor(jws, key, keyPairs)
  return (jws, key, request, now) => {
    if (!signed(jws, key)) return 'the token is not signed for the key'
    const { claims } = jws
    const fault = timeFault(claims, now / 1000, LEEWAY)
    if (fault !== null) return `the token is ${fault}`
    if (longest >= 0 && !livesAtMost(claims, longest)) return 'the token lives too long'
    if (!meant(claims, request)) return 'the token is meant for another address'
    if (!answersXsrf(claims, request)) return 'the XSRF token is another one'
    if (boundToRequest && !describes(claims, request)) return 'the token is for another request'
    return null
  }
}

/** Whether the token is signed with a secret of the key, or with a key pair that signs for it. */
export function signedFor(jws: Jws, key: ApikeyView, keyPairs: KeyPairSource): boolean {
  if (isHmac(jws)) return secretsOf(key).some(secret => secretSigned(jws, secret))
  return signedByKeyPair(jws, key, keyPairs)
}

/** The key pair that alone signs for the key; null when the key names none. */
export function pairOf({ metadata }: ApikeyView): string | null {
  return (Object.hasOwn(metadata, SIGNING_KEY_PAIR) ? metadata[SIGNING_KEY_PAIR] : undefined) ?? null
}

function signedByKeyPair(jws: Jws, key: ApikeyView, keyPairs: KeyPairSource): boolean {
  const own = pairOf(key)
  const { kid } = jws
  if (kid === null || (own !== null && kid !== own)) return false
  const pair = keyPairs.find(kid)
  if (pair === null || (own === null && !signsForAll(kid, pair, key))) return false
  return keySigned(jws, pair.publicKey)
}

/** Whether a pair that the key does not name signs for it: that of its organization, or of the gateway itself. */
export function signsForAll(kid: string, pair: KeyPairView, key: ApikeyView): boolean {
  if (!pair.signsTokens) return false
  return pair.tenant === key.json._loc.tenant || (kid === GATEWAY_KEY_PAIR && pair.tenant === 'default')
}

function livesAtMost(claims: Claims, longest: number): boolean {
  const seconds = lifespan(claims)
  return seconds !== null && seconds <= longest
}

/** An audience that is an address must be where the request goes, or above it. */
function meant(claims: Claims, request: ClientRequest): boolean {
  const audience = claimOf(claims, 'aud')
  const first: unknown = Array.isArray(audience) ? audience[0] : audience
  if (typeof first !== 'string' || !/^https?:\/\//.test(first)) return true
  const url = `${request.protocol}://${request.host.toLowerCase()}${request.target}`
  if (!url.startsWith(first)) return false
  // The name of a host must not be the beginning of another one.
  return first.indexOf('/', 8) >= 0 || /^(?:[/?:]|$)/.test(url.slice(first.length))
}

function answersXsrf(claims: Claims, request: ClientRequest): boolean {
  const wanted = claimOf(claims, 'xsrfToken')
  if (wanted === undefined) return true
  const given = request.headers.get('x-xsrf-token')
  return typeof wanted === 'string' && given !== undefined && sameSecret(given, wanted)
}

function describes(claims: Claims, request: ClientRequest): boolean {
  return (
    textClaim(claims, 'httpPath') === request.target &&
    textClaim(claims, 'httpVerb')?.toLowerCase() === request.method.toLowerCase() &&
    textClaim(claims, 'httpHost')?.toLowerCase() === request.host.toLowerCase()
  )
}
