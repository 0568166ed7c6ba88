/** Limits the body of requests. */
import { definePlugin } from '../../plugin/index.ts'
import { bodyLengthSettings, bodyLimit } from './body-length.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.RequestBodyLengthLimiter',
  name: 'Request Body length limiter',
  description:
    'Limits the body sent to the backend. A longer one is cut off or, with `fail`, refused: at once when its length is declared, else as soon as it has become too long.',
  family: 'traffic-control',
  categories: ['Transformations'],
  steps: ['TransformRequest'],
  config: bodyLengthSettings,
  setup(config) {
    const limit = bodyLimit(config)
    return { request: exchange => limit(exchange.upstream.body) }
  },
})
