/** Keeps out what an expression says is on a list. */
import { definePlugin, refuse } from '../../plugin/index.ts'
import { resultsOf, valueListSettings } from './value-list.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgGenericBlockList',
  name: 'Generic block list',
  description:
    'Evaluates an expression and refuses the request when the result is on the list. Without values or without an expression everything passes.',
  family: 'access-control',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: valueListSettings,
  setup(config, services) {
    const values = new Set(config.values)
    const results = resultsOf(config, services)
    if (values.size === 0 || results === null) return {}
    return {
      access: exchange =>
        results(exchange)?.some(result => values.has(result)) === false
          ? undefined
          : refuse('expression.blocked'),
    }
  },
})
