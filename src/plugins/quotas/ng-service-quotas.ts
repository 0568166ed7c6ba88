/** Limits all calls of a route together. */
import { PLENTY, windowPlan } from '../../limits/plan.ts'
import { TAKE } from '../../limits/tally.ts'
import { countCall, definePlugin, type Limit, refuse, schema as v } from '../../plugin/index.ts'
import { count, setting } from '../settings.ts'
import { shadow } from './shadow.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgServiceQuotas',
  name: 'Public quotas',
  description:
    'Limits the calls of the route per throttling window, per day and per month, whoever makes them. Refused calls are not counted.',
  family: 'quotas',
  categories: ['Other'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    throttling_quota: setting(count, PLENTY, 'Calls per throttling window'),
    daily_quota: setting(count, PLENTY, 'Calls per day'),
    monthly_quota: setting(count, PLENTY, 'Calls per month'),
    shadow,
  }),
  setup(config, { counting, route }) {
    const { throttling_quota: window, daily_quota: daily, monthly_quota: monthly } = config
    const limit: Limit = {
      counting,
      plan: windowPlan(window, counting.windowMs, daily, monthly),
      mode: TAKE,
      scope: 'route',
      shadow: config.shadow,
      refusal: () => refuse('limit.quotas_exceeded', { detail: 'quotas of the route exceeded' }),
    }
    return { access: exchange => countCall(exchange, counting.tally('route', route.id), limit) }
  },
})
