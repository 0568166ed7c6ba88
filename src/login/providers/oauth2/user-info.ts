/** Profiles that a provider gives for an access token (OpenID Connect Core 1.0, 5.3). */
import { textClaim } from '../../../identity/jwt/jws.ts'
import type { TokenKeys } from '../../../identity/jwt/token-keys.ts'
import { VerifiedTokens } from '../../../identity/jwt/verified-tokens.ts'
import type { OAuthModule } from '../../../identity/oauth-module.ts'
import { isSignedProfile, readSignedProfile } from '../../../identity/signed-profile.ts'
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
  if (answer.status !== 200 || !isSignedProfile(answer.headers.get('content-type')))
    return objectOf(answer, 'profile')
  const text = answer.body.toString('utf8')
  const profile = await readSignedProfile(text, settings.clientId, keys, verifier, Date.now())
  if (!profile.ok) throw new NotBelieved(profile.fault)
  return profile.claims
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

/** A profile must be of whom the ID token is (5.3.2), or an access token of somebody else would do. */
export function checkSubject(profile: Json, claims: Json | null): void {
  if (claims !== null && textClaim(profile, 'sub') !== textClaim(claims, 'sub'))
    throw new NotBelieved('profile: it is that of somebody else than the ID token')
}
