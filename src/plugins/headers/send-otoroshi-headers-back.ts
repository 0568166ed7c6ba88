/** Tells the client the id of its request and what the gateway and the backend took. */
import { definePlugin } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'
import { requestTimestamp } from './request-timestamp.ts'

/** Fields about the API key that only a gateway may send. */
const ROTATION = ['Otoroshi-ApiKey-Rotation-At', 'Otoroshi-ApiKey-Rotation-Remaining']

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.SendOtoroshiHeadersBack',
  name: 'Send otoroshi headers back',
  description:
    'Adds the id and time of the request, the time spent in the gateway and the time the backend took (milliseconds, -1 when unknown) to the response.',
  family: 'headers',
  categories: ['Headers', 'Classic'],
  steps: ['TransformResponse'],
  config: noSettings,
  setup(_config, { headerNames }) {
    const { requestId, requestTimestamp: timestamp, proxyLatency, upstreamLatency } = headerNames
    const reserved = [headerNames.dailyQuotas, headerNames.monthlyQuotas, ...ROTATION]
    return {
      response(exchange) {
        const { headers } = exchange.response
        const { overheadIn, upstream } = exchange.timings
        // A backend cannot speak for the gateway.
        for (const name of reserved) headers.delete(name)
        headers.set(requestId, exchange.id)
        headers.set(timestamp, requestTimestamp(exchange))
        headers.set(proxyLatency, milliseconds(overheadIn))
        headers.set(upstreamLatency, milliseconds(upstream))
      },
    }
  },
})

function milliseconds(duration: number): string {
  return String(duration < 0 ? -1 : Math.round(duration))
}
