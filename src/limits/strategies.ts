/** Throttling strategies as upstream writes them, of API keys and of the plugins that limit a route. */
import { bucketPlan, localPlan, PLENTY, type Plan, windowPlan } from './plan.ts'
import type { Family } from './subject.ts'

type Json = Readonly<Record<string, unknown>>

export interface Strategy {
  readonly plan: Plan
  /** Counters of this family; null: those of the key itself. */
  readonly family: Family | null
  /** Text (an expression) that names the counters; null: none is given. */
  readonly bucketKey: string | null
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

/** The limits of a key: its strategy where it has one that is known, else its three quotas. `windowMs`: the setting. */
export function strategyOfKey({ json }: LimitedKey, windowMs: number): Strategy {
  const own = readStrategy(json.throttlingStrategy, windowMs)
  if (own !== null) return own
  const plan = windowPlan(json.throttlingQuota, windowMs, json.dailyQuota, json.monthlyQuota)
  return { plan, family: null, bucketKey: null }
}

/** Where a key is counted. `apart`: a Redis of its own counts what has no strategy of its own, too. */
export function countersOfKey(
  { clientId }: LimitedKey,
  { family, bucketKey }: Strategy,
  apart: boolean,
): { readonly family: Family; readonly id: string } {
  if (family === null && apart) return { family: 'limiter', id: clientId }
  if (family === null) return { family: 'apikey', id: clientId }
  return { family, id: bucketKey === null || bucketKey === '' ? clientId : bucketKey }
}

/** Null for what is no strategy of upstream's. A limit, a length or an interval that is no number lets nobody through (law 1). */
export function readStrategy(json: unknown, windowMs: number): Strategy | null {
  if (typeof json !== 'object' || json === null) return null
  const { id, quota, bucketKey, ...more } = json as Json
  const { window, daily, monthly } = quotasIn(quota)
  const key = typeof bucketKey === 'string' ? bucketKey : null
  switch (id) {
    case 'LegacyThrottlingStrategyConfig':
      return { plan: windowPlan(window, windowMs, daily, monthly), family: null, bucketKey: null }
    case 'DistributedRedisThrottlingStrategyConfig':
      return { plan: windowPlan(window, windowMs, daily, monthly), family: 'limiter', bucketKey: key }
    case 'LuaDistributedRedisThrottlingStrategyConfig':
      return { plan: windowPlan(window, windowMs, daily, monthly), family: 'lua-limiter', bucketKey: key }
    case 'FixedWindowStrategyConfig': {
      const length = numberIn(more['windowDurationMs'], 10_000)
      const plan = localPlan(length > 0 ? window : 0, Math.max(1, length), daily, monthly)
      return { plan, family: 'limiter', bucketKey: key }
    }
    case 'LocalTokensBucketStrategyConfig': {
      const capacity = numberIn(more['capacity'], 300)
      const interval = numberIn(more['refillRequestIntervalMs'], 50)
      const tokens = numberIn(more['refillRequestedTokens'], 50)
      const plan =
        interval > 0
          ? bucketPlan(capacity, interval, tokens, daily, monthly)
          : bucketPlan(0, 1, 0, daily, monthly)
      return { plan, family: 'limiter', bucketKey: key }
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
