/** Lets JSON bodies of requests pass only when they fit a schema. */
import { definePlugin } from '../../plugin/index.ts'
import { validationPhase, validationSettings } from './schema-validation.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.JsonSchemaRequestValidator',
  name: 'Json schema request validator',
  description:
    'Checks JSON bodies of requests against a JSON schema, formats included; 422 with the faults for those that do not fit.',
  family: 'transformation',
  categories: ['Security'],
  steps: ['TransformRequest'],
  config: validationSettings,
  setup(config, services) {
    const phase = validationPhase(config, 'request', services)
    return phase === null ? {} : { request: phase }
  },
})
