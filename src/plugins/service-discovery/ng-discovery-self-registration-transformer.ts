/** Lets services register themselves as targets of the route they call. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { askedFor, discoverySettings, LONGEST, register, renew } from './registrations.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgDiscoverySelfRegistrationTransformer',
  name: 'Self registration endpoints (service discovery)',
  description:
    'Lets services register themselves as targets of this route, under `/discovery`. Whoever may call the route may register: it should want an API key.',
  family: 'service-discovery',
  categories: ['ServiceDiscovery'],
  steps: ['TransformRequest'],
  config: v.looseObject(discoverySettings),
  setup(config, { board, route }) {
    return {
      async request({ request, matchedPath, upstream }) {
        const base = matchedPath.replace(/\/$/, '')
        const path = request.path.startsWith(base) ? request.path.slice(base.length) : request.path
        const asked = askedFor(request.method, path)
        if (asked === null) return undefined
        if (asked.act === 'register')
          return register(board, await upstream.body.read(LONGEST), route.id, config)
        return renew(board, asked.act, asked.id, route.id, config)
      },
    }
  },
})
