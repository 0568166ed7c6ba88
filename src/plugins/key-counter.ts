/** Counts calls for their API key, and raises the alerts of quotas. */
import type { ApikeyView } from '../identity/apikey.ts'
import { countedCall, remainingOf } from '../limits/counted-call.ts'
import type { Counting } from '../limits/counting.ts'
import { countersOfKey, strategyOfKey } from '../limits/strategies.ts'
import { LOOK, type Mode, type Outcome, OVER_DAY, OVER_MONTH, PASS, type Tally } from '../limits/tally.ts'
import {
  attribute,
  countCall,
  countedCallAttribute,
  eventExtrasAttribute,
  type Exchange,
  hypotheticalAttribute,
  type Limit,
  type PluginServices,
  type Refusal,
  refuse,
} from '../plugin/index.ts'

/** Set once a call has been taken from the quotas of its key, not only compared with them. */
export const keyCallTaken = attribute<boolean>('key-call-taken')

export type KeyCounter = (
  exchange: Exchange,
  key: ApikeyView,
) => Refusal | undefined | Promise<Refusal | undefined>

interface Known {
  readonly tally: Tally
  readonly limit: Limit
}

/** `shadow`: refuses nobody. */
export function keyCounter(services: PluginServices, mode: Mode, shadow: boolean): KeyCounter {
  const { counting, alert } = services
  const alerts = new QuotaAlerts(counting, alert)
  const known = new WeakMap<ApikeyView, Known>()
  const workOut = (key: ApikeyView): Known => {
    const strategy = strategyOfKey(key, counting.windowMs)
    const { plan } = strategy
    const { family, id, group } = countersOfKey(key, strategy, counting.keysApart)
    const limit: Limit = {
      counting,
      plan,
      mode,
      scope: 'apikey',
      shadow,
      refusal({ attributes }) {
        const detail = `apikey '${key.clientId.slice(0, 200)}' quotas exceeded`
        attributes.set(eventExtrasAttribute, {
          ...attributes.get(eventExtrasAttribute),
          apikey_rejection_reason: detail,
        })
        return refuse('apikey.quotas_exceeded', { detail })
      },
      counted(exchange, tally, over) {
        exchange.attributes.set(countedCallAttribute, countedCall(tally, plan))
        if (mode !== LOOK) exchange.attributes.set(keyCallTaken, true)
        const thought = exchange.attributes.get(hypotheticalAttribute) === true
        if (counting.global.alerts.enabled && !thought) alerts.tell(key, limit, tally, over)
      },
    }
    return { tally: counting.tally(family, id, group), limit }
  }
  return (exchange, key) => {
    let found = known.get(key)
    if (found === undefined) {
      found = workOut(key)
      known.set(key, found)
    }
    return countCall(exchange, found.tally, found.limit)
  }
}

/** One alert for each key, period and thread: upstream raises one with every call. */
class QuotaAlerts {
  readonly #counting: Counting
  readonly #alert: PluginServices['alert']
  /** What was told of a tally, and in which period. */
  readonly #told = new WeakMap<Tally, Map<string, number>>()

  constructor(counting: Counting, alert: PluginServices['alert']) {
    this.#counting = counting
    this.#alert = alert
  }

  tell(key: ApikeyView, { plan, mode }: Limit, tally: Tally, over: Outcome): void {
    if (mode === LOOK && over === PASS) return
    const { daily, monthly } = this.#counting.global.alerts
    const [, , day = 0, dayEnd = 0, month = 0, monthEnd = 0] = tally.figures
    const nearDay = day >= daily * plan.daily
    const nearMonth = month >= monthly * plan.monthly
    if (nearDay) this.#once(key, tally, plan, 'QuotasAlmostExceeded', 'daily_quotas_almost_exceeded', dayEnd)
    if (nearMonth)
      this.#once(key, tally, plan, 'QuotasAlmostExceeded', 'monthly_quotas_almost_exceeded', monthEnd)
    if (over === OVER_DAY) this.#once(key, tally, plan, 'QuotasExceeded', 'daily_quotas_exceeded', dayEnd)
    if (over === OVER_MONTH)
      this.#once(key, tally, plan, 'QuotasExceeded', 'monthly_quotas_exceeded', monthEnd)
  }

  #once(
    key: ApikeyView,
    tally: Tally,
    plan: Limit['plan'],
    name: string,
    reason: string,
    period: number,
  ): void {
    const told = this.#told.get(tally) ?? new Map<string, number>()
    this.#told.set(tally, told)
    if (told.get(reason) === period) return
    told.set(reason, period)
    const remaining = remainingOf(countedCall(tally, plan))
    const { enabled, daily, monthly } = this.#counting.global.alerts
    const settings = { enabled, dailyQuotasThreshold: daily, monthlyQuotasThreshold: monthly }
    this.#alert(name, () => ({
      apikey: key.light(),
      remaining,
      ...(name === 'QuotasAlmostExceeded' && { settings }),
      reason,
    }))
  }
}
