/** The access token of an identity provider stands for an API key. */
import { randomBytes } from 'node:crypto'
import { type ApikeyView, readApikey } from '../../identity/apikey.ts'
import { textClaim } from '../../identity/jwt/jws.ts'
import { TAKE } from '../../limits/tally.ts'
import {
  apikeyAttribute,
  definePlugin,
  type Exchange,
  hypotheticalAttribute,
  type PluginServices,
  type Refusal,
  schema as v,
} from '../../plugin/index.ts'
import { accessTokenRule, type TokenVerdict } from '../access-token-rule.ts'
import { keyCallTaken, keyCounter } from '../key-counter.ts'
import { pathPatterns } from '../path-patterns.ts'
import { count, flag, noTexts, setting, text, texts } from '../settings.ts'
import { restricted } from './admission.ts'
import { routeKeys } from './route-keys.ts'

/** Keys of tokens that stay made; the one made first goes first. */
const MOST_KEYS = 5_000

const rule = v.looseObject({
  enabled: setting(flag, true, 'On or off'),
  quotasEnabled: setting(flag, true, 'Calls count for the quotas of the key'),
  uniqueApiKey: setting(flag, false, 'One key for everybody, not one for each subject (`sub`)'),
  type: setting(text, 'OIDC', 'Always OIDC'),
  oidcConfigRef: setting(v.nullable(text), 'some-oidc-auth-module-id', 'Id of the auth module'),
  localVerificationOnly: setting(flag, false, 'Do not ask the provider'),
  mode: setting(
    v.picklist(['Tmp', 'Hybrid', 'Persistent']),
    'Tmp',
    'Tmp: the key is stored nowhere. Hybrid: a stored key of the same id counts. Persistent: the key is stored',
  ),
  ttl: setting(count, 0, 'Milliseconds that what the provider says is believed'),
  headerName: setting(text, 'Authorization', 'Header with the token, behind `Bearer `'),
  throttlingQuota: setting(v.number(), 100, 'Calls per throttling window'),
  dailyQuota: setting(v.number(), 10_000_000, 'Calls per day'),
  monthlyQuota: setting(v.number(), 10_000_000, 'Calls per month'),
  excludedPatterns: pathPatterns('Paths that need no token'),
  scopes: setting(texts, noTexts, 'Scopes the token must have, all of them'),
  rolesPath: setting(texts, noTexts, 'Dotted paths to lists of roles in the token; `roles` unless given'),
  roles: setting(texts, noTexts, 'Roles the token must have, all of them'),
})
type Rule = v.InferOutput<typeof rule>

const usualRule = (): Rule => v.parse(rule, {})

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OIDCAccessTokenAsApikey',
  name: 'OIDC access_token as apikey',
  description:
    'Makes an API key of an access token that the auth modules of the settings accept, with the scopes and roles that are asked for. A token that is not accepted makes none: another plugin must ask for a key.',
  family: 'apikeys',
  categories: ['AccessControl'],
  steps: ['PreRoute'],
  config: v.looseObject({
    enabled: setting(flag, true, 'On or off'),
    atLeastOne: setting(
      flag,
      false,
      'One rule that is fulfilled is enough, the first of them; otherwise all must be',
    ),
    config: setting(v.union([rule, v.array(rule)]), usualRule, 'A rule, or several'),
  }),
  setup({ enabled, atLeastOne, config }, services) {
    const rules = [config].flat().filter(one => one.enabled)
    if (!enabled || rules.length === 0) return {}
    const compiled = rules.map(one => ({
      judge: accessTokenRule(one, services),
      keys: keysOf(one, services),
    }))
    return {
      async preRoute(exchange) {
        if (exchange.attributes.get(apikeyAttribute) !== undefined) return undefined
        const verdicts = await Promise.all(compiled.map(({ judge }) => judge(exchange)))
        const fulfilled = verdicts.map(({ kind }) => kind !== 'refused')
        const chosen = atLeastOne ? fulfilled.indexOf(true) : fulfilled.every(Boolean) ? rules.length - 1 : -1
        const verdict = verdicts[chosen]
        return verdict?.kind === 'accepted' ? compiled[chosen]!.keys(exchange, verdict) : undefined
      },
    }
  },
})

type Accepted = Extract<TokenVerdict, { readonly kind: 'accepted' }>

/** Leaves the key of an accepted token for others, and counts the call. */
function keysOf(settings: Rule, services: PluginServices) {
  const { apikeys, route, log } = services
  const counts = keyCounter(services, TAKE, false)
  const find = routeKeys(services, null, false)
  const made = new Map<string, ApikeyView>()
  const keep = (clientId: string, view: ApikeyView): ApikeyView => {
    if (made.size >= MOST_KEYS) made.delete(made.keys().next().value!)
    made.set(clientId, view)
    return view
  }
  const passing = (clientId: string, module: string): ApikeyView | null => {
    const known = made.get(clientId)
    if (known !== undefined) return known
    const view = readApikey(JSON.stringify(keyJson(clientId, module, settings, services)))
    return view === null ? null : keep(clientId, view)
  }
  /** A stored key of this id that may not be used here shuts the token out. */
  const stored = (clientId: string, now: number): ApikeyView | null | undefined => {
    if (apikeys.find(clientId) === null) return undefined
    const here = find(clientId)
    return here?.key.usableAt(now) === true ? here.key : null
  }
  const keyFor = async (
    clientId: string,
    module: string,
    { startedAt: now, attributes }: Exchange,
  ): Promise<ApikeyView | null> => {
    if (settings.mode === 'Tmp') return passing(clientId, module)
    const known = stored(clientId, now)
    if (known !== undefined) return known
    const thought = attributes.get(hypotheticalAttribute) === true
    if (settings.mode === 'Persistent' && apikeys.create !== undefined && !thought)
      try {
        await apikeys.create(keyJson(clientId, module, settings, services))
        return stored(clientId, now) ?? null
      } catch (error) {
        log('warn', `the key of an access token is not stored: ${String(error)}`)
      }
    return passing(clientId, module)
  }
  return async (exchange: Exchange, { claims, module }: Accepted): Promise<Refusal | undefined> => {
    const subject = settings.uniqueApiKey ? null : textClaim(claims, 'sub')
    const clientId = [route.id, module, ...(subject === null ? [] : [subject])].join('-')
    const key = await keyFor(clientId, module, exchange)
    if (key === null) return undefined
    // What a stored key may do here holds for the token that stands for it, too.
    const here = settings.mode === 'Tmp' ? null : find(clientId)
    const restriction = here === null ? null : restricted(here, exchange.request)
    if (restriction !== null) return restriction
    const refusal = settings.quotasEnabled ? await counts(exchange, key) : undefined
    // Its calls are not to be counted: whoever finds it attached leaves them alone.
    if (!settings.quotasEnabled) exchange.attributes.set(keyCallTaken, true)
    if (refusal === undefined) exchange.attributes.set(apikeyAttribute, key)
    return refusal
  }
}

function keyJson(
  clientId: string,
  module: string,
  { throttlingQuota, dailyQuota, monthlyQuota }: Rule,
  { route }: PluginServices,
): Readonly<Record<string, unknown>> {
  return {
    _loc: route.json['_loc'],
    clientId,
    clientSecret: randomBytes(48).toString('base64url'),
    clientName: clientId,
    description: 'Made for an access token',
    authorizations: [{ kind: 'route', id: route.id }],
    throttlingQuota,
    dailyQuota,
    monthlyQuota,
    metadata: { type: 'OIDC', module },
  }
}
