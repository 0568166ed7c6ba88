/** Calls need an access token of one or of all of several auth modules. */
import { definePlugin, type Exchange, type PluginServices, refuse, schema as v } from '../../plugin/index.ts'
import { accessTokenRule } from '../access-token-rule.ts'
import { count, flag, noTexts, setting, text, texts } from '../settings.ts'

const ruleFields = {
  enabled: setting(flag, true, 'On or off'),
  quotasEnabled: setting(flag, true, 'Has no effect: no API key is made'),
  uniqueApiKey: setting(flag, false, 'Has no effect: no API key is made'),
  type: setting(text, 'OIDC', 'Always OIDC'),
  oidcConfigRef: setting(v.nullable(text), 'some-oidc-auth-module-id', 'Id of the auth module'),
  localVerificationOnly: setting(flag, false, 'Do not ask the provider'),
  mode: setting(text, 'Tmp', 'Has no effect: no API key is made'),
  ttl: setting(count, 0, 'Milliseconds that what the provider says is believed'),
  headerName: setting(text, 'Authorization', 'Header with the token, behind `Bearer `'),
  throttlingQuota: setting(v.number(), 100, 'Has no effect: no API key is made'),
  dailyQuota: setting(v.number(), 10_000_000, 'Has no effect: no API key is made'),
  monthlyQuota: setting(v.number(), 10_000_000, 'Has no effect: no API key is made'),
  excludedPatterns: setting(texts, noTexts, 'Patterns of paths that need no token'),
  scopes: setting(texts, noTexts, 'Scopes the token must have, all of them'),
  rolesPath: setting(texts, noTexts, 'Dotted paths to lists of roles in the token; `roles` unless given'),
  roles: setting(texts, noTexts, 'Roles the token must have, all of them'),
}
const ruleSettings = v.looseObject(ruleFields)
type RuleSettings = v.InferOutput<typeof ruleSettings>

const usualRule = (): RuleSettings => v.parse(ruleSettings, {})

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OIDCAccessTokenValidator',
  name: 'OIDC access_token validator',
  description:
    'Lets calls in that bring an access token which the OAuth 2 auth modules of the settings accept, with the scopes and roles that are asked for.',
  family: 'auth',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    enabled: setting(flag, true, 'On or off'),
    atLeastOne: setting(flag, false, 'One rule that is fulfilled is enough'),
    config: setting(v.union([ruleSettings, v.array(ruleSettings)]), usualRule, 'A rule, or several'),
  }),
  setup({ enabled, atLeastOne, config }, services) {
    const rules = [config]
      .flat()
      .filter(rule => rule.enabled)
      .map(rule => compileRule(rule, services))
    if (!enabled) return {}
    return {
      async access(exchange) {
        // Nothing that can be fulfilled opens nothing.
        const verdicts = await Promise.all(rules.map(rule => rule(exchange)))
        const passes = atLeastOne
          ? verdicts.some(fault => fault === null)
          : verdicts.length > 0 && verdicts.every(fault => fault === null)
        if (passes) return undefined
        const detail = verdicts.find(fault => fault !== null) ?? 'no rule is enabled'
        return refuse('oauth.refused', { status: 400, message: 'bad request', detail })
      },
    }
  },
})

/** Why a call does not fulfil a rule, or null. */
type Rule = (exchange: Exchange) => Promise<string | null>

function compileRule(rule: RuleSettings, services: PluginServices): Rule {
  const judge = accessTokenRule(rule, services)
  return async exchange => {
    const verdict = await judge(exchange)
    return verdict.kind === 'refused' ? verdict.fault : null
  }
}
