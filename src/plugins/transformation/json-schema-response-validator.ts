/** Lets JSON bodies of answers pass only when they fit a schema. */
import { definePlugin } from '../../plugin/index.ts'
import { validationPhase, validationSettings } from './schema-validation.ts'
import { askWhole } from './whole-body.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.JsonSchemaResponseValidator',
  name: 'Json schema response validator',
  description:
    'Checks JSON bodies of answers against a JSON schema, formats included; 502 with the faults for those that do not fit.',
  family: 'transformation',
  categories: ['Security'],
  steps: ['TransformResponse'],
  config: validationSettings,
  setup(config, services) {
    const phase = validationPhase(config, 'response', services)
    return phase === null ? {} : { request: askWhole, response: phase }
  },
})
