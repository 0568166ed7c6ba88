/** Limits callers, whom an expression names, per throttling window. */
import { windowPlan } from '../../limits/plan.ts'
import { TAKE } from '../../limits/tally.ts'
import { countCall, definePlugin, type Limit, refuse, schema as v } from '../../plugin/index.ts'
import { count, setting } from '../settings.ts'
import { callerGroup, callerGroupSettings } from './caller-group.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgCustomThrottling',
  name: 'Custom throttling',
  description:
    'Limits the calls of each caller per throttling window. Who is one caller, and which routes count together, is said by expressions.',
  family: 'quotas',
  categories: ['Other'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    ...callerGroupSettings,
    throttling_quota: setting(count, 100, 'Calls per throttling window'),
  }),
  setup(config, services) {
    const { counting } = services
    const namesOf = callerGroup(config, services)
    const limit: Limit = {
      counting,
      plan: windowPlan(config.throttling_quota, counting.windowMs),
      mode: TAKE,
      scope: 'caller',
      shadow: config.shadow,
      refusal: () => refuse('limit.quotas_exceeded', { detail: 'calls of the caller exceeded' }),
    }
    return {
      access(exchange) {
        const { group, caller } = namesOf(exchange)
        return countCall(exchange, counting.tally('custom-throttling', caller, group), limit)
      },
    }
  },
})
