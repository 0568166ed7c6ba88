/**
 * ID tokens (OpenID Connect Core 1.0, 3.1.3.7).
 *
 * Guarantees: a token is for this client, of this issuer where it is known, for this very login, and of now. Its signature is
 * verified where there are keys; without any it is believed because it came from the token endpoint itself, and only to be
 * compared: nobody is known by it alone.
 */
import { createHash } from 'node:crypto'
import { algorithm } from '../../../identity/jwt/algorithms.ts'
import { type Claims, claimOf, type Jws, readJws, textClaim } from '../../../identity/jwt/jws.ts'
import { timeFault } from '../../../identity/jwt/times.ts'
import type { TokenKeys } from '../../../identity/jwt/token-keys.ts'
import { LEEWAY, VerifiedTokens } from '../../../identity/jwt/verified-tokens.ts'
import { NotBelieved, ProviderDown } from './fault.ts'

export interface Expected {
  readonly issuer: string | null
  readonly clientId: string
  /** Of this login; null after a refresh, which has none. */
  readonly nonce: string | null
  readonly accessToken: string
  readonly code: string | null
  /** Null: there are none. */
  readonly keys: TokenKeys | null
}

/** Nothing is remembered: each comes once. */
const verifier = new VerifiedTokens({ tokens: 1, characters: 0 })

/** Claims of a good token. Rejects with `NotBelieved`, or `ProviderDown` when keys cannot be had. */
export async function judgeIdToken(text: string, expected: Expected, now = Date.now()): Promise<Claims> {
  const token = await readToken(text, expected.keys, now)
  const { claims } = token
  const fault =
    issuerFault(claims, expected) ??
    audienceFault(claims, expected.clientId) ??
    presenceFault(claims) ??
    nonceFault(claims, expected) ??
    hashFault(token, 'at_hash', expected.accessToken) ??
    (expected.code === null ? null : hashFault(token, 'c_hash', expected.code))
  if (fault !== null) throw new NotBelieved(`ID token: ${fault}`)
  return claims
}

async function readToken(text: string, keys: TokenKeys | null, now: number): Promise<Jws> {
  if (keys !== null) {
    const verification = await verifier.verify(text, keys, now)
    if (verification.ok) return verification.token
    if (verification.keyless) throw new ProviderDown('ID token: there is no key to verify it with')
    throw new NotBelieved(`ID token: ${verification.fault}`)
  }
  const token = readJws(text)
  if (token === null || algorithm(token.alg) === null)
    throw new NotBelieved('ID token: it is no token that can be read, or not signed')
  const fault = timeFault(token.claims, now / 1000, LEEWAY)
  if (fault !== null) throw new NotBelieved(`ID token: it is ${fault}`)
  return token
}

function issuerFault(claims: Claims, { issuer }: Expected): string | null {
  return issuer === null || claimOf(claims, 'iss') === issuer ? null : 'it is of another issuer'
}

function audienceFault(claims: Claims, clientId: string): string | null {
  const audience = claimOf(claims, 'aud')
  const list: readonly unknown[] = Array.isArray(audience) ? audience : [audience]
  if (!list.includes(clientId)) return 'it is for somebody else'
  const party = claimOf(claims, 'azp')
  if (party === undefined) return list.length > 1 ? 'it is for several and names no azp' : null
  return party === clientId ? null : 'its azp is somebody else'
}

function presenceFault(claims: Claims): string | null {
  const missing = ['exp', 'iat'].find(name => typeof claimOf(claims, name) !== 'number')
  if (missing !== undefined) return `${missing} is missing`
  return textClaim(claims, 'sub') === null ? 'sub is missing' : null
}

function nonceFault(claims: Claims, { nonce }: Expected): string | null {
  return nonce === null || claimOf(claims, 'nonce') === nonce ? null : 'its nonce is not that of this login'
}

/** Left half of the hash of the algorithm (3.1.3.6); a claim that is not there is no fault here (3.1.3.8). */
function hashFault({ alg, claims }: Jws, name: string, of: string): string | null {
  const given = claimOf(claims, name)
  if (given === undefined) return null
  const bytes = createHash(algorithm(alg)?.hash ?? 'sha512')
    .update(of)
    .digest()
  const wanted = bytes.subarray(0, bytes.length / 2).toString('base64url')
  return given === wanted ? null : `its ${name} is that of something else`
}
