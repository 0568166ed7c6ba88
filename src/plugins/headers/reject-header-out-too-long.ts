/** Drops header fields with long values from the answer to the client. */
import { definePlugin } from '../../plugin/index.ts'
import { boundValues, longValueRule, longValueSettings } from './long-values.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.RejectHeaderOutTooLong',
  name: 'Reject headers out too long',
  description:
    'Drops header fields from the answer to the client whose value is longer than allowed, and raises an alert.',
  family: 'headers',
  categories: ['Headers'],
  steps: ['TransformResponse'],
  config: longValueSettings,
  setup(config, services) {
    const rule = longValueRule('reject', config, services)
    return {
      response({ request, response }) {
        boundValues(response.headers, request, rule)
      },
    }
  },
})
