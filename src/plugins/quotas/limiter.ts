/** What the plugins that limit a route, or the callers an expression names, have in common. */
import { PLENTY, type Plan } from '../../limits/plan.ts'
import type { Family } from '../../limits/subject.ts'
import { TAKE } from '../../limits/tally.ts'
import {
  countCall,
  type Limit,
  type PluginInstance,
  type PluginServices,
  refuse,
  schema as v,
} from '../../plugin/index.ts'
import { count, setting, text } from '../settings.ts'
import { shadow } from './shadow.ts'

const quotas = { window: PLENTY, daily: PLENTY, monthly: PLENTY }

/** Settings of a limiter; `id` is upstream's name of the strategy. */
export function limiterSettings(id: string) {
  return {
    id: setting(text, id, 'Name of the strategy'),
    quota: setting(
      v.looseObject({
        window: setting(count, PLENTY, 'Calls per window'),
        daily: setting(count, PLENTY, 'Calls per day'),
        monthly: setting(count, PLENTY, 'Calls per month'),
      }),
      () => ({ ...quotas }),
      'Calls that pass',
    ),
    bucketKey: setting(
      v.nullable(text),
      null,
      'Expression that names the counter: limiters of one kind with the same name share it. Absent: the route has its own',
    ),
    shadow,
  }
}

interface LimiterConfig {
  readonly bucketKey: string | null
  readonly shadow: boolean
}

/** `group`: limiters of another one do not share windows, though they share the counters of days and months. */
export function limiter(
  config: LimiterConfig,
  { counting, route, ordinal = 0, template }: PluginServices,
  plan: Plan,
  group: string,
  family: Family,
): PluginInstance {
  const { bucketKey } = config
  // The same when its settings change; the second of a kind on a route has another one, or a call would count twice in their days.
  const own = `${route.id} ${group.split(' ', 1)[0]}${ordinal === 0 ? '' : ` ${ordinal + 1}`}`
  const name = bucketKey === null || bucketKey === '' ? null : template(bucketKey)
  const limit: Limit = {
    counting,
    plan,
    mode: TAKE,
    scope: 'limiter',
    shadow: config.shadow,
    refusal: () => refuse('limit.exceeded'),
  }
  return {
    access: exchange => countCall(exchange, counting.tally(family, name?.(exchange) ?? own, group), limit),
  }
}
