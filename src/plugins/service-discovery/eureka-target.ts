/** Takes targets from a Eureka server that is a route of this gateway. */
import { definePlugin, refuse, schema as v } from '../../plugin/index.ts'
import { setting, text } from '../settings.ts'
import { appPrefix, isName, targetOfInstance } from './eureka-instances.ts'
import { FollowedTargets } from './followed-targets.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.EurekaTarget',
  name: 'Internal Eureka target',
  description:
    'Sends requests to the instances of an application that have registered with a Eureka server of this gateway; while there is none, to the backend.',
  family: 'service-discovery',
  categories: ['Integrations'],
  steps: ['PreRoute'],
  config: v.looseObject({
    eureka_server: setting(v.nullable(text), null, 'Id of the route with the Eureka server'),
    eureka_app: setting(v.nullable(text), null, 'Name of the application'),
  }),
  setup({ eureka_server: server, eureka_app: app }, services) {
    if (!isName(server) || !isName(app)) return { preRoute: () => refuse('eureka.not_configured') }
    const targets = new FollowedTargets(services)
    const find = (): readonly unknown[] =>
      services.board
        .list(appPrefix(server, app))
        .map(([, value]) => targetOfInstance(JSON.parse(value)))
        .filter(target => target !== null)
    return {
      preRoute(exchange) {
        targets.follow(find)
        targets.send(exchange)
      },
      dispose: () => targets.release(),
    }
  },
})
