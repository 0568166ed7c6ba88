/** Closes every route for maintenance, except that of the admin API: somebody must be able to end it. */
import { definePlugin, refuse } from '../../plugin/index.ts'
import { noSettings } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.GlobalMaintenanceMode',
  name: 'Global Maintenance mode',
  description:
    'Answers every request with the maintenance page, except those to the admin API. Made for the list of global plugins.',
  family: 'traffic-control',
  categories: ['AccessControl', 'Classic'],
  steps: ['PreRoute'],
  config: noSettings,
  setup: (_config, { route, adminRoute }) =>
    adminRoute !== '' && route.id === adminRoute ? {} : { preRoute: () => refuse('maintenance') },
})
