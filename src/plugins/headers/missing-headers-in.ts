/** Adds fields the request to the backend does not have yet. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { fieldTemplates } from '../field-value.ts'
import { noEntries, setting, textMap } from '../settings.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.MissingHeadersIn',
  name: 'Missing headers in',
  description: 'Adds header fields to the request to the backend where the client sent none of that name.',
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
        for (const field of fields)
          if (!headers.has(field.key)) headers.append(field.name, field.value(exchange))
      },
    }
  },
})
