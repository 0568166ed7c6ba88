/** Sends requests to the services that have registered themselves for the route. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { FollowedTargets } from './followed-targets.ts'
import { discoverySettings, targetsOf, templateOf } from './registrations.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgDiscoveryTargetsSelector',
  name: 'Service discovery target selector (service discovery)',
  description:
    'Sends requests to the services that have registered themselves for this route; while there is none, to the backend.',
  family: 'service-discovery',
  categories: ['ServiceDiscovery'],
  steps: ['PreRoute'],
  config: v.looseObject(discoverySettings),
  setup(config, services) {
    const { board, route } = services
    const template = templateOf(config)
    const targets = new FollowedTargets(services)
    return {
      preRoute(exchange) {
        targets.follow(() => targetsOf(board, route.id, template))
        targets.send(exchange)
      },
      dispose: () => targets.release(),
    }
  },
})
