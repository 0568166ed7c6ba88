/** Where a provider ends its own session (OpenID Connect RP-Initiated Logout 1.0, or an address of the settings). */
import type { OAuthModule } from '../../../identity/oauth-module.ts'
import { BACK_BASE, BACK_STATE } from '../../onward.ts'
import type { Provider } from './discovery.ts'

/** Null: there is no such place. `idToken`: of the session, or null. */
export function logoutUrl(
  { logout, standardLogout }: Provider,
  { clientId }: OAuthModule,
  idToken: string | null,
): string | null {
  if (logout === '') return null
  const start = `${logout}${logout.includes('?') ? '&' : '?'}client_id=${encodeURIComponent(clientId)}`
  if (!standardLogout) return start
  // Providers compare the address letter by letter, so what differs from user to user goes into the state.
  const back = `&post_logout_redirect_uri=${BACK_BASE}&state=${BACK_STATE}`
  return start + back + (idToken === null ? '' : `&id_token_hint=${encodeURIComponent(idToken)}`)
}
