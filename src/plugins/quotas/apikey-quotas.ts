/** Counts calls of API keys that other plugins accepted. */
import { NOTE } from '../../limits/tally.ts'
import { apikeyAttribute, definePlugin } from '../../plugin/index.ts'
import { keyCallTaken, keyCounter } from '../key-counter.ts'
import { noSettings } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.ApikeyQuotas',
  name: 'Apikey quotas',
  description:
    'Counts the call for its API key, unless another plugin has counted it. Refuses nothing: for keys that were not accepted by the plugin that asks for them.',
  family: 'quotas',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: noSettings,
  setup(_config, services) {
    const counts = keyCounter(services, NOTE, false)
    return {
      access(exchange) {
        const { attributes } = exchange
        const key = attributes.get(apikeyAttribute)
        if (key === undefined || attributes.get(keyCallTaken) === true) return undefined
        return counts(exchange, key)
      },
    }
  },
})
