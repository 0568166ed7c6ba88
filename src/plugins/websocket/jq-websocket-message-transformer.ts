/** Transforms messages with jq. */
import {
  definePlugin,
  type Exchange,
  schema as v,
  type SocketMessage,
  type SocketVerdict,
} from '../../plugin/index.ts'
import { filterText, prepareFilters } from '../jq-filter.ts'
import { pluginContext } from '../plugin-context.ts'
import { setting, text } from '../settings.ts'
import { pass, rejection } from './rejection.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.JqWebsocketMessageTransformer',
  name: 'Websocket JQ transformer',
  description:
    'Transforms JSON messages with jq filters, one for each direction. Messages that are no JSON texts are left out; where a filter fails, its errors take the place of the message.',
  family: 'websocket',
  categories: ['Websocket'],
  steps: ['TransformResponse'],
  config: v.looseObject({
    request_filter: setting(text, '.', 'jq filter on messages of clients'),
    response_filter: setting(text, '.', 'jq filter on messages of the backend'),
  }),
  prepare: ({ request_filter, response_filter }) => prepareFilters({ request_filter, response_filter }),
  setup(config, services) {
    const { request_filter: ofClient, response_filter: ofBackend } = config
    const reject = rejection('drop', services)
    const most = services.bodyLimit * 4
    const filtered = async (
      exchange: Exchange,
      message: SocketMessage,
      filter: string,
    ): Promise<SocketVerdict> => {
      const context = (): unknown => pluginContext(exchange, config, false)
      const outcome = await filterText(filter, message.data.toString(), context, most)
      if (outcome.ok) return { action: 'pass', data: Buffer.from(outcome.text) }
      if (outcome.fault === 'bad_input') return reject(exchange, message, 1008, 'message payload is not json')
      // What a filter says of a message of the backend may hold what it was to take out.
      const told = message.direction === 'client' ? outcome.details : [outcome.fault]
      return { action: 'pass', data: Buffer.from(JSON.stringify(told)) }
    }
    return {
      message(exchange, message) {
        const filter = (message.direction === 'client' ? ofClient : ofBackend).trim()
        if (message.binary) return reject(exchange, message, 1008, 'message payload is not text')
        if (filter === '') return pass
        return filtered(exchange, message, filter)
      },
    }
  },
})
