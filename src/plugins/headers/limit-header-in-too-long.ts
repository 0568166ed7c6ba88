/** Cuts long header values of the request to the backend. */
import { definePlugin } from '../../plugin/index.ts'
import { boundValues, longValueRule, longValueSettings } from './long-values.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.LimitHeaderInTooLong',
  name: 'Limit headers in too long',
  description:
    'Cuts header values of the request to the backend that are longer than allowed, and raises an alert.',
  family: 'headers',
  categories: ['Headers'],
  steps: ['TransformRequest'],
  config: longValueSettings,
  setup(config, services) {
    const rule = longValueRule('limit', config, services)
    return {
      request({ request, upstream }) {
        boundValues(upstream.headers, request, rule)
      },
    }
  },
})
