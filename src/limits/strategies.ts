/** Throttling strategies as upstream writes them, of API keys and of the plugins that limit a route. */
import { bucketPlan, localPlan, PLENTY, type Plan, windowPlan } from './plan.ts'
import type { Family } from './subject.ts'

type Json = Readonly<Record<string, unknown>>

export interface Strategy {
  readonly plan: Plan
  /** Counters of this family; null: those of the key itself. */
  readonly family: Family | null
  /** Counters of one name and several groups have windows of their own: those of another kind or length. */
  readonly group: string
  /** Text that names the counters; null: none is given. */
  readonly bucketKey: string | null
}

/** Where something is counted. */
export interface Counters {
  readonly family: Family
  readonly id: string
  readonly group: string
}

/** What stands in a key about its limits. */
export interface LimitedKey {
  readonly clientId: string
  readonly json: {
    readonly throttlingStrategy?: unknown
    readonly throttlingQuota: number
    readonly dailyQuota: number
    readonly monthlyQuota: number
  }
}

/**
 * The limits of a key: its strategy, else its three quotas; one that is not known lets nobody through (law 1). `windowMs`: the
 * setting.
 */
export function strategyOfKey({ json }: LimitedKey, windowMs: number): Strategy {
  const { throttlingStrategy: own, throttlingQuota, dailyQuota, monthlyQuota } = json
  const read = readStrategy(own, windowMs)
  if (read !== null) return read
  const plan = isNoStrategy(own)
    ? windowPlan(throttlingQuota, windowMs, dailyQuota, monthlyQuota)
    : windowPlan(0, windowMs)
  return { plan, family: null, group: '', bucketKey: null }
}

/** Whether a key says nothing of a strategy. */
function isNoStrategy(json: unknown): boolean {
  if (json === undefined || json === null) return true
  return typeof json === 'object' && !Array.isArray(json) && Object.keys(json).length === 0
}

/** Where a key is counted. `apart`: a Redis of its own counts what has no strategy of its own, too. */
export function countersOfKey(
  { clientId }: LimitedKey,
  { family, group, bucketKey }: Strategy,
  apart: boolean,
): Counters {
  if (family === null) return { family: apart ? 'limiter' : 'apikey', id: clientId, group }
  return { family, id: bucketKey === null || bucketKey === '' ? clientId : bucketKey, group }
}

/** Group of the counters of windows of a length that each instance counts for itself. */
export const windowGroup = (milliseconds: number): string => `window ${milliseconds}`
/** The same for buckets with a time between refills. */
export const bucketGroup = (milliseconds: number): string => `bucket ${milliseconds}`
/** The same for windows that instances share. */
export const SHARED_GROUP = 'shared'

/** Null for what is no strategy of upstream's. A limit, a length or an interval that is no number lets nobody through (law 1). */
export function readStrategy(json: unknown, windowMs: number): Strategy | null {
  if (typeof json !== 'object' || json === null) return null
  const { id, quota, bucketKey, ...more } = json as Json
  const { window, daily, monthly } = quotasIn(quota)
  const key = typeof bucketKey === 'string' ? bucketKey : null
  const sharedPlan = windowPlan(window, windowMs, daily, monthly)
  const shared = (family: Family): Strategy => ({
    plan: sharedPlan,
    family,
    group: SHARED_GROUP,
    bucketKey: key,
  })
  switch (id) {
    case 'LegacyThrottlingStrategyConfig':
      return { plan: sharedPlan, family: null, group: '', bucketKey: null }
    case 'DistributedRedisThrottlingStrategyConfig':
      return shared('limiter')
    case 'LuaDistributedRedisThrottlingStrategyConfig':
      return shared('lua-limiter')
    case 'FixedWindowStrategyConfig': {
      const length = numberIn(more['windowDurationMs'], 10_000)
      const plan = localPlan(length > 0 ? window : 0, Math.max(1, length), daily, monthly)
      return { plan, family: 'limiter', group: windowGroup(length), bucketKey: key }
    }
    case 'LocalTokensBucketStrategyConfig': {
      const capacity = numberIn(more['capacity'], 300)
      const interval = numberIn(more['refillRequestIntervalMs'], 50)
      const tokens = numberIn(more['refillRequestedTokens'], 50)
      const plan =
        interval > 0
          ? bucketPlan(capacity, interval, tokens, daily, monthly)
          : bucketPlan(0, 1, 0, daily, monthly)
      return { plan, family: 'limiter', group: bucketGroup(interval), bucketKey: key }
    }
    default:
      return null
  }
}

function quotasIn(json: unknown): { window: number; daily: number; monthly: number } {
  const quota = typeof json === 'object' && json !== null ? (json as Json) : {}
  return {
    window: numberIn(quota['window'], PLENTY),
    daily: numberIn(quota['daily'], PLENTY),
    monthly: numberIn(quota['monthly'], PLENTY),
  }
}

function numberIn(value: unknown, absent: number): number {
  if (value === undefined || value === null) return absent
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && number >= 0 && Number.isFinite(number) ? number : 0
}
