/** Lets in what an expression says is on a list. */
import { definePlugin, refuse } from '../../plugin/index.ts'
import { expressionOf, valueListSettings } from './value-list.ts'

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
    const result = expressionOf(config, services)
    if (result === null) return {}
    return {
      access: exchange => (values.has(result(exchange)) ? undefined : refuse('expression.not_allowed')),
    }
  },
})
