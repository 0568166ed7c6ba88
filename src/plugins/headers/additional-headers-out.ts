/** Sets fields of the response to the client. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { fieldTemplates } from '../field-value.ts'
import { noEntries, setting, textMap } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.AdditionalHeadersOut',
  name: 'Additional headers out',
  description: 'Sets header fields on the response to the client. A field of the same name is replaced.',
  family: 'headers',
  categories: ['Headers', 'Classic'],
  steps: ['TransformResponse'],
  config: v.looseObject({
    headers: setting(textMap, noEntries, 'Header names and their values; values may hold expressions'),
  }),
  setup(config, services) {
    const fields = fieldTemplates(config.headers, services)
    return {
      response(exchange) {
        const { headers } = exchange.response
        for (const field of fields) headers.set(field.name, field.value(exchange))
      },
    }
  },
})
