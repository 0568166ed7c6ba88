/** What API keys have used, as the admin API tells and resets it: counted by all instances that share the store. */
import type { QuotaBook } from '../admin-api/quotas-api.ts'
import { countedCall, remainingOf } from '../limits/counted-call.ts'
import type { DurableCounts } from '../limits/durable-counts.ts'
import { countersOfKey, type LimitedKey, strategyOfKey } from '../limits/strategies.ts'
import { type Subject, subjectOf } from '../limits/subject.ts'
import { LOOK } from '../limits/tally.ts'
import type { Apikey } from '../model/kinds/apikey.ts'

/** `windowMs`: length of the throttling window. `apart`: see `countersOfKey`. */
export function keyQuotas(
  countsOf: (subject: Subject) => DurableCounts,
  windowMs: number,
  apart: boolean,
): QuotaBook {
  const partsOf = (json: Readonly<Apikey>) => {
    const key: LimitedKey = { clientId: json.clientId, json }
    const strategy = strategyOfKey(key, windowMs)
    const { family, id, group } = countersOfKey(key, strategy, apart)
    return { plan: strategy.plan, subject: subjectOf(family, id, group) }
  }
  const read: QuotaBook['read'] = async key => {
    const { plan, subject } = partsOf(key)
    const { tally } = await countsOf(subject).look(subject)
    tally.step(plan, Date.now(), LOOK, true)
    return remainingOf(countedCall(tally, plan))
  }
  return {
    read,
    reset: async key => {
      const { subject } = partsOf(key)
      await countsOf(subject).reset(subject)
      return read(key)
    },
  }
}
