/** Sends clients elsewhere. */
import { answer, definePlugin, refuse, schema as v } from '../../plugin/index.ts'
import { setting, text } from '../settings.ts'
import { redirectTarget } from './redirect-target.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.Redirection',
  name: 'Redirection',
  description:
    'Redirects every request. Expressions in the target are evaluated, but a client can never choose the host it leads to.',
  family: 'traffic-control',
  categories: ['TrafficControl', 'Classic'],
  steps: ['PreRoute'],
  config: v.looseObject({
    code: setting(v.picklist([301, 302, 303, 307, 308]), 303, 'Status: 301, 302, 303, 307 or 308'),
    to: setting(
      text,
      'https://www.otoroshi.io',
      'Where to; may hold expressions (`https://new.test${req.uri}`)',
    ),
  }),
  setup(config, services) {
    const target = redirectTarget(config.to.trim(), services)
    return {
      preRoute(exchange) {
        const location = target(exchange)
        if (location === null) return refuse('redirect.unsafe')
        return answer(config.code, [['Location', location]])
      },
    }
  },
})
