/** Drops header fields with long values from the request to the backend. */
import { definePlugin } from '../../plugin/index.ts'
import { boundValues, longValueRule, longValueSettings } from './long-values.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.RejectHeaderInTooLong',
  name: 'Reject headers in too long',
  description:
    'Drops header fields from the request to the backend whose value is longer than allowed, and raises an alert.',
  family: 'headers',
  categories: ['Headers'],
  steps: ['TransformRequest'],
  config: longValueSettings,
  setup(config, services) {
    const rule = longValueRule('reject', config, services)
    return {
      request({ request, upstream }) {
        boundValues(upstream.headers, request, rule)
      },
    }
  },
})
