/** Validators look at the request, its caller and its route. */
import { definePlugin, refuse, schema as v } from '../../plugin/index.ts'
import { setting, text } from '../settings.ts'
import { contextCheck } from '../context-validator.ts'
import { requestDocument } from '../request-document.ts'

const validator = v.looseObject({
  path: v.pipe(text, v.description('JSONPath into the document, such as `$.request.headers.x-team`')),
  value: v.pipe(
    v.optional(v.unknown()),
    v.description('What is expected there: a value, or a test such as `Regex(a|b)`'),
  ),
  error: v.pipe(v.nullish(text), v.description('What reports say when it does not hold')),
})

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.ContextValidation',
  name: 'Context validator',
  description:
    'Lets a request pass when every validator holds for a JSON document of the request, its API key, user and verified token, and the route.',
  family: 'access-control',
  categories: ['AccessControl'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    validators: setting(
      v.array(validator),
      (): v.InferInput<typeof validator>[] => [],
      'Validators; all must hold',
    ),
  }),
  setup(config, services) {
    const checks = config.validators.map((settings, i) => {
      try {
        return contextCheck(settings, services)
      } catch (error) {
        throw new Error(`validators.${i}: ${error instanceof Error ? error.message : String(error)}`)
      }
    })
    if (checks.length === 0) return {}
    return {
      access(exchange) {
        const document = requestDocument(exchange, config)
        for (const check of checks) {
          const fault = check(exchange, document)
          if (fault !== null) return refuse('context.invalid', { detail: fault })
        }
        return undefined
      },
    }
  },
})
