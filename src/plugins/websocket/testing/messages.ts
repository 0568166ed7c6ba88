/** Messages shown to a plugin without a gateway. */
import { GatewayExchange, UpstreamRequest } from '../../../gateway/pipeline/exchange.ts'
import { MessageBody } from '../../../gateway/pipeline/message-body.ts'
import type { PluginDefinition, PluginServices, SocketVerdict } from '../../../plugin/index.ts'
import {
  clientRequest,
  defaultTarget,
  pluginServices,
  type RequestInput,
  routeView,
  setUp,
} from '../../../plugin/testing.ts'
import { parse } from '../../../schema/index.ts'

export interface Conversation {
  /** What becomes of a message: its content, or why it did not go on. A text unless given as bytes. */
  say(data: string | Buffer, direction?: 'client' | 'backend'): Promise<string>
  readonly exchange: GatewayExchange
  readonly events: Readonly<Record<string, unknown>>[]
  end(): Promise<void>
}

/** A connection through one plugin. Rejects when the settings are none. */
export async function converse<C>(
  definition: PluginDefinition<C>,
  config: object = {},
  request: RequestInput = {},
  more: Partial<PluginServices> = {},
): Promise<Conversation> {
  const parsed = parse(definition.config, config)
  if (parsed.ok) await definition.prepare?.(parsed.value)
  const events: Readonly<Record<string, unknown>>[] = []
  const services = pluginServices(routeView({ id: 'r' }), [], [], {
    event: (type, fields) => events.push({ type, ...fields() }),
    ...more,
  })
  const instance = setUp(definition, config, services)
  const exchange = new GatewayExchange(
    clientRequest(request, true),
    routeView({ id: 'r' }),
    '',
    performance.now(),
    () => '1',
  )
  exchange.target = defaultTarget
  exchange.upstreamRequest = new UpstreamRequest(
    'GET',
    '/',
    exchange.request.headers.clone(),
    new MessageBody(0, () => () => {}),
  )
  return {
    exchange,
    events,
    async say(data, direction = 'client') {
      const binary = typeof data !== 'string'
      const content = Buffer.from(data as string)
      const verdict: SocketVerdict = (await instance.message?.(exchange, {
        direction,
        binary,
        data: content,
      })) ?? { action: 'pass' }
      if (verdict.action === 'close') return `close ${verdict.code} ${verdict.reason}`
      return verdict.action === 'drop' ? 'drop' : (verdict.data ?? content).toString()
    },
    end: async () => instance.afterRequest?.(exchange),
  }
}
