/** Limits calls by a bucket of tokens, each instance for itself. */
import { bucketPlan } from '../../limits/plan.ts'
import { bucketGroup } from '../../limits/strategies.ts'
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { count, setting } from '../settings.ts'
import { limiter, limiterSettings } from './limiter.ts'
import { milliseconds } from './milliseconds.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.LocalTokenBucket',
  name: 'Local Token Bucket',
  description:
    'Each call takes a token from a bucket that is full at first and gets tokens back with time; each instance has its own bucket. Calls of a day and a month are counted by all instances together.',
  family: 'quotas',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    ...limiterSettings('LocalTokensBucketStrategyConfig'),
    capacity: setting(count, 300, 'Tokens in a full bucket'),
    refillRequestIntervalMs: setting(milliseconds, 50, 'Shortest time between two refills, milliseconds'),
    refillRequestedTokens: setting(count, 50, 'Tokens that come back in that time'),
  }),
  setup(config, services) {
    const { quota, capacity, refillRequestIntervalMs: interval, refillRequestedTokens: tokens } = config
    const plan = bucketPlan(capacity, interval, tokens, quota.daily, quota.monthly)
    return limiter(config, services, plan, bucketGroup(interval), 'limiter')
  },
})
