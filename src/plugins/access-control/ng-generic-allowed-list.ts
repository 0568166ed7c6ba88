/** Lets in what an expression says is on a list. */
import { definePlugin, refuse } from '../../plugin/index.ts'
import { resultsOf, valueListSettings } from './value-list.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.NgGenericAllowedList',
  name: 'Generic allowed list',
  description:
    'Evaluates an expression and lets the request pass when the result is on the list. Without values nothing passes; without an expression everything does.',
  family: 'access-control',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: valueListSettings,
  setup(config, services) {
    const values = new Set(config.values)
    if (values.size === 0) return { access: () => refuse('expression.no_values') }
    const results = resultsOf(config, services)
    if (results === null) return {}
    return {
      access: exchange =>
        results(exchange)?.every(result => values.has(result)) === true
          ? undefined
          : refuse('expression.not_allowed'),
    }
  },
})
