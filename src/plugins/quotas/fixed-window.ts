/** Limits calls by windows of fixed length, each instance for itself. */
import { localPlan } from '../../limits/plan.ts'
import { windowGroup } from '../../limits/strategies.ts'
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { setting } from '../settings.ts'
import { limiter, limiterSettings } from './limiter.ts'
import { milliseconds } from './milliseconds.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.FixedWindow',
  name: 'Fixed Window',
  description:
    'Lets a number of calls through in windows of fixed length, which each instance counts for itself; and in a day and a month, which all instances count together.',
  family: 'quotas',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    ...limiterSettings('FixedWindowStrategyConfig'),
    windowDurationMs: setting(milliseconds, 10_000, 'Length of the window, milliseconds'),
  }),
  setup(config, services) {
    const { quota, windowDurationMs } = config
    const plan = localPlan(quota.window, windowDurationMs, quota.daily, quota.monthly)
    return limiter(config, services, plan, windowGroup(windowDurationMs), 'limiter')
  },
})
