/** Calls need a user or an API key, as services had it. */
import { definePlugin, schema as v, userAttribute } from '../../plugin/index.ts'
import { moduleGuard, moduleOf, moduleSettings, passWithApikey } from '../auth-module-guard.ts'
import { loginGuard } from '../login-guard.ts'
import { pathPatterns, publicPaths } from '../path-patterns.ts'

/** Metadata of routes that were services: a user does not replace a key there. */
const STRICTLY_PRIVATE = 'otoroshi-core-strictly-private'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgLegacyAuthModuleCall',
  name: 'Legacy Authentication',
  description:
    'Public paths need a user who is logged in through the auth module. Others need one, too, or an API key; on routes that are strictly private only the key counts. Patterns are regular expressions of the whole path; private ones win.',
  family: 'auth',
  categories: ['Authentication', 'Classic'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    public_patterns: pathPatterns('Paths for users'),
    private_patterns: pathPatterns('Paths for users and keys, whatever else they fit'),
    pass_with_apikey: passWithApikey,
    ...moduleSettings,
  }),
  setup(config, services) {
    const { public_patterns, private_patterns, pass_with_apikey: withApikey } = config
    const id = moduleOf(config)
    const users = moduleGuard(id, withApikey, services)
    const isPublic = publicPaths(public_patterns, private_patterns)
    const guard = loginGuard(services)
    const { metadata } = services.route
    const strict = Object.hasOwn(metadata, STRICTLY_PRIVATE) && metadata[STRICTLY_PRIVATE] === 'true'
    return {
      access(exchange) {
        if (isPublic(exchange.request.path)) return users(exchange)
        const module = id === null || strict ? null : guard.module(id)
        const user = module === null ? null : guard.user(exchange.request, module)
        if (user !== null) exchange.attributes.set(userAttribute, user)
        return undefined
      },
      // Behind it: lets public paths pass, and users whom this one made known, and wants a key of everybody else.
      expand: () => [
        {
          plugin: 'cp:otoroshi.next.plugins.NgLegacyApikeyCall',
          config: { public_patterns, private_patterns },
        },
      ],
    }
  },
})
