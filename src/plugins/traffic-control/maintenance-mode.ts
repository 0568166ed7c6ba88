/** Closes a route for maintenance. */
import { definePlugin, refuse } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.MaintenanceMode',
  name: 'Maintenance mode',
  description: 'Answers every request with the maintenance page.',
  family: 'traffic-control',
  categories: ['AccessControl', 'Classic'],
  steps: ['PreRoute'],
  config: noSettings,
  setup: () => ({ preRoute: () => refuse('maintenance') }),
})
