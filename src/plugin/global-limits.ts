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
import type { Board } from './board.ts'
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

/** What stands before an address that has a limit of its own, on the board. */
const OWN_LIMIT = 'throttling:peripquota:'

/** Refuses calls of an address beyond its limit: its own where the board has one, else that of all. */
export function addressLimit(counting: Counting, board: Pick<Board, 'size' | 'get'>): Phase {
  const limitOf = limitWith(counting, 'address', () => refuse('limit.address'))
  return exchange => {
    const { perAddress } = counting.global
    if (!isLimit(perAddress) || !first(exchange.attributes, addressCounted)) return undefined
    const { ip } = exchange.request
    const own = board.size === 0 ? undefined : board.get(OWN_LIMIT + ip)
    const calls = own !== undefined && /^\d{1,15}$/.test(own) ? Number(own) : perAddress
    return isLimit(calls) ? countCall(exchange, counting.tally('address', ip), limitOf(calls)) : undefined
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

/** Limits that are at hand: of addresses, there may be many different ones. */
const AT_HAND = 1_000

/** The limit of a number of calls. */
function limitWith(counting: Counting, scope: string, refusal: () => Refusal): (calls: number) => Limit {
  const made = new Map<number, Limit>()
  let last: Limit | null = null
  return calls => {
    if (last?.plan.window === calls) return last
    let limit = made.get(calls)
    if (limit === undefined) {
      const plan: Plan = windowPlan(calls, counting.windowMs)
      limit = { counting, plan, mode: TAKE, scope, shadow: false, refusal }
      if (made.size >= AT_HAND) made.clear()
      made.set(calls, limit)
    }
    last = limit
    return limit
  }
}
