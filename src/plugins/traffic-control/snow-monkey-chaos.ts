/** Chaos engineering: some requests are slow, too large, or fail. */
import { setTimeout as pause } from 'node:timers/promises'
import {
  answer,
  attribute,
  type Body,
  definePlugin,
  type Exchange,
  schema as v,
  type Verdict,
} from '../../plugin/index.ts'
import { bodyChanged } from '../changed-body.ts'
import { setting } from '../settings.ts'
import {
  badResponsesFault,
  globalHarms,
  type Harm,
  harmsOf,
  largeFault,
  latencyFault,
} from './chaos-faults.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.SnowMonkeyChaos',
  name: 'Snow Monkey Chaos',
  description:
    'Injects faults into a share of the requests: waits, longer bodies, error answers. While the snow monkey of the global configuration is awake, its outages and its faults count; else those of these settings.',
  family: 'traffic-control',
  categories: ['TrafficControl', 'Classic'],
  steps: ['TransformRequest', 'TransformResponse'],
  config: v.looseObject({
    large_request_fault: setting(v.nullable(largeFault('Request')), null, 'Longer request bodies'),
    large_response_fault: setting(v.nullable(largeFault('Response')), null, 'Longer answers'),
    latency_injection_fault: setting(v.nullable(latencyFault), null, 'Waits'),
    bad_responses_fault: setting(v.nullable(badResponsesFault), null, 'Errors in place of the backend'),
  }),
  setup(config, services) {
    const { route, outages } = services
    // Whoever injects faults must be able to stop it.
    if (route.id !== '' && route.id === services.adminRoute) return {}
    const own = harmsOf(config)
    const ofOutage = globalHarms(services)
    const done = attribute<Harm>('chaos')
    const harmTo = (exchange: Exchange): Harm | null => {
      const known = exchange.attributes.get(done)
      if (known !== undefined) return known
      const told = outages.faultsFor(route.id)
      const harms = told === null ? own : told === 'calm' ? null : ofOutage(told)
      const harm = harms?.() ?? null
      if (harm !== null) exchange.attributes.set(done, harm)
      return harm
    }
    return {
      request(exchange) {
        const harm = harmTo(exchange)
        if (harm === null) return undefined
        const { upstream } = exchange
        if (harm.requestPadding > 0 && upstream.body.length !== 0) pad(upstream.body, harm.requestPadding)
        if (harm.wait === 0) return failing(harm)
        return pause(harm.wait, undefined, { ref: false }).then(() => failing(harm))
      },
      response(exchange) {
        const padding = exchange.attributes.get(done)?.responsePadding ?? 0
        const { response, request } = exchange
        if (padding === 0 || request.method === 'HEAD' || response.body.length === 0) return
        pad(response.body, padding)
        bodyChanged(response.headers)
      },
    }
  },
})

function pad(body: Body, size: number): void {
  const length = body.length < 0 ? undefined : body.length + size
  body.transform({ push: chunk => chunk, end: () => Buffer.alloc(size, ' ') }, length)
}

function failing({ answer: bad, wait }: Harm): Verdict {
  if (bad === null) return undefined
  const { status, fields, body } = bad
  const reason: [string, string][] = status >= 400 ? [['Otoroshi-Error-Reason', 'chaos.injected']] : []
  return answer(status, [...fields, ['SnowMonkey-Latency', String(wait)], ...reason], body)
}
