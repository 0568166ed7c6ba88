/** Lets messages of one kind through. */
import { definePlugin, schema as v } from '../../plugin/index.ts'
import { setting } from '../settings.ts'
import { pass, rejection, rejectStrategy } from './rejection.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.WebsocketTypeValidator',
  name: 'Websocket type validator',
  description: 'Lets messages of clients through that are binary, text, or JSON texts.',
  family: 'websocket',
  categories: ['Websocket'],
  steps: ['ValidateAccess'],
  config: v.looseObject({
    allowed_format: setting(
      v.picklist(['all', 'binary', 'text', 'json']),
      'all',
      'Which messages: all, binary, text, or json; the last lets binary ones through',
    ),
    reject_strategy: rejectStrategy,
  }),
  setup({ allowed_format: format, reject_strategy: strategy }, services) {
    if (format === 'all') return {}
    const reject = rejection(strategy, services)
    return {
      message(exchange, message) {
        if (message.direction !== 'client') return pass
        if (format === 'binary' && !message.binary)
          return reject(exchange, message, 1003, 'expected binary content')
        if (format === 'text' && message.binary)
          return reject(exchange, message, 1003, 'expected text content')
        if (format === 'json' && !message.binary && !isJson(message.data.toString()))
          return reject(exchange, message, 1003, 'expected json content')
        return pass
      },
    }
  },
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
