/** Sends copies of messages to another server. */
import { attribute, definePlugin, type Exchange, schema as v } from '../../plugin/index.ts'
import { serverChoice } from '../../expression/client-chosen.ts'
import { seldomLog } from '../seldom-log.ts'
import { setting, text } from '../settings.ts'
import { MessageCopies } from './message-copies.ts'
import { pass } from './rejection.ts'

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.WebsocketMirrorBackend',
  name: 'Websocket mirror backend',
  description:
    'Sends a copy of each message of a client to a second WebSocket server, whose answers are ignored. The connection to the backend goes on whatever becomes of the copies.',
  family: 'websocket',
  categories: ['Websocket'],
  steps: ['CallBackend'],
  config: v.looseObject({
    url: setting(
      v.nullable(text),
      null,
      'Address (ws or wss) of the second server; may hold expressions behind its host',
    ),
  }),
  setup({ url: given }, services) {
    const address = given?.trim() ?? ''
    if (address === '') return {}
    const url = services.template(checked(address, services.route.domains))
    const copies = attribute<MessageCopies | null>('mirror')
    const complain = seldomLog(services)
    const connect = (exchange: Exchange): MessageCopies | null => {
      try {
        return new MessageCopies(url(exchange), complain)
      } catch (error) {
        complain(`the mirror: ${(error as Error).message}`)
        return null
      }
    }
    return {
      message(exchange, { direction, data, binary }) {
        if (direction !== 'client') return pass
        let mirror = exchange.attributes.get(copies)
        if (mirror === undefined) exchange.attributes.set(copies, (mirror = connect(exchange)))
        mirror?.send(data, binary)
        return pass
      },
      afterRequest: ({ attributes }) => attributes.get(copies)?.close(),
    }
  },
})

/** What a client sends may fill the path, but not say which server is meant. Throws. */
function checked(url: string, domains: readonly string[]): string {
  const found = /^wss?:\/\/([^/?#]*)/i.exec(url.replace(/^http/i, 'ws'))
  if (found === null) throw new Error('url: expected a ws or wss URL')
  const chosen = serverChoice(found[1]!, domains)
  if (chosen !== undefined) throw new Error(`url: a client would choose ${chosen}`)
  return url.replace(/^http/i, 'ws')
}
