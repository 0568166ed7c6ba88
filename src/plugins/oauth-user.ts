/**
 * The user an access token stands for: made from what the token or the provider says, judged by the rules of the module.
 *
 * Guarantees: no session is made, so nothing of it can be taken over; who the rules of the module keep out is no user, nor is
 * somebody without a name; a user is remembered no longer than the token lives, and never across a change of the module.
 */
import type { AuthModuleView } from '../identity/auth-module.ts'
import { claimOf, type Claims } from '../identity/jwt/jws.ts'
import { isUnverified, type OAuthModule } from '../identity/oauth-module.ts'
import { passingUser, type UserView } from '../identity/user.ts'
import { userFault } from '../login/user-rules.ts'
import { type PluginServices, type Refusal, refuse } from '../plugin/index.ts'

export type UserOutcome =
  | { readonly ok: true; readonly value: UserView }
  | { readonly ok: false; readonly refusal: Refusal }

/** `tokens`: what the provider gave, as sessions keep it. `now`: epoch milliseconds. Never rejects for what a client sends. */
export async function oauthUser(
  view: AuthModuleView,
  module: OAuthModule,
  profile: Claims,
  tokens: Claims,
  { calls, route }: Pick<PluginServices, 'calls' | 'route'>,
  now: number,
): Promise<UserOutcome> {
  const sub = textAt(profile, 'sub')
  const named = textAt(profile, module.nameField)
  const addressed = textAt(profile, module.emailField)
  if (sub === null && named === null && addressed === null)
    return { ok: false, refusal: refuse('oauth.refused', { detail: 'the profile names nobody' }) }
  const name = named ?? sub ?? 'No Name'
  // What a provider lets people choose as `sub` must not pass for an address that lists and overrides name.
  const email = addressed ?? 'no.name@oto.tools'
  const end = claimOf(profile, 'exp')
  const user = passingUser({
    _loc: module._loc,
    name,
    email,
    authConfigId: module.id,
    realm: view.suffix,
    profile,
    token: tokens,
    otoroshiData: dataOf(module, profile, isUnverified(profile) ? '' : email),
    createdAt: now,
    expiredAt: typeof end === 'number' ? end * 1000 : now + module.sessionMaxAge * 1000,
    lastRefresh: now,
    metadata: module.metadata,
    tags: module.tags,
  })
  const fault = await userFault({ user: user.entity, module: view, route: route.json }, calls)
  if (fault === null) return { ok: true, value: user }
  return { ok: false, refusal: refuse('oauth.refused', { message: fault.display, detail: fault.detail }) }
}

function textAt(profile: Claims, name: string): string | null {
  const value = claimOf(profile, name)
  return typeof value === 'string' && value !== '' ? value : null
}

/** What backends are told: what the module says of everybody, then of this one, else what the profile says. */
function dataOf(
  { extraMetadata, dataOverride, otoroshiDataField }: OAuthModule,
  profile: Claims,
  email: string,
) {
  const own = Object.hasOwn(dataOverride, email)
    ? dataOverride[email]
    : profileData(profile, otoroshiDataField)
  return { ...extraMetadata, ...(typeof own === 'object' && own !== null && !Array.isArray(own) ? own : {}) }
}

/** `a|b` is the field `b` inside `a`; a text is read as JSON. */
function profileData(profile: Claims, path: string): unknown {
  let value: unknown = profile
  for (const part of path.split('|').map(name => name.trim())) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return null
    value = (value as Record<string, unknown>)[part]
  }
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value) as unknown
  } catch {
    return null
  }
}
