/** Cuts long header values of the answer to the client. */
import { definePlugin } from '../../plugin/index.ts'
import { boundValues, longValueRule, longValueSettings } from './long-values.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.LimitHeaderOutTooLong',
  name: 'Limit headers out too long',
  description:
    'Cuts header values of the answer to the client that are longer than allowed, and raises an alert.',
  family: 'headers',
  categories: ['Headers'],
  steps: ['TransformResponse'],
  config: longValueSettings,
  setup(config, services) {
    const rule = longValueRule('limit', config, services)
    return {
      response({ request, response }) {
        boundValues(response.headers, request, rule)
      },
    }
  },
})
