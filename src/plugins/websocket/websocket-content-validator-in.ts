/** Validates the content of messages. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { contextCheck } from '../context-validator.ts'
import { requestDocument } from '../request-document.ts'
import { text } from '../settings.ts'
import { pass, rejection, rejectStrategy } from './rejection.ts'

const validator = v.looseObject({
  path: v.pipe(text, v.description('JSONPath into the document, such as `$.message`')),
  value: v.pipe(
    v.optional(v.unknown()),
    v.description('What is expected there: a value, or a test such as `Regex(a|b)`'),
  ),
  error: v.pipe(v.nullish(text), v.description('Not sent to clients')),
})

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.WebsocketContentValidatorIn',
  name: 'Websocket content validator in',
  description:
    'Lets messages of clients through for which a validator holds. It looks at a JSON document of the request, its caller and its route, in which `message` is the text of the message.',
  family: 'websocket',
  categories: ['Websocket'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    // Null means none here: not the default, as elsewhere.
    validator: v.pipe(
      v.optional(v.nullable(validator), () => ({
        kind: 'json-path-validator',
        path: '$.message',
        value: 'foo',
        error: null,
      })),
      v.description('The validator; null lets everything through'),
    ),
    reject_strategy: rejectStrategy,
  }),
  setup(config, services) {
    if (config.validator === null) return {}
    const check = contextCheck(config.validator, services)
    const reject = rejection(config.reject_strategy, services)
    return {
      message(exchange, message) {
        if (message.direction !== 'client') return pass
        const document = { ...requestDocument(exchange, config), message: message.data.toString() }
        const fault = check(exchange, document)
        return fault === null ? pass : reject(exchange, message, 1008, 'failed to validate message')
      },
    }
  },
})
