/** Lets only requests pass that change nothing. */
import { definePlugin, refuse } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'

const reading = new Set(['GET', 'HEAD', 'OPTIONS'])
const allow = [...reading].join(', ')

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.ReadOnlyCalls',
  name: 'Read only requests',
  description: 'Lets only GET, HEAD and OPTIONS requests pass.',
  family: 'traffic-control',
  categories: ['AccessControl', 'Classic'],
  steps: ['ValidateAccess'],
  config: noSettings,
  setup: () => ({
    access(exchange) {
      if (reading.has(exchange.request.method)) return
      exchange.setAnswerHeader('Allow', allow)
      return refuse('method_not_allowed')
    },
  }),
})
