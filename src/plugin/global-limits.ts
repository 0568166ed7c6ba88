/**
 * The limits of the global configuration: calls of all routes, and calls of one address, per throttling window. Whoever
 * asks first counts the call; a limit that nobody set costs nothing.
 */
import type { Counting } from '../limits/counting.ts'
import { isLimit } from '../limits/global-limits.ts'
import { type Plan, windowPlan } from '../limits/plan.ts'
import { TAKE } from '../limits/tally.ts'
import { type Refusal, refuse } from './answer.ts'
import { type AttributeKey, attribute } from './attributes.ts'
import type { Phase } from './contract.ts'
import { countCall, type Limit } from './counted-calls.ts'

const counted = attribute<boolean>('counted-globally')
const addressCounted = attribute<boolean>('address-counted')

/** Refuses calls beyond the limit of all routes. */
export function globalLimit(counting: Counting): Phase {
  const limitOf = limitWith(counting, 'global', () => refuse('limit.global'))
  return exchange => {
    const { calls } = counting.global
    if (!isLimit(calls) || !first(exchange.attributes, counted)) return undefined
    return countCall(exchange, counting.tally('global', ''), limitOf(calls))
  }
}

/** Refuses calls of an address beyond its limit. */
export function addressLimit(counting: Counting): Phase {
  const limitOf = limitWith(counting, 'address', () => refuse('limit.address'))
  return exchange => {
    const { perAddress } = counting.global
    if (!isLimit(perAddress) || !first(exchange.attributes, addressCounted)) return undefined
    return countCall(exchange, counting.tally('address', exchange.request.ip), limitOf(perAddress))
  }
}

function first(
  attributes: {
    get(key: AttributeKey<boolean>): boolean | undefined
    set(key: AttributeKey<boolean>, value: boolean): void
  },
  key: AttributeKey<boolean>,
): boolean {
  if (attributes.get(key) === true) return false
  attributes.set(key, true)
  return true
}

/** The limit of a number of calls, made anew when the number changes. */
function limitWith(counting: Counting, scope: string, refusal: () => Refusal): (calls: number) => Limit {
  let limit: Limit | null = null
  return calls => {
    if (limit === null || limit.plan.window !== calls) {
      const plan: Plan = windowPlan(calls, counting.windowMs)
      limit = { counting, plan, mode: TAKE, scope, shadow: false, refusal }
    }
    return limit
  }
}
