/** Calls need an API key, as services had it: public paths, and users in place of keys. */
import { definePlugin, type RouteView, schema as v, userAttribute } from '../../plugin/index.ts'
import { pathPatterns, publicPaths } from '../path-patterns.ts'
import { apikeyCallSettings } from './apikey-call-settings.ts'
import calls from './apikey-calls.ts'
import { credentialSpots, findCredential } from './credentials.ts'

/** Metadata of routes that were services: a user does not replace a key there. */
const STRICTLY_PRIVATE = 'otoroshi-core-strictly-private'
/** The same: a key is looked at on public paths, too, when there is one. */
const DETECT_SOONER = 'otoroshi-core-detect-apikey-sooner'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgLegacyApikeyCall',
  name: 'Legacy apikeys',
  description:
    'As the plugin Apikeys, but public paths need no key, and a logged-in user needs none unless the route is strictly private. Patterns are regular expressions of the whole path; private ones win.',
  family: 'apikeys',
  categories: ['AccessControl', 'Classic'],
  steps: ['MatchRoute', 'ValidateAccess', 'TransformRequest'],
  config: v.looseObject({
    public_patterns: pathPatterns('Paths that need no key'),
    private_patterns: pathPatterns('Paths that need one, whatever else they fit'),
    ...apikeyCallSettings.entries,
  }),
  setup(config, services) {
    const { access, ...others } = calls.setup(config, services)
    if (access === undefined) return others
    const isPublic = publicPaths(config.public_patterns, config.private_patterns)
    const spots = credentialSpots(config.extractors, services.headerNames)
    const strict = flagOf(services.route, STRICTLY_PRIVATE)
    const sooner = flagOf(services.route, DETECT_SOONER)
    return {
      ...others,
      access(exchange) {
        const { request, attributes } = exchange
        if (!strict && attributes.get(userAttribute) !== undefined) return undefined
        if (isPublic(request.path) && !(sooner && findCredential(spots, request) !== null)) return undefined
        return access(exchange)
      },
    }
  },
})

function flagOf({ metadata }: RouteView, name: string): boolean {
  return Object.hasOwn(metadata, name) && metadata[name] === 'true'
}
