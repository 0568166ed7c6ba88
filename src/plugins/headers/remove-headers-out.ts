/** Removes header fields from the response to the client. */
import { definePlugin } from '../../plugin/index.ts'
import { removedNames, removedNamesSettings } from './removed-names.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.RemoveHeadersOut',
  name: 'Remove headers out',
  description:
    'Removes the listed header fields from the response to the client, Set-Cookie included when it is listed.',
  family: 'headers',
  categories: ['Headers', 'Classic'],
  steps: ['TransformResponse'],
  config: removedNamesSettings,
  setup(config) {
    const names = removedNames(config)
    return {
      response(exchange) {
        const { headers } = exchange.response
        for (const name of names) headers.delete(name)
      },
    }
  },
})
