/** Says yes, for tests and demonstrations. */
import { definePlugin, type SocketClient } from '../../plugin/index.ts'
import { bareError } from '../bare-error.ts'
import { noSettings } from '../settings.ts'

/** Milliseconds between two messages. */
const PAUSE = 300

export default definePlugin({
  id: 'cp:otoroshi.next.plugins.api.YesWebsocketBackend',
  name: 'Yes',
  description:
    'Sends the text `y` to WebSockets again and again. With `?fail=yes` the connection is refused.',
  family: 'websocket',
  categories: ['Websocket'],
  steps: ['CallBackend'],
  config: noSettings,
  setup() {
    return {
      socket(exchange) {
        if (exchange.request.query.get('fail') === 'yes')
          return bareError(500, 'configured_answer', { error: 'fail !' })
        let timer: NodeJS.Timeout | null = null
        let over = false
        const say = async (client: SocketClient): Promise<void> => {
          // The next one waits until the client has taken this one.
          await client.send('y')
          if (!over) timer = setTimeout(() => void say(client), PAUSE).unref()
        }
        return {
          open: client => void say(client),
          closed: () => {
            over = true
            if (timer !== null) clearTimeout(timer)
          },
        }
      },
    }
  },
})
