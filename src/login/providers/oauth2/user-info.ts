/** Profiles that a provider gives for an access token (OpenID Connect Core 1.0, 5.3). */
import { claimOf, readJws, textClaim } from '../../../identity/jwt/jws.ts'
import type { TokenKeys } from '../../../identity/jwt/token-keys.ts'
import { VerifiedTokens } from '../../../identity/jwt/verified-tokens.ts'
import type { OAuthModule } from '../../../identity/oauth-module.ts'
import { claimIs } from '../../../identity/jwt/claims.ts'
import { NotBelieved } from './fault.ts'
import { type Json, objectOf, type ProviderCalls } from './provider-calls.ts'

const verifier = new VerifiedTokens({ tokens: 1, characters: 0 })

/** `keys`: those of signed profiles, or null. Rejects with `NotBelieved` or `ProviderDown`. */
export async function userInfo(
  url: string,
  access: string,
  settings: OAuthModule,
  calls: ProviderCalls,
  keys: TokenKeys | null,
): Promise<Json> {
  const answer = await calls.send(
    settings.userInfoMethod === 'post' ? posted(url, access, settings) : asked(url, access),
  )
  const type = (answer.headers.get('content-type') ?? '').toLowerCase()
  if (answer.status !== 200 || !type.startsWith('application/jwt')) return objectOf(answer, 'profile')
  return signedProfile(answer.body.toString('utf8'), settings, keys)
}

function asked(url: string, access: string) {
  const headers = [
    ['Accept', 'application/json, application/jwt'],
    ['Authorization', `Bearer ${access}`],
  ] as const
  return { method: 'GET', url, headers, repeatable: true }
}

/** As upstream asks: the token stands in the body. */
function posted(url: string, access: string, { useJson }: OAuthModule) {
  const fields = { access_token: access }
  const headers = [
    ['Accept', 'application/json, application/jwt'],
    ['Content-Type', useJson ? 'application/json' : 'application/x-www-form-urlencoded'],
  ] as const
  const body = useJson ? JSON.stringify(fields) : new URLSearchParams(fields).toString()
  return { method: 'POST', url, headers, body }
}

async function signedProfile(text: string, { clientId }: OAuthModule, keys: TokenKeys | null): Promise<Json> {
  if (keys === null || readJws(text) === null)
    throw new NotBelieved('profile: it is a token, and there are no keys to verify it with')
  const verification = await verifier.verify(text, keys, Date.now())
  if (!verification.ok) throw new NotBelieved(`profile: ${verification.fault}`)
  const { claims } = verification.token
  if (claimOf(claims, 'aud') !== undefined && !claimIs(claims, 'aud', clientId))
    throw new NotBelieved('profile: it is for somebody else')
  return claims
}

/** A profile must be of whom the ID token is (5.3.2), or an access token of somebody else would do. */
export function checkSubject(profile: Json, claims: Json | null): void {
  if (claims !== null && textClaim(profile, 'sub') !== textClaim(claims, 'sub'))
    throw new NotBelieved('profile: it is that of somebody else than the ID token')
}
