/** Access tokens of an identity provider: whether the token of a request is one that an auth module and a rule accept. */
import { claimAt } from '../identity/jwt/claims.ts'
import { type Claims, claimOf } from '../identity/jwt/jws.ts'
import { type OAuthModule, oauthModule } from '../identity/oauth-module.ts'
import type { Exchange, PluginServices } from '../plugin/index.ts'
import { BriefMemory } from './brief-memory.ts'
import { introspect, type Json, type Told } from './identity-provider.ts'
import { exemptPaths } from './path-patterns.ts'
import { bearerHeader } from './token-place.ts'

export interface AccessTokenRule {
  /** Id of the auth module. */
  readonly oidcConfigRef: string | null
  /** The provider is not asked. */
  readonly localVerificationOnly: boolean
  /** Milliseconds that what the provider says is believed. */
  readonly ttl: number
  readonly headerName: string
  /** Patterns of paths that need no token. */
  readonly excludedPatterns: readonly string[]
  /** All of them are needed. */
  readonly scopes: readonly string[]
  readonly rolesPath: readonly string[]
  readonly roles: readonly string[]
}

export type TokenVerdict =
  /** The path needs no token. */
  | { readonly kind: 'excluded' }
  | { readonly kind: 'refused'; readonly fault: string }
  /** `module`: id of the auth module. */
  | { readonly kind: 'accepted'; readonly claims: Claims; readonly module: string }

/** Compiles a rule. Throws when a pattern cannot be read. The promise never rejects. */
export function accessTokenRule(
  rule: AccessTokenRule,
  services: PluginServices,
): (exchange: Exchange) => Promise<TokenVerdict> {
  const place = bearerHeader(rule.headerName)
  const isExcluded = exemptPaths(rule.excludedPatterns)
  const said = new BriefMemory<Told>()
  return async ({ request, startedAt }) => {
    if (isExcluded(request.path)) return { kind: 'excluded' }
    const view = services.logins.module(rule.oidcConfigRef ?? '')
    const module = view === null ? null : oauthModule(view)
    if (view === null || module === null)
      return refused('the auth module does not exist or is of another type')
    if (module.jwtVerifier === null) return refused('the auth module has no verification settings')
    const [token, second] = place.read(request)
    if (token === undefined || second !== undefined) return refused('there is no token, or more than one')
    const keys = services.jwt.keys(module.jwtVerifier, view.tenant)
    const verification = await services.jwt.verified.verify(token, keys, startedAt)
    if (!verification.ok) return refused(verification.fault)
    const { claims } = verification.token
    if (!rule.scopes.every(scope => scopesOf(claims).includes(scope))) return refused('a scope is missing')
    if (rule.roles.length > 0 && !hasRoles(claims, rule)) return refused('a role is missing')
    const fault = rule.localVerificationOnly ? null : await askedFault(module, token, claims, startedAt)
    return fault === null ? { kind: 'accepted', claims, module: view.id } : refused(fault)
  }

  async function askedFault(
    module: OAuthModule,
    token: string,
    claims: Claims,
    now: number,
  ): Promise<string | null> {
    const { ttl } = rule
    const end = claimOf(claims, 'exp')
    const left = typeof end === 'number' ? end * 1000 - now : ttl
    const told = await said.get(
      [module.id, module.introspectionUrl, token],
      now,
      () => introspect(services.calls, module, token),
      answer => (answer.ok ? Math.min(ttl, left, leftOf(answer.json, now)) : 0),
    )
    return told.ok ? null : told.fault
  }
}

/** Milliseconds until what the provider says is the end of the token (RFC 7662, 2.2). */
function leftOf(json: Json, now: number): number {
  const end = json['exp']
  return typeof end === 'number' ? end * 1000 - now : Number.POSITIVE_INFINITY
}

function refused(fault: string): TokenVerdict {
  return { kind: 'refused', fault }
}

/** RFC 8693, 4.2: one text; some servers give a list. */
function scopesOf(claims: Claims): readonly unknown[] {
  const scope = claimOf(claims, 'scope')
  return typeof scope === 'string' ? scope.split(' ') : Array.isArray(scope) ? scope : []
}

function hasRoles(claims: Claims, { roles, rolesPath }: AccessTokenRule): boolean {
  const paths = rolesPath.length === 0 ? ['roles'] : rolesPath
  const found = paths
    .map(path => claimAt(claims, path))
    .filter(Array.isArray)
    .flat()
  return roles.every(role => found.includes(role))
}
