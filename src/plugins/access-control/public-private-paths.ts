/** Some paths are open, the others want a key or a user. */
import { apikeyAttribute, definePlugin, refuse, schema as v, userAttribute } from '../../plugin/index.ts'
import { pathPatterns, publicPaths } from '../path-patterns.ts'
import { flag, setting } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.PublicPrivatePaths',
  name: 'Public/Private paths',
  description:
    'Lets everybody call public paths. Any other path wants an API key, or a user unless it is strict, that an earlier plugin has accepted. Patterns are regular expressions of the whole path.',
  family: 'access-control',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    strict: setting(flag, false, 'Only API keys give access, users do not'),
    private_patterns: pathPatterns('Paths that are private, whatever else they fit'),
    public_patterns: pathPatterns('Paths that are public'),
  }),
  setup(config) {
    const isPublic = publicPaths(config.public_patterns, config.private_patterns)
    return {
      access({ request, attributes }) {
        if (isPublic(request.path) || attributes.get(apikeyAttribute) !== undefined) return undefined
        if (!config.strict && attributes.get(userAttribute) !== undefined) return undefined
        return refuse('consumer.not_authorized')
      },
    }
  },
})
