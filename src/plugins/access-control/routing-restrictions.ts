/** Methods and paths of a route that are open, forbidden or hidden. */
import { definePlugin, refuse, schema as v } from '../../plugin/index.ts'
import { pathPattern } from '../path-patterns.ts'
import { compileRestrictions } from '../restrictions.ts'
import { flag, setting, text } from '../settings.ts'

const line = v.looseObject({
  method: setting(text, '*', 'Method in any case; `*` for all'),
  path: v.pipe(
    pathPattern,
    v.description('Pattern of the path, or of domain and path when it has no `/` in front'),
  ),
})
const lines = (description: string) =>
  setting(v.array(line), (): v.InferInput<typeof line>[] => [], description)

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.RoutingRestrictions',
  name: 'Routing Restrictions',
  description:
    'Answers 404 for hidden and 403 for forbidden methods and paths. With `allow_last` everything else passes; without, only what is allowed, whatever else it fits.',
  family: 'access-control',
  categories: ['AccessControl', 'Classic'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    allow_last: setting(flag, true, 'What is neither hidden nor forbidden passes'),
    allowed: lines('Always passes when `allow_last` is off'),
    forbidden: lines('Answered 403'),
    not_found: lines('Answered 404'),
  }),
  setup(config, { route, log }) {
    const lists = {
      enabled: true,
      allowLast: config.allow_last,
      allowed: config.allowed,
      forbidden: config.forbidden,
      notFound: config.not_found,
    }
    const restricts = compileRestrictions(lists, route, null, fault => log('warn', fault))
    return {
      access({ request }) {
        const verdict = restricts?.(request) ?? null
        if (verdict === null) return undefined
        return refuse(verdict === 'apikey.hidden' ? 'restrictions.hidden' : 'restrictions.forbidden')
      },
    }
  },
})
