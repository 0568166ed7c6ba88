/** Fresh tokens for a session (RFC 6749, 6; OpenID Connect Core 1.0, 12). */
import { tokenIsDue } from '../../../identity/token-life.ts'
import type { UserView } from '../../../identity/user.ts'
import { textClaim } from '../../../identity/jwt/jws.ts'
import type { Authority } from './authority.ts'
import { NotBelieved } from './fault.ts'
import type { Json } from './provider-calls.ts'

/**
 * The token answer that the session is to hold; null when it is good still or cannot be renewed. A new refresh token takes the
 * place of the old one (rotation), which otherwise stays. Rejects with `NotBelieved` or `ProviderDown`.
 */
export async function refreshed(authority: Authority, session: UserView, now: number): Promise<Json | null> {
  const { token } = session
  const refreshToken = textClaim(token, 'refresh_token')
  if (!authority.settings.refreshTokens || refreshToken === null || !tokenIsDue(session, now)) return null
  const provider = await authority.provider()
  const fresh = await authority.tokens.byRefreshToken(provider.token, refreshToken)
  const claims = await authority.claimsOf(provider, fresh, null)
  const before = textClaim(session.profile, 'sub')
  if (claims !== null && before !== null && textClaim(claims, 'sub') !== before)
    throw new NotBelieved('token endpoint: the fresh tokens are those of somebody else')
  return { ...token, ...fresh.answer }
}
