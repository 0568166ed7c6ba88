/** Tells the client the id of its request and what the gateway and the backend took. */
import { remainingOf } from '../../limits/counted-call.ts'
import { apikeyAttribute, countedCallAttribute, definePlugin } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'
import { requestTimestamp } from './request-timestamp.ts'

/** When the secret of the API key is exchanged: a date, and milliseconds. Only a gateway may send them. */
const ROTATION_AT = 'Otoroshi-ApiKey-Rotation-At'
const ROTATION_REMAINING = 'Otoroshi-ApiKey-Rotation-Remaining'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.SendOtoroshiHeadersBack',
  name: 'Send otoroshi headers back',
  description:
    'Adds what is left of the daily and monthly quotas of the API key, when its secret is exchanged if it rotates, the id and time of the request, the time spent in the gateway and the time the backend took (milliseconds, -1 when unknown) to the response.',
  family: 'headers',
  categories: ['Headers', 'Classic'],
  steps: ['TransformResponse'],
  config: noSettings,
  setup(_config, { headerNames, apikeys }) {
    const { requestId, requestTimestamp: timestamp, proxyLatency, upstreamLatency } = headerNames
    const reserved = [headerNames.dailyQuotas, headerNames.monthlyQuotas, ROTATION_AT, ROTATION_REMAINING]
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
        const key = exchange.attributes.get(apikeyAttribute)
        const rotation = key === undefined ? null : (apikeys.rotationAt?.(key.clientId) ?? null)
        if (rotation !== null) {
          headers.set(ROTATION_AT, new Date(rotation).toISOString())
          headers.set(ROTATION_REMAINING, String(Math.max(0, rotation - Date.now())))
        }
        const counted = exchange.attributes.get(countedCallAttribute)
        if (counted === undefined) return
        const { remainingCallsPerDay, remainingCallsPerMonth } = remainingOf(counted)
        headers.set(headerNames.dailyQuotas, String(remainingCallsPerDay))
        headers.set(headerNames.monthlyQuotas, String(remainingCallsPerMonth))
      },
    }
  },
})

function milliseconds(duration: number): string {
  return String(duration < 0 ? -1 : Math.round(duration))
}
