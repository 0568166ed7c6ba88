/** Removes header fields from the request to the backend. */
import { definePlugin } from '../../plugin/index.ts'
import { removedNames, removedNamesSettings } from './removed-names.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.RemoveHeadersIn',
  name: 'Remove headers in',
  description:
    'Removes the listed header fields from the request to the backend, those set by earlier plugins included.',
  family: 'headers',
  categories: ['Headers', 'Classic'],
  steps: ['TransformRequest'],
  config: removedNamesSettings,
  setup(config) {
    const names = removedNames(config)
    return {
      request(exchange) {
        const { headers } = exchange.upstream
        for (const name of names) headers.delete(name)
      },
    }
  },
})
