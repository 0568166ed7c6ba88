/** An auth module of type `oauth2` as whoever works with access tokens sees it. */
import type { oauth2Schema } from '../model/types/auth-module-types.ts'
import type { schema as v } from '../schema/index.ts'
import type { AuthModuleView } from './auth-module.ts'
import { claimOf, type Claims } from './jwt/jws.ts'

export type OAuthModule = v.InferOutput<typeof oauth2Schema>

/** The settings of a module; null when it is of another type. */
export function oauthModule({ type, json }: AuthModuleView): OAuthModule | null {
  // A view holds a validated entity, and the type says by which schema.
  return type === 'oauth2' || type === 'oauth2-global' ? (json as unknown as OAuthModule) : null
}

/** True when the provider says that the email is not (yet) the user's own. Some say it as a text. */
export function isUnverified(profile: Claims): boolean {
  const said = claimOf(profile, 'email_verified')
  return said === false || said === 'false'
}
