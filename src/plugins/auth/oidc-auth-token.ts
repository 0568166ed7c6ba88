/** Calls need an access token; its bearer is the user of the call. */
import type { AuthModuleView } from '../../identity/auth-module.ts'
import { type Claims, claimOf } from '../../identity/jwt/jws.ts'
import { type OAuthModule, oauthModule } from '../../identity/oauth-module.ts'
import { readSignedProfile, type SignedProfile } from '../../identity/signed-profile.ts'
import {
  type ClientRequest,
  definePlugin,
  type Exchange,
  refuse,
  schema as v,
  userAttribute,
} from '../../plugin/index.ts'
import { BriefMemory } from '../brief-memory.ts'
import { introspect, userInfo } from '../identity-provider.ts'
import { unverified } from '../jwt-verifier.ts'
import { oauthUser, type UserOutcome } from '../oauth-user.ts'
import { flag, setting, text } from '../settings.ts'
import { bearerHeader } from '../token-place.ts'

/** Milliseconds that what a provider said of a token is believed. */
const BELIEVED = 60_000

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OIDCAuthToken',
  name: 'OIDC access_token authentication',
  description:
    'Lets calls in that bring an access token of the identity provider of an OAuth 2 auth module, verified here or by asking the provider. Its bearer is the user of the call.',
  family: 'auth',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    ref: setting(text, '', 'Id of the auth module'),
    opaque: setting(flag, true, 'The token is not verified here'),
    fetch_user_profile: setting(flag, true, 'Ask the provider for the profile'),
    validate_audience: setting(
      flag,
      false,
      'An audience of the token must be the beginning of the address called',
    ),
    header_name: setting(text, 'Authorization', 'Header with the token, behind `Bearer `'),
    use_introspection: setting(flag, false, 'Ask for what is known of the token rather than for the profile'),
  }),
  setup(config, services) {
    const place = bearerHeader(config.header_name)
    const { opaque, fetch_user_profile: asks, use_introspection: introspects } = config
    // A token that is not verified and of which nobody is asked would be believed whatever it says.
    const verifies = !opaque || !asks
    const users = new WeakMap<AuthModuleView, BriefMemory<UserOutcome>>()

    const profileOf = async (module: OAuthModule, token: string, claims: Claims): Promise<Claims | null> => {
      if (!asks) return claims
      const told = introspects
        ? await introspect(services.calls, module, token)
        : await userInfo(services.calls, module, token, text => signedProfile(module, text))
      return told.ok ? told.json : null
    }
    const signedProfile = (module: OAuthModule, text: string): Promise<SignedProfile> => {
      const { jwtVerifier, clientId } = module
      const keys = jwtVerifier === null ? null : services.jwt.keys(jwtVerifier, module._loc.tenant)
      return readSignedProfile(text, clientId, keys, services.jwt.verified, Date.now())
    }
    const userOf = async (
      view: AuthModuleView,
      module: OAuthModule,
      token: string,
      claims: Claims,
      now: number,
    ): Promise<UserOutcome> => {
      const profile = await profileOf(module, token, claims)
      if (profile === null || isSomebodyElse(profile, claims, asks && !introspects))
        return { ok: false, refusal: refuse('oauth.refused') }
      // The end of the token counts for what the provider says of its bearer, too.
      const end = claimOf(claims, 'exp') ?? claimOf(profile, 'exp')
      return oauthUser(
        view,
        module,
        end === undefined ? profile : { ...profile, exp: end },
        { access_token: token },
        services,
        now,
      )
    }
    return {
      async access(exchange: Exchange) {
        const { request, startedAt, attributes } = exchange
        const view = services.logins.module(config.ref)
        const module = view === null ? null : oauthModule(view)
        if (view === null || module === null)
          return refuse('jwt.not_configured', { status: 500, message: 'bad auth. module' })
        if (verifies && module.jwtVerifier === null)
          return refuse('jwt.not_configured', { status: 500, message: 'bad jwt settings' })
        const [token, second] = place.read(request)
        if (token === undefined || second !== undefined) return refuse('oauth.refused')
        let claims: Claims = {}
        if (verifies) {
          const keys = services.jwt.keys(module.jwtVerifier!, view.tenant)
          const verification = await services.jwt.verified.verify(token, keys, startedAt)
          if (!verification.ok) return unverified(verification).refusal
          claims = verification.token.claims
        }
        let memory = users.get(view)
        if (memory === undefined) users.set(view, (memory = new BriefMemory()))
        const outcome = await memory.get(
          [token],
          startedAt,
          () => userOf(view, module, token, claims, startedAt),
          user => (user.ok ? Math.min(BELIEVED, user.value.expiredAt - startedAt) : 0),
        )
        if (!outcome.ok) return outcome.refusal
        if (config.validate_audience && !meant(outcome.value.profile, claims, request))
          return refuse('oauth.refused')
        attributes.set(userAttribute, outcome.value)
        return undefined
      },
    }
  },
})

/** The provider answers about another one than the token names, or, where it must, does not say about whom (OpenID Connect Core, 5.3.2). */
function isSomebodyElse(profile: Claims, claims: Claims, mustSay: boolean): boolean {
  const [told, named] = [claimOf(profile, 'sub'), claimOf(claims, 'sub')]
  return named !== undefined && (mustSay || told !== undefined) && told !== named
}

/** Whether an audience is the address called, or above it. */
function meant(profile: Claims, claims: Claims, { protocol, host, target }: ClientRequest): boolean {
  const audience = claimOf(claims, 'aud') ?? claimOf(profile, 'aud')
  const url = `${protocol}://${host.toLowerCase()}${target}`
  return (Array.isArray(audience) ? audience : [audience]).some(
    one =>
      typeof one === 'string' &&
      one !== '' &&
      url.startsWith(one) &&
      // The name of a host must not be the beginning of another one.
      (one.indexOf('/', 8) >= 0 || /^(?:[/?:]|$)/.test(url.slice(one.length))),
  )
}
