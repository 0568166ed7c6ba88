/** Limits calls by the throttling window, all instances together. */
import { windowPlan } from '../../limits/plan.ts'
import { SHARED_GROUP } from '../../limits/strategies.ts'
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { limiter, limiterSettings } from './limiter.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.DistributedRedisThrottling',
  name: 'Distributed Redis Throttling',
  description:
    'Lets a number of calls through in each throttling window, day and month. Instances on one store count together, whether it is Redis or PostgreSQL.',
  family: 'quotas',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: v.looseObject(limiterSettings('DistributedRedisThrottlingStrategyConfig')),
  setup(config, services) {
    const { window, daily, monthly } = config.quota
    const plan = windowPlan(window, services.counting.windowMs, daily, monthly)
    return limiter(config, services, plan, SHARED_GROUP, 'limiter')
  },
})
