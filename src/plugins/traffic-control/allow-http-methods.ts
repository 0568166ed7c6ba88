/** Lets only some methods pass. */
import { definePlugin, refuse, schema as v } from '../../plugin/index.ts'
import { methodNames } from './method-names.ts'
import { noTexts, setting, texts } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.AllowHttpMethods',
  name: 'Allowed HTTP methods',
  description:
    'Lets a request pass when its method is allowed and not forbidden, in any case. With both lists empty nothing passes. A refusal names the methods that would pass in `Allow`.',
  family: 'traffic-control',
  categories: ['AccessControl', 'Classic'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    allowed: setting(texts, noTexts, 'Methods that pass'),
    forbidden: setting(texts, noTexts, 'Methods that do not, even when they are allowed'),
  }),
  setup(config) {
    const forbidden = methodNames(config.forbidden)
    const passing = methodNames(config.allowed).difference(forbidden)
    const allow = [...passing].join(', ')
    return {
      access(exchange) {
        if (passing.has(exchange.request.method.toUpperCase())) return
        exchange.setAnswerHeader('Allow', allow)
        return refuse('method_not_allowed')
      },
    }
  },
})
