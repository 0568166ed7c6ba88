/** Sets fields of the request to the backend. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { fieldTemplates } from '../field-value.ts'
import { noEntries, setting, textMap } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.AdditionalHeadersIn',
  name: 'Additional headers in',
  description: 'Sets header fields on the request to the backend. A field of the same name is replaced.',
  family: 'headers',
  categories: ['Headers', 'Classic'],
  steps: ['TransformRequest'],
  config: v.looseObject({
    headers: setting(textMap, noEntries, 'Header names and their values; values may hold expressions'),
  }),
  setup(config, services) {
    const fields = fieldTemplates(config.headers, services)
    return {
      request(exchange) {
        const { headers } = exchange.upstream
        for (const field of fields) headers.set(field.name, field.value(exchange))
      },
    }
  },
})
