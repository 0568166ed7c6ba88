/**
 * Counting a call of an exchange: what plugins and the gateway's own limits share.
 *
 * Guarantees: nothing waits unless the store has to be asked; in shadow a call over its limits is told of and passes.
 */
import { countedCall, rateLimitFields } from '../limits/counted-call.ts'
import type { Counting } from '../limits/counting.ts'
import type { Plan } from '../limits/plan.ts'
import {
  LOOK,
  type Mode,
  NOTE,
  type Outcome,
  OVER_DAY,
  OVER_MONTH,
  OVER_WINDOW,
  PASS,
  TAKE,
  type Tally,
} from '../limits/tally.ts'
import type { Refusal } from './answer.ts'
import type { Exchange } from './contract.ts'
import { eventExtrasAttribute, hypotheticalAttribute, overLimitsAttribute } from './known-attributes.ts'

export interface Limit {
  readonly counting: Counting
  readonly plan: Plan
  readonly mode: Mode
  /** What the limit is called in header fields, events and reports. */
  readonly scope: string
  /** What is counted; calls unless given. */
  readonly unit?: 'content-bytes'
  /** Tells of a call over the limit and lets it pass. */
  readonly shadow: boolean
  /** What a call over the limit is told. */
  refusal(exchange: Exchange, over: Outcome): Refusal
  /** Told of each call that was counted; `tally.figures` is what it found. */
  counted?(exchange: Exchange, tally: Tally, over: Outcome): void
}

/** Counts a call; answers why it may not pass. */
export function countCall(
  exchange: Exchange,
  tally: Tally,
  limit: Limit,
): Refusal | undefined | Promise<Refusal | undefined> {
  const { counting, plan, mode } = limit
  // A call that passes is counted, though it is over its limits.
  const wanted = mode === TAKE && isWatched(exchange, limit) ? NOTE : mode
  const thought = exchange.attributes.get(hypotheticalAttribute) === true
  const outcome = counting.step(tally, plan, thought ? LOOK : wanted)
  return outcome instanceof Promise
    ? outcome.then(late => conclude(exchange, tally, limit, late))
    : conclude(exchange, tally, limit, outcome)
}

/** Limits of consumers never close the admin API: whoever has to raise them must get in. */
function isWatched({ route }: Exchange, { shadow, counting }: Limit): boolean {
  return shadow || counting.shadow || route.id === counting.adminRoute
}

function conclude(exchange: Exchange, tally: Tally, limit: Limit, outcome: Outcome): Refusal | undefined {
  const { counting, plan, scope } = limit
  limit.counted?.(exchange, tally, outcome)
  if (counting.fields) tellFields(exchange, tally, limit)
  if (outcome === PASS || limit.mode === NOTE) return undefined
  if (isWatched(exchange, limit)) {
    tellOver(exchange, `${scope}-${partOf(outcome)}`)
    return undefined
  }
  const wait = waitFor(tally, plan, outcome)
  if (Number.isFinite(wait)) exchange.setAnswerHeader('Retry-After', String(wait))
  return limit.refusal(exchange, outcome)
}

/** Notes in event and report that a call in shadow is over a limit. */
export function tellOver(exchange: Exchange, limit: string): void {
  const { attributes } = exchange
  const before = attributes.get(overLimitsAttribute) ?? []
  if (before.includes(limit)) return
  const overLimits = [...before, limit]
  attributes.set(overLimitsAttribute, overLimits)
  exchange.note('over_limits', overLimits)
  attributes.set(eventExtrasAttribute, { ...attributes.get(eventExtrasAttribute), overLimits })
}

function tellFields(exchange: Exchange, tally: Tally, { plan, scope, unit }: Limit): void {
  const fields = rateLimitFields(scope, countedCall(tally, plan), tally.kept, Date.now(), unit)
  if (fields === null) return
  exchange.addAnswerHeader('RateLimit-Policy', fields.policy)
  exchange.addAnswerHeader('RateLimit', fields.state)
}

/** Which of the counters is full. */
export function partOf(over: Outcome): 'window' | 'day' | 'month' {
  return over === OVER_DAY ? 'day' : over === OVER_MONTH ? 'month' : 'window'
}

/** Seconds until a call may pass again (RFC 9110, 10.2.3). */
function waitFor({ figures }: Tally, plan: Plan, over: Outcome): number {
  if (over === OVER_WINDOW && plan.bucket)
    return plan.refill > 0
      ? Math.max(1, Math.ceil(Math.round(Math.max(plan.windowMs, 1 / plan.refill)) / 1000))
      : Infinity
  const end = figures[over === OVER_DAY ? 3 : over === OVER_MONTH ? 5 : 1]!
  return Math.max(1, Math.ceil((end - Date.now()) / 1000))
}
