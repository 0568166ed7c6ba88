/** Calls need an API key. */
import {
  apikeyAttribute,
  apikeyClaimsAttribute,
  attribute,
  type ClientRequest,
  definePlugin,
  eventExtrasAttribute,
  type Exchange,
  hypotheticalAttribute,
  type PluginServices,
  type Refusal,
  refuse,
  userAttribute,
} from '../../plugin/index.ts'
import { LOOK, TAKE } from '../../limits/tally.ts'
import { keyCallTaken, keyCounter } from '../key-counter.ts'
import { recognize, restricted } from './admission.ts'
import { apikeyCallSettings } from './apikey-call-settings.ts'
import { credentialKeeper } from './credential-keeper.ts'
import { credentialSpots, type Found, findCredential } from './credentials.ts'
import { keyConstraints } from './key-constraints.ts'
import { routeKeys } from './route-keys.ts'
import { routeUsers } from './route-users.ts'
import { tokenRules } from './token-rules.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.ApikeyCalls',
  name: 'Apikeys',
  description:
    'Lets calls in that come with an API key which is granted on the route: as id and secret, as basic credentials, as a JWT, as a bearer, or by its id alone. Counts the calls of keys and refuses those beyond their limits. Keeps the credentials of keys from the backend.',
  family: 'apikeys',
  categories: ['AccessControl'],
  steps: ['MatchRoute', 'ValidateAccess', 'TransformRequest'],
  config: apikeyCallSettings,
  setup(config, services) {
    const { validate, mandatory, pass_with_user: passWithUser, routing } = config
    const spots = credentialSpots(config.extractors, services.headerNames)
    const constraints = routing.enabled ? keyConstraints(routing) : null
    const rules = {
      find: routeKeys(services, constraints, routing.enabled),
      tokenFault: tokenRules(config.extractors.jwt, services.keyPairs),
    }
    const used = attribute<Found>('apikey-credential')
    const users = passWithUser ? routeUsers(services) : null
    const watched = config.shadow_quotas || !(validate || mandatory)
    const counts = keyCounter(services, config.update_quotas ? TAKE : LOOK, watched)

    const judge = ({ request, startedAt, attributes }: Exchange): Refusal | null => {
      const found = findCredential(spots, request)
      if (found === null)
        return refuse('apikey.missing', { detail: 'no apikey detected in the http request' })
      const { credential } = found
      const admission = recognize(rules, credential, request, startedAt)
      if (!admission.ok) {
        const { refusal } = admission
        const thought = attributes.get(hypotheticalAttribute) === true
        if (refusal.reason === 'apikey.bad' && !thought) alertBadKey(services, request, credential.clientId)
        return refusal
      }
      const restriction = restricted(admission.here, request)
      if (restriction !== null) return restriction
      attributes.set(apikeyAttribute, admission.here.key)
      attributes.set(used, found)
      if (credential.form === 'token') attributes.set(apikeyClaimsAttribute, credential.token.claims)
      return null
    }
    const tolerates = ({ reason }: Refusal): boolean =>
      !mandatory && (!validate || reason === 'apikey.missing' || reason === 'apikey.unknown')

    return {
      ...(constraints !== null && {
        matchRoute(request) {
          const found = findCredential(spots, request)
          // Without a key the route is taken, so that the caller learns that it wants one.
          return found === null || recognize(rules, found.credential, request, Date.now()).ok
        },
      }),
      // A key that is mandatory but not validated is asked of nobody: as upstream.
      ...((validate || !mandatory) && {
        access(exchange) {
          const { attributes } = exchange
          const attached = attributes.get(apikeyAttribute)
          // Whoever attached it has judged it, and may have counted nothing.
          if (attached !== undefined)
            return attributes.get(keyCallTaken) === true ? undefined : counts(exchange, attached)
          if (users !== null) {
            const user = attributes.get(userAttribute) ?? users(exchange.request)
            if (user !== null) {
              attributes.set(userAttribute, user)
              return undefined
            }
          }
          const refusal = judge(exchange)
          if (refusal !== null) {
            if (tolerates(refusal)) return undefined
            noteRejection(exchange, refusal)
            return refusal
          }
          return counts(exchange, attributes.get(apikeyAttribute)!)
        },
      }),
      request: credentialKeeper(config, spots, rules.find, used, services.headerNames),
    }
  },
})

/** Events say why a key was not accepted. */
function noteRejection({ attributes }: Exchange, { detail }: Refusal): void {
  const extras = attributes.get(eventExtrasAttribute)
  if (detail !== null) attributes.set(eventExtrasAttribute, { ...extras, apikey_rejection_reason: detail })
}

/** Tells that a key is used that is disabled or expired, or with a wrong secret. What stands in the query may be the secret. */
function alertBadKey({ alert, apikeys }: PluginServices, request: ClientRequest, clientId: string): void {
  alert('RevokedApiKeyUsageAlert', () => ({
    from: request.ip,
    to: request.host,
    uri: request.path,
    apiKey: apikeys.find(clientId)?.light() ?? null,
  }))
}
