/** An auth module of type `oauth2` as whoever works with access tokens sees it. */
import { type oauth2Schema, placeholderServer } from '../model/types/auth-module-types.ts'
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

/**
 * Why an endpoint of a module must not be called by a plugin, or null. A module that was made from `oidConfig` alone has the
 * addresses of the template, and whoever listens there is nobody to show secrets to.
 */
export function endpointFault({ oidConfig }: OAuthModule, url: string): string | null {
  const isPlaceholder = (text: string): boolean => text.startsWith(`${placeholderServer}/`)
  if (oidConfig === null || oidConfig === '' || !isPlaceholder(url) || isPlaceholder(oidConfig)) return null
  return 'the auth module has no address of its own for that: plugins do not read its oidConfig'
}

/** Basic credentials of a client, both parts form-encoded before they are joined (RFC 6749, 2.3.1). */
export function clientCredentials(clientId: string, clientSecret: string): string {
  const encoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)
  return `Basic ${Buffer.from(`${encoded(clientId)}:${encoded(clientSecret)}`).toString('base64')}`
}
