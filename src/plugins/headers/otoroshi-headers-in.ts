/** Tells the backend the host the client used, and the id and time of the request. */
import { definePlugin } from '../../plugin/index.ts'
import { fieldValue } from '../field-value.ts'
import { noSettings } from '../settings.ts'
import { requestTimestamp } from './request-timestamp.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.OtoroshiHeadersIn',
  name: 'Otoroshi headers in',
  description:
    'Sends Otoroshi-Proxied-Host, Otoroshi-Request-Id and Otoroshi-Request-Timestamp to the backend, whatever the client sent under these names.',
  family: 'headers',
  categories: ['Headers', 'Classic'],
  steps: ['TransformRequest'],
  config: noSettings,
  setup(_config, { headerNames }) {
    const { proxiedHost, requestId, requestTimestamp: timestamp } = headerNames
    const parent = headerNames.parentRequest.toLowerCase()
    return {
      request(exchange) {
        const { headers } = exchange.upstream
        headers.delete(parent)
        headers.set(proxiedHost, fieldValue(exchange.request.host))
        headers.set(requestId, exchange.id)
        headers.set(timestamp, requestTimestamp(exchange))
      },
    }
  },
})
