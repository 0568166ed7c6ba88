/** Calls need a token of the identity provider of an auth module, verified here. */
import type { Verification } from '../../identity/jwt/verified-tokens.ts'
import { oauthModule } from '../../identity/oauth-module.ts'
import {
  type Answer,
  definePlugin,
  type Exchange,
  inputTokenAttribute,
  schema as v,
  userAttribute,
} from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { customResponseSettings, refusalAnswer } from '../custom-response.ts'
import { unverified } from '../jwt-verifier.ts'
import { oauthUser } from '../oauth-user.ts'
import { flag, setting, text } from '../settings.ts'
import { bearerPlace, placeSettings, tokenPlace } from '../token-place.ts'

const fault = (error: string) => bareError(400, 'jwt.not_configured', { error })
const noSetup = fault('no auth. module setup')
const noModule = fault('auth. module not found')
const unfit = fault('auth. module not an oidc module or does not have jwt verification settings')
const notFound = bareError(400, 'jwt.missing', { error: 'token not found' })

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OIDCJwtVerifier',
  name: 'OIDC JWT verification',
  description:
    'Lets calls in that bring a token which the verification settings (`jwtVerifier`) of an OAuth 2 auth module accept. The token may make its bearer the user of the call.',
  family: 'jwt',
  categories: ['AccessControl', 'Classic'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    mandatory: setting(flag, true, 'Refuse calls without a valid token'),
    ref: setting(v.nullable(text), null, 'Id of the auth module'),
    user: setting(flag, false, 'The bearer is the user of the call'),
    source: setting(
      v.nullable(placeSettings),
      null,
      'Where the token stands; `Authorization: Bearer`, then the parameter `access_token` unless given',
    ),
    ...customResponseSettings,
  }),
  setup(config, services) {
    const { mandatory, ref } = config
    const instead = refusalAnswer(config)
    const places =
      config.source === null
        ? [bearerPlace, tokenPlace({ type: 'InQueryParam', name: 'access_token' })]
        : [tokenPlace(config.source)]
    const refusal = <A extends Answer>(answer: A, reason: string): Answer | undefined =>
      mandatory ? instead(answer, reason) : undefined

    const judge = (exchange: Exchange): Answer | undefined | Promise<Answer | undefined> => {
      if (ref === null || ref === '') return noSetup
      const view = services.logins.module(ref)
      if (view === null) return noModule
      const module = oauthModule(view)
      if (module === null || module.jwtVerifier === null) return mandatory ? unfit : undefined
      const found = places.flatMap(place => place.read(exchange.request))
      const [raw] = found
      if (raw === undefined) return refusal(notFound, 'jwt.missing')
      if (found.length > 1) {
        const { refusal: twice } = unverified({
          ok: false,
          keyless: false,
          fault: 'there is more than one token',
        })
        return refusal(twice, twice.reason)
      }
      const keys = services.jwt.keys(module.jwtVerifier, view.tenant)
      const settle = (verification: Verification): Answer | undefined | Promise<Answer | undefined> => {
        if (!verification.ok) {
          const { refusal: bad } = unverified(verification)
          return refusal(bad, bad.reason)
        }
        const { claims } = verification.token
        exchange.attributes.set(inputTokenAttribute, { raw, claims })
        if (!config.user) return undefined
        return oauthUser(view, module, claims, { access_token: raw }, services, exchange.startedAt).then(
          user => {
            if (!user.ok) return refusal(user.refusal, user.refusal.reason)
            exchange.attributes.set(userAttribute, user.value)
            return undefined
          },
        )
      }
      const verification = services.jwt.verified.verify(raw, keys, exchange.startedAt)
      return verification instanceof Promise ? verification.then(settle) : settle(verification)
    }
    return { access: judge }
  },
})
