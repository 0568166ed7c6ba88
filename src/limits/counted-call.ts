/** What one call found when it was counted: for headers, events and administrators. */
import { PLENTY, type Plan } from './plan.ts'
import { FIGURES, type Tally } from './tally.ts'

export interface CountedCall {
  readonly plan: Plan
  /** Used and end (epoch milliseconds) of window, day and month, this call included. */
  readonly figures: Float64Array
}

/** What the last step of a tally left. */
export function countedCall({ figures }: Tally, plan: Plan): CountedCall {
  return { plan, figures: figures.slice(0, FIGURES) }
}

export type Remaining = Readonly<
  Record<
    | 'authorizedCallsPerWindow'
    | 'throttlingCallsPerWindow'
    | 'remainingCallsPerWindow'
    | 'authorizedCallsPerDay'
    | 'currentCallsPerDay'
    | 'remainingCallsPerDay'
    | 'authorizedCallsPerMonth'
    | 'currentCallsPerMonth'
    | 'remainingCallsPerMonth',
    number
  >
>

/** Upstream's view of what is left. */
export function remainingOf({ plan, figures }: CountedCall): Remaining {
  const used = (i: number): number => Math.ceil(figures[i]!)
  return {
    authorizedCallsPerWindow: plan.window,
    throttlingCallsPerWindow: used(0),
    remainingCallsPerWindow: Math.max(0, plan.window - used(0)),
    authorizedCallsPerDay: plan.daily,
    currentCallsPerDay: used(2),
    remainingCallsPerDay: Math.max(0, plan.daily - used(2)),
    authorizedCallsPerMonth: plan.monthly,
    currentCallsPerMonth: used(4),
    remainingCallsPerMonth: Math.max(0, plan.monthly - used(4)),
  }
}

interface Policy {
  readonly name: string
  readonly quota: number
  /** Seconds. */
  readonly window: number
  readonly remaining: number
  /** Seconds until there is more. */
  readonly reset: number
}

const DAY_SECONDS = 86_400

/** Limits of a call that are meant as such. `kept`: it has quotas of the day and the month. */
function policiesOf(scope: string, { plan, figures }: CountedCall, kept: boolean, now: number): Policy[] {
  const list: Policy[] = []
  const add = (name: string, quota: number, window: number, used: number, reset: number): void => {
    if (quota >= PLENTY) return
    const remaining = Math.max(0, Math.floor(quota - used))
    list.push({ name: `${scope}-${name}`, quota: Math.floor(quota), window, remaining, reset })
  }
  const [used = 0, end = 0, day = 0, dayEnd = 0, month = 0, monthEnd = 0] = figures
  const fill = plan.refill > 0 ? Math.ceil(used / plan.refill) : 0
  const window = plan.bucket && plan.refill > 0 ? plan.window / plan.refill : plan.windowMs
  add('window', plan.window, seconds(window), used, plan.bucket ? seconds(fill) : seconds(end - now))
  if (!kept) return list
  add('day', plan.daily, DAY_SECONDS, day, seconds(dayEnd - now))
  add('month', plan.monthly, DAY_SECONDS * 30, month, seconds(monthEnd - now))
  return list
}

/** `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10); null when there is no limit to tell of. */
export function rateLimitFields(
  scope: string,
  call: CountedCall,
  kept: boolean,
  now: number,
  unit: 'request' | 'content-bytes' = 'request',
): { readonly policy: string; readonly state: string } | null {
  const policies = policiesOf(scope, call, kept, now)
  if (policies.length === 0) return null
  const quotaUnit = unit === 'request' ? '' : `;qu="${unit}"`
  return {
    policy: policies
      .map(({ name, quota, window }) => `"${name}";q=${quota}${quotaUnit};w=${window}`)
      .join(', '),
    state: policies.map(({ name, remaining, reset }) => `"${name}";r=${remaining};t=${reset}`).join(', '),
  }
}

function seconds(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1000))
}
