/**
 * WebSockets that a plugin answers in place of a backend: who of the route's plugins does, the handshake (RFC 6455, 4.2;
 * RFC 8441 over HTTP/2), and the messages, which message plugins see both ways as they do those of a backend.
 */
import { createHash } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { HeaderBlock } from '../../http/index.ts'
import { type Answer, refuse } from '../../plugin/answer.ts'
import type { SocketPeer, SocketPhase } from '../../plugin/contract.ts'
import type { VerdictNote } from '../flow/verdict-note.ts'
import type { Chain, ChainStep } from './chain.ts'
import type { GatewayExchange } from './exchange.ts'
import { PeerEnd } from './socket-peer.ts'
import type { TunnelOptions } from './tunnel.ts'
import { checkAnswer } from './verdict.ts'

/** The only path of the backend that tunnel plugins serve. */
const TUNNEL = '/.well-known/otoroshi/tunnel'
/** Appended to the key of a client (RFC 6455, 1.3). */
const ACCEPT = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** A plugin failed when it was asked. */
export class SocketStepFailed extends Error {
  readonly plugin: string
  constructor(plugin: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.name = 'SocketStepFailed'
    this.plugin = plugin
  }
}

/** A WebSocket that a plugin takes. */
export interface TakenSocket {
  readonly kind: 'taken'
  /** Fields of the answer that switches protocols. */
  readonly headers: HeaderBlock
  /** Begins, once the client has its answer. */
  start(client: Duplex, options: TunnelOptions): void
}

export interface SocketOutcome {
  readonly plugin: string
  readonly verdict: Answer | TakenSocket
}

/**
 * Asks the plugins of a route who takes the WebSocket of the exchange; null: the backend does. `watch` gives what records
 * a verdict. Rejects with `SocketStepFailed`.
 */
export async function askSockets(
  exchange: GatewayExchange,
  chain: Chain,
  watch: (step: ChainStep<unknown>) => VerdictNote | null,
): Promise<SocketOutcome | null> {
  const takesPart = ({ only }: ChainStep<SocketPhase>): boolean => only === null || only(exchange.request)
  const tunnel = chain.tunnel.find(takesPart)
  const sockets = chain.socket.filter(takesPart)
  const asked = tunnel === undefined ? sockets : [tunnel, ...sockets]
  if (asked.length === 0) return null
  const fault = handshakeFault(exchange)
  if (fault !== null) return { plugin: asked[0]!.plugin, verdict: fault }
  if (tunnel !== undefined && !isTunnel(exchange.upstream.path))
    return { plugin: tunnel.plugin, verdict: refuse('not_found') }
  for (const step of asked) {
    const note = watch(step)
    let verdict: SocketPeer | Answer | undefined | void
    try {
      verdict = await step.run(exchange)
      if (verdict !== undefined && ('kind' in verdict || !isPeer(verdict))) checkAnswer(verdict as Answer)
    } catch (error) {
      note?.({ result: { kind: 'failure', error: String(error) } })
      throw new SocketStepFailed(step.plugin, error)
    }
    note?.({ result: { kind: verdict === undefined ? 'successful' : 'short-circuit' } })
    if (verdict === undefined) continue
    if ('kind' in verdict) return { plugin: step.plugin, verdict }
    return {
      plugin: step.plugin,
      verdict: taken(verdict, exchange, chain.message.filter(takesPart as never)),
    }
  }
  return null
}

function isTunnel(path: string): boolean {
  return path === TUNNEL || path.startsWith(`${TUNNEL}/`) || path.startsWith(`${TUNNEL}?`)
}

/** One written without types may return anything. */
function isPeer(value: unknown): value is SocketPeer {
  if (typeof value !== 'object' || value === null) return false
  const { open, message, closed } = value as Record<string, unknown>
  const given = [open, message, closed].filter(part => part !== undefined)
  return given.length > 0 && given.every(part => typeof part === 'function')
}

function taken(peer: SocketPeer, exchange: GatewayExchange, steps: Chain['message']): TakenSocket {
  const headers = new HeaderBlock()
  const { request } = exchange
  if (request.version < 20)
    headers.append('Sec-WebSocket-Accept', acceptOf(request.headers.get('sec-websocket-key')!))
  if (peer.protocol !== undefined) headers.append('Sec-WebSocket-Protocol', peer.protocol)
  return {
    kind: 'taken',
    headers,
    start: (client, options) => new PeerEnd(client, peer, exchange, steps).start(options),
  }
}

function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}${ACCEPT}`).digest('base64')
}

function handshakeFault(exchange: GatewayExchange): Answer | null {
  const { headers, version } = exchange.request
  if (headers.get('sec-websocket-version') !== '13') {
    exchange.setAnswerHeader('Sec-WebSocket-Version', '13')
    return refuse('upgrade.unsupported', { status: 426, message: 'Only version 13 of WebSocket is spoken' })
  }
  if (version < 20 && !/^[+/0-9A-Za-z]{22}==$/.test(headers.get('sec-websocket-key') ?? ''))
    return refuse('upgrade.unsupported', { status: 400, message: 'Bad Sec-WebSocket-Key' })
  return null
}
