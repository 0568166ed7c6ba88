/** What becomes of WebSocket messages that a validator refuses. */
import {
  type Exchange,
  type PluginServices,
  schema as v,
  type SocketMessage,
  type SocketVerdict,
} from '../../plugin/index.ts'
import { setting, text } from '../settings.ts'

/** The setting of the validators. Upstream takes any other word for `drop`. */
export const rejectStrategy = setting(
  v.pipe(
    text,
    v.transform(word => word.trim().toLowerCase()),
    v.picklist(['drop', 'close']),
  ),
  'drop',
  'What becomes of a message that is refused: drop leaves it out, close ends the connection',
)

/** Refuses a message with a code (RFC 6455, 7.4) and tells of it. */
export type Rejection = (
  exchange: Exchange,
  message: SocketMessage,
  code: number,
  reason: string,
) => SocketVerdict

export function rejection(strategy: 'drop' | 'close', services: Pick<PluginServices, 'event'>): Rejection {
  return (exchange, { data, direction }, code, reason) => {
    services.event('WebsocketEvent', () => ({
      reqId: exchange.id,
      protocol: 'websocket',
      to: { host: exchange.request.host, scheme: exchange.request.protocol, uri: exchange.request.target },
      target: exchange.target,
      direction,
      statusCode: code,
      reason,
      frameSize: data.length,
    }))
    return strategy === 'close' ? { action: 'close', code, reason } : { action: 'drop' }
  }
}

export const pass: SocketVerdict = { action: 'pass' }
