/** Limits calls by the throttling window, all instances together, under names that keep to one node of a Redis cluster. */
import { windowPlan } from '../../limits/plan.ts'
import { SHARED_GROUP } from '../../limits/strategies.ts'
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { limiter, limiterSettings } from './limiter.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.LuaDistributedRedisThrottling',
  name: 'Lua Distributed Redis Throttling',
  description:
    'Lets a number of calls through in each throttling window, day and month, which all instances on one store count together. The counters of one name are on one node of a Redis cluster.',
  family: 'quotas',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: v.looseObject(limiterSettings('LuaDistributedRedisThrottlingStrategyConfig')),
  setup(config, services) {
    const { window, daily, monthly } = config.quota
    const plan = windowPlan(window, services.counting.windowMs, daily, monthly)
    return limiter(config, services, plan, SHARED_GROUP, 'lua-limiter')
  },
})
