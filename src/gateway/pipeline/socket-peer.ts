/** A plugin as the other end of a WebSocket. */
import type { Duplex } from 'node:stream'
import type { Exchange, SocketClient, SocketPeer } from '../../plugin/contract.ts'
import type { Chain } from './chain.ts'
import { InOrder, type MessageWay, passOn, readFrames } from './messages.ts'
import { type SocketEnd, WireEnd } from './socket-ends.ts'
import { Silence } from './silence.ts'
import type { TunnelOptions } from './tunnel.ts'

/** Nobody said why it ended (RFC 6455, 7.1.5). */
const ABNORMAL = 1006

export class PeerEnd implements SocketEnd {
  readonly name = 'backend'
  readonly full = false
  closed = false
  onDrain: (() => void) | null = null
  readonly #peer: SocketPeer
  readonly #wire: WireEnd
  readonly #toClient: MessageWay
  readonly #toPlugin: MessageWay
  /** What the plugin sends, one after the other. */
  readonly #sending: InOrder
  readonly #client: SocketClient
  #silence: Silence | null = null
  #bytesIn = 0
  #bytesOut = 0
  /** Wakes whoever waits for the client to take more. */
  #wake: (() => void) | null = null

  constructor(client: Duplex, peer: SocketPeer, exchange: Exchange, steps: Chain['message']) {
    this.#peer = peer
    this.#wire = new WireEnd('client', client)
    this.#toClient = { from: this, to: this.#wire, exchange, steps }
    this.#toPlugin = { from: this.#wire, to: this, exchange, steps }
    this.#sending = new InOrder(this.#toClient)
    this.#client = {
      send: data => this.#sending.add(() => this.#say(data)),
      close: (code = 1000, reason = '') => void this.#sending.add(() => this.#wire.end(code, reason)),
    }
  }

  start({ idle, onEnd }: TunnelOptions): void {
    const { stream } = this.#wire
    let silent = false
    this.#silence = new Silence(idle, () => {
      silent = true
      stream.destroy()
    })
    stream.on('data', (chunk: Buffer) => {
      this.#bytesIn += chunk.length
      this.#silence?.broken()
    })
    stream.on('drain', () => this.#wake?.())
    stream.on('error', () => {})
    stream.once('close', () => {
      this.#wire.closed = true
      this.#over(ABNORMAL, '')
      this.#wake?.()
      this.#silence?.end()
      onEnd(this.#bytesIn, this.#bytesOut, silent)
    })
    // Messages wait for it: they are read in their own order, which begins with it.
    readFrames(this.#wire, this.#toPlugin, () => this.#peer.open?.(this.#client))
  }

  async #say(data: string | Uint8Array): Promise<void> {
    const binary = typeof data !== 'string'
    const content = binary ? Buffer.from(data) : Buffer.from(data, 'utf8')
    this.#bytesOut += content.length
    this.#silence?.broken()
    await passOn(this.#toClient, content, binary)
    if (this.#wire.full && !this.#wire.closed) await new Promise<void>(go => (this.#wake = go))
    this.#wake = null
  }

  /** The plugin learns once that it is over. */
  #over(code: number, reason: string): void {
    if (this.closed) return
    this.closed = true
    this.#peer.closed?.(code, reason)
  }

  // The plugin as the client sees it.

  send(data: Buffer, binary: boolean): void | Promise<void> {
    return this.#peer.message?.(this.#client, data, binary)
  }

  ping(data: Buffer): void {
    this.#wire.pong(data)
  }

  pong(): void {}

  conclude(code: number, reason: Buffer): void {
    // Whoever is told of a close answers it, and the side of the server ends the connection (RFC 6455, 7.1.1).
    this.#wire.conclude(code, reason)
    this.#over(code, reason.toString())
    this.#wire.over()
  }

  end(code: number, reason: string): void {
    this.#over(code, reason)
  }

  over(): void {
    this.#over(ABNORMAL, '')
    this.#wire.over()
  }
}
