/** Lets messages through that fit a JSON schema. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { type SchemaCheck, schemaCheck } from '../json-schema.ts'
import { setting, text } from '../settings.ts'
import { unambiguous } from '../unambiguous.ts'
import { pass, rejection, rejectStrategy } from './rejection.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.WebsocketJsonFormatValidator',
  name: 'Websocket json format validator',
  description: 'Lets messages of clients through that are JSON and fit a schema.',
  family: 'websocket',
  categories: ['Websocket'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    schema: setting(
      v.nullable(text),
      '{ "type": "object", "required": ["name"] }',
      'JSON schema as text; blank lets every JSON text through',
    ),
    specification: setting(text, 'https://json-schema.org/draft/2020-12/schema', 'Id of its dialect'),
    reject_strategy: rejectStrategy,
  }),
  setup({ schema, specification, reject_strategy: strategy }, services) {
    const given = schema === null || schema.trim() === '' ? '{}' : schema
    const check = schemaCheck(given, specification)
    const reject = rejection(strategy, services)
    return {
      message(exchange, message) {
        if (message.direction !== 'client' || fits(check, message.data.toString())) return pass
        return reject(exchange, message, 1008, 'failed to validate message')
      },
    }
  },
})

function fits(check: SchemaCheck, text: string): boolean {
  try {
    return check(text).length === 0 && unambiguous(text)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return false
    throw error
  }
}
