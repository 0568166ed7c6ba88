/** Refuses requests of HTTP/1.0 clients. */
import { definePlugin, refuse } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.DisableHttp10',
  name: 'Disable HTTP/1.0',
  description: 'Refuses HTTP/1.0 requests; HTTP/1.1, 2 and 3 pass.',
  family: 'traffic-control',
  categories: ['TrafficControl', 'Classic'],
  steps: ['ValidateAccess'],
  config: noSettings,
  setup: () => ({
    access: ({ request }) => (request.version < 11 ? refuse('http10_not_allowed') : undefined),
  }),
})
