/** Adds fields the response to the client does not have yet. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { fieldTemplates } from '../field-value.ts'
import { noEntries, setting, textMap } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.MissingHeadersOut',
  name: 'Missing headers out',
  description: 'Adds header fields to the response to the client where the backend sent none of that name.',
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
        for (const field of fields)
          if (!headers.has(field.key)) headers.append(field.name, field.value(exchange))
      },
    }
  },
})
