/** Limits callers, whom an expression names, per day and per month. */
import { PLENTY, quotaPlan } from '../../limits/plan.ts'
import { TAKE } from '../../limits/tally.ts'
import { countCall, definePlugin, type Limit, refuse, schema as v } from '../../plugin/index.ts'
import { count, setting } from '../settings.ts'
import { callerGroup, callerGroupSettings } from './caller-group.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgCustomQuotas',
  name: 'Custom quotas',
  description:
    'Limits the calls of each caller per day and per month. Who is one caller, and which routes count together, is said by expressions.',
  family: 'quotas',
  categories: ['Other'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    ...callerGroupSettings,
    daily_quota: setting(count, PLENTY, 'Calls per day'),
    monthly_quota: setting(count, PLENTY, 'Calls per month'),
  }),
  setup(config, services) {
    const { counting } = services
    const namesOf = callerGroup(config, services)
    const limit: Limit = {
      counting,
      plan: quotaPlan(config.daily_quota, config.monthly_quota),
      mode: TAKE,
      scope: 'caller',
      shadow: config.shadow,
      refusal: () => refuse('limit.quotas_exceeded', { detail: 'quotas of the caller exceeded' }),
    }
    return {
      access(exchange) {
        const { group, caller } = namesOf(exchange)
        return countCall(exchange, counting.tally('custom-quotas', caller, group), limit)
      },
    }
  },
})
