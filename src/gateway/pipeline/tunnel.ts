/**
 * What follows an upgrade: bytes pass untouched, both ways, with back-pressure and half-close, until nothing has moved for
 * the idle time-out of the backend; only when a plugin reads messages are WebSocket frames looked into.
 */
import type { Duplex } from 'node:stream'
import type { PluginInstance } from '../../plugin/contract.ts'
import type { ChainStep } from './chain.ts'
import type { GatewayExchange } from './exchange.ts'
import { Silence } from './silence.ts'

type MessageSteps = readonly ChainStep<NonNullable<PluginInstance['message']>>[]

/** What a tunnel is opened with. */
export interface TunnelOptions {
  /** Milliseconds without a byte either way after which it is closed; 0: none. */
  readonly idle: number
  /** Called once, with the bytes that went to the backend and to the client; `idle`: nothing moved for too long. */
  onEnd(bytesIn: number, bytesOut: number, idle: boolean): void
}

/** Joins the streams until both are closed. */
export function openTunnel(
  client: Duplex,
  backend: Duplex,
  exchange: GatewayExchange,
  steps: MessageSteps,
  { idle, onEnd }: TunnelOptions,
): void {
  const count = { in: 0, out: 0 }
  let open = 2
  let silent = false
  const silence = new Silence(idle, () => {
    silent = true
    client.destroy()
    backend.destroy()
  })
  const closed = (): void => {
    if (--open > 0) return
    silence.end()
    onEnd(count.in, count.out, silent)
  }
  joinEnds(client, backend, closed)
  joinEnds(backend, client, closed)
  client.on('data', (chunk: Buffer) => {
    count.in += chunk.length
    silence.broken()
  })
  backend.on('data', (chunk: Buffer) => {
    count.out += chunk.length
    silence.broken()
  })
  const used = steps.filter(step => step.only === null || step.only(exchange.request))
  // Over HTTP/2 there is no Upgrade field (RFC 8441): what counts is what was agreed.
  if (used.length === 0 || exchange.request.upgrade?.toLowerCase() !== 'websocket') {
    pour(client, backend)
    pour(backend, client)
  } else {
    // Loaded on first use: few routes look into messages.
    client.pause()
    backend.pause()
    import('./messages.ts').then(
      ({ joinMessages }) => joinMessages(client, backend, exchange, used),
      () => client.destroy(),
    )
  }
}

function joinEnds(one: Duplex, other: Duplex, closed: () => void): void {
  one.on('error', () => {})
  one.once('close', () => {
    // Time for what is buffered on the other side; it closes by itself when its own end was seen.
    if (!other.writableEnded) other.end()
    if (!other.readableEnded && !other.destroyed) other.destroy()
    closed()
  })
}

function pour(from: Duplex, to: Duplex): void {
  from.on('data', (chunk: Buffer) => {
    if (!to.write(chunk)) from.pause()
  })
  to.on('drain', () => from.resume())
  from.once('end', () => to.end())
}
