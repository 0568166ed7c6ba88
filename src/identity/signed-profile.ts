/** Profiles that a provider gives as a token (OpenID Connect Core 1.0, 5.3.2). */
import { claimIs } from './jwt/claims.ts'
import { type Claims, claimOf, readJws } from './jwt/jws.ts'
import type { TokenKeys } from './jwt/token-keys.ts'
import type { VerifiedTokens } from './jwt/verified-tokens.ts'

export type SignedProfile =
  | { readonly ok: true; readonly claims: Claims }
  | { readonly ok: false; readonly fault: string }

/** Whether an answer with this `Content-Type` is such a profile. */
export function isSignedProfile(contentType: string | null | undefined): boolean {
  return /^application\/jwt(?:\s*;|\s*$)/i.test((contentType ?? '').trim())
}

/**
 * Verifies a profile at `now` (epoch milliseconds); one that names an audience must be for the client. `keys`: null where nothing is
 * known to verify it with. Never rejects.
 */
export async function readSignedProfile(
  text: string,
  clientId: string,
  keys: TokenKeys | null,
  verifier: VerifiedTokens,
  now: number,
): Promise<SignedProfile> {
  if (keys === null || readJws(text) === null)
    return { ok: false, fault: 'profile: it is a token, and there are no keys to verify it with' }
  const verification = await verifier.verify(text, keys, now)
  if (!verification.ok) return { ok: false, fault: `profile: ${verification.fault}` }
  const { claims } = verification.token
  if (claimOf(claims, 'aud') !== undefined && !claimIs(claims, 'aud', clientId))
    return { ok: false, fault: 'profile: it is for somebody else' }
  return { ok: true, claims }
}
