import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rateLimitFields, remainingOf } from './counted-call.ts'
import { bucketPlan, quotaPlan, windowPlan } from './plan.ts'

const NOW = 1_000_000
const figures = (...values: number[]): Float64Array =>
  Float64Array.from({ length: 6 }, (_, i) => values[i] ?? 0)

describe('what is left', () => {
  it('is never less than nothing', () => {
    const call = { plan: windowPlan(5, 1000, 6, 7), figures: figures(9, 0, 6, 0, 3, 0) }
    assert.deepEqual(remainingOf(call), {
      authorizedCallsPerWindow: 5,
      throttlingCallsPerWindow: 9,
      remainingCallsPerWindow: 0,
      authorizedCallsPerDay: 6,
      currentCallsPerDay: 6,
      remainingCallsPerDay: 0,
      authorizedCallsPerMonth: 7,
      currentCallsPerMonth: 3,
      remainingCallsPerMonth: 4,
    })
  })
})

describe('RateLimit fields', () => {
  it('name each limit that is meant as one, and when there is more', () => {
    const call = {
      plan: windowPlan(100, 10_000, 5000),
      figures: figures(1, NOW + 9_001, 988, NOW + 31_022_000, 988, NOW + 1e9),
    }
    assert.deepEqual(rateLimitFields('apikey', call, true, NOW), {
      policy: '"apikey-window";q=100;w=10, "apikey-day";q=5000;w=86400',
      state: '"apikey-window";r=99;t=10, "apikey-day";r=4012;t=31022',
    })
    assert.equal(rateLimitFields('address', call, false, NOW)?.state, '"address-window";r=99;t=10')
  })

  it('say when a bucket is full again', () => {
    const call = { plan: bucketPlan(10, 1000, 1), figures: figures(4.5, NOW) }
    assert.deepEqual(rateLimitFields('limiter', call, false, NOW), {
      policy: '"limiter-window";q=10;w=10',
      state: '"limiter-window";r=5;t=5',
    })
  })

  it('name what is counted when it is not calls', () => {
    const call = { plan: windowPlan(1000, 60_000), figures: figures(400, NOW + 60_000) }
    assert.deepEqual(rateLimitFields('bandwidth', call, false, NOW, 'content-bytes'), {
      policy: '"bandwidth-window";q=1000;qu="content-bytes";w=60',
      state: '"bandwidth-window";r=600;t=60',
    })
  })

  it('are not there where nothing is limited', () => {
    assert.equal(
      rateLimitFields('caller', { plan: quotaPlan(1e7, 1e7), figures: figures() }, true, NOW),
      null,
    )
  })
})
