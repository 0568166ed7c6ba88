import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bucketPlan, localPlan, PLENTY, windowPlan } from './plan.ts'
import { countersOfKey, readStrategy, strategyOfKey } from './strategies.ts'

const WINDOW = 10_000
const key = (throttlingStrategy: unknown = null) => ({
  clientId: 'k',
  json: { throttlingStrategy, throttlingQuota: 1, dailyQuota: 2, monthlyQuota: 3 },
})
const quota = { window: 5, daily: 6, monthly: 7 }

describe('the limits of a key', () => {
  it('are its three quotas where it has no strategy', () => {
    for (const none of [null, undefined, {}]) {
      const strategy = strategyOfKey(key(none), WINDOW)
      assert.deepEqual(strategy, {
        plan: windowPlan(1, WINDOW, 2, 3),
        family: null,
        group: '',
        bucketKey: null,
      })
      assert.deepEqual(countersOfKey(key(none), strategy, false), { family: 'apikey', id: 'k', group: '' })
      assert.deepEqual(countersOfKey(key(none), strategy, true), { family: 'limiter', id: 'k', group: '' })
    }
  })

  it('let nobody through where its strategy is not known', () => {
    for (const other of ['x', 5, [], { id: 'Other', quota }, { quota }])
      assert.equal(strategyOfKey(key(other), WINDOW).plan.window, 0, JSON.stringify(other))
  })

  it('are those of its strategy', () => {
    const of = (id: string, more: object = {}) => readStrategy({ id, quota, ...more }, WINDOW)
    const shared = windowPlan(5, WINDOW, 6, 7)
    assert.deepEqual(of('LegacyThrottlingStrategyConfig'), {
      plan: shared,
      family: null,
      group: '',
      bucketKey: null,
    })
    assert.deepEqual(of('DistributedRedisThrottlingStrategyConfig', { bucketKey: 'b' }), {
      plan: shared,
      family: 'limiter',
      group: 'shared',
      bucketKey: 'b',
    })
    assert.equal(of('LuaDistributedRedisThrottlingStrategyConfig')?.family, 'lua-limiter')
    assert.deepEqual(
      of('FixedWindowStrategyConfig', { windowDurationMs: 500 })?.plan,
      localPlan(5, 500, 6, 7),
    )
    assert.deepEqual(of('FixedWindowStrategyConfig')?.plan, localPlan(5, 10_000, 6, 7))
    assert.deepEqual(of('LocalTokensBucketStrategyConfig')?.plan, bucketPlan(300, 50, 50, 6, 7))
    assert.deepEqual(
      of('LocalTokensBucketStrategyConfig', {
        capacity: 4,
        refillRequestIntervalMs: 1000,
        refillRequestedTokens: 2,
      })?.plan,
      bucketPlan(4, 1000, 2, 6, 7),
    )
  })

  it('are counted under the name a strategy gives', () => {
    const named = key({ id: 'FixedWindowStrategyConfig', bucketKey: 'all' })
    assert.deepEqual(countersOfKey(named, strategyOfKey(named, WINDOW), false), {
      family: 'limiter',
      id: 'all',
      group: 'window 10000',
    })
    const unnamed = key({ id: 'FixedWindowStrategyConfig', bucketKey: '' })
    assert.deepEqual(countersOfKey(unnamed, strategyOfKey(unnamed, WINDOW), false), {
      family: 'limiter',
      id: 'k',
      group: 'window 10000',
    })
  })

  it('let nobody through where a length or an interval is none', () => {
    for (const wrong of ['10s', 0, -5, {}, Number.NaN]) {
      const window = readStrategy({ id: 'FixedWindowStrategyConfig', windowDurationMs: wrong }, WINDOW)
      assert.equal(window?.plan.window, 0, String(wrong))
      const refillRequestIntervalMs = wrong
      const bucket = readStrategy({ id: 'LocalTokensBucketStrategyConfig', refillRequestIntervalMs }, WINDOW)
      assert.deepEqual([bucket?.plan.window, bucket?.plan.refill], [0, 0], String(wrong))
    }
  })

  it('let nobody through where they are no numbers, and mean plenty where they are missing', () => {
    const of = (written: unknown) =>
      readStrategy({ id: 'LegacyThrottlingStrategyConfig', quota: { window: written } }, WINDOW)?.plan.window
    for (const bad of ['many', -1, Number.NaN, {}, true, '']) assert.equal(of(bad), 0, String(bad))
    assert.equal(of('12'), 12)
    assert.equal(of(undefined), PLENTY)
    assert.equal(readStrategy({ id: 'LegacyThrottlingStrategyConfig' }, WINDOW)?.plan.daily, PLENTY)
  })
})
