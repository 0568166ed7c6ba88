/** Limits the size of messages. */
import { definePlugin, schema as v, type SocketMessage } from '../../plugin/index.ts'
import { count, setting } from '../settings.ts'
import { pass, rejection, rejectStrategy } from './rejection.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.WebsocketSizeValidator',
  name: 'Websocket size validator',
  description: 'Limits the size of messages both ways: characters of texts, bytes of binary ones.',
  family: 'websocket',
  categories: ['Websocket'],
  steps: ['ValidateAccess', 'TransformResponse'],
  config: v.looseObject({
    client_max_payload: setting(count, 4096, 'Longest message of a client'),
    upstream_max_payload: setting(count, 4096, 'Longest message of the backend'),
    reject_strategy: rejectStrategy,
  }),
  setup(
    { client_max_payload: ofClient, upstream_max_payload: ofBackend, reject_strategy: strategy },
    services,
  ) {
    const reject = rejection(strategy, services)
    return {
      message(exchange, message) {
        const client = message.direction === 'client'
        if (!isLonger(message, client ? ofClient : ofBackend)) return pass
        return reject(exchange, message, 1009, client ? 'limit exceeded' : 'upstream payload limit exceeded')
      },
    }
  },
})

/** No text has more characters than bytes, nor fewer than a third of them. */
function isLonger({ data, binary }: SocketMessage, limit: number): boolean {
  if (data.length <= limit) return false
  return binary || data.length > limit * 3 || data.toString().length > limit
}
