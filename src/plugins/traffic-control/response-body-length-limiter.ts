/** Limits the body of responses. */
import { definePlugin } from '../../plugin/index.ts'
import { bodyLengthSettings, bodyLimit } from './body-length.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.ResponseBodyLengthLimiter',
  name: 'Response Body length limiter',
  description:
    'Limits the body sent to the client. A longer one is cut off or, with `fail`, answered with an error when its length is declared; when it is not, the connection is cut as soon as it has become too long.',
  family: 'traffic-control',
  categories: ['Transformations'],
  steps: ['TransformResponse'],
  config: bodyLengthSettings,
  setup(config) {
    const limit = bodyLimit(config)
    return { response: exchange => limit(exchange.response.body) }
  },
})
