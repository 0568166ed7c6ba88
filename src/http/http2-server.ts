/**
 * Serves HTTP/2 on connections that a server hands over: TLS with ALPN `h2`, or plain with the client's preface first.
 * Frames, HPACK and flow control are Node's; what a request may be and how much a peer may ask for is decided here.
 */
import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type net from 'node:net'
import { BadMessage } from './bad-message.ts'
import type { ConnectionFacts, ExchangeHandler, RefusalHook } from './contract.ts'
import { Http2Exchange, refuse } from './http2-exchange.ts'
import { readRequest } from './http2-head.ts'
import { sessionOptions } from './http2-options.ts'
import { DEFAULT_HTTP2_LIMITS, type Http2Limits, type HttpLimits } from './limits.ts'
import type { Http2Taker } from './server.ts'
import { type Expiring, inTime, unwatch, watch } from './sweeper.ts'

export interface Http2ServerOptions {
  readonly limits: HttpLimits
  readonly http2?: Partial<Http2Limits>
  readonly handler: ExchangeHandler
  readonly onRefusal?: RefusalHook
}

export class Http2Server implements Http2Taker {
  readonly options: Http2ServerOptions
  readonly limits: Http2Limits
  readonly sessions = new Set<Http2ServerConnection>()
  onEnded: (() => void) | null = null

  constructor(options: Http2ServerOptions) {
    this.options = options
    this.limits = { ...DEFAULT_HTTP2_LIMITS, ...options.http2 }
  }

  get open(): number {
    return this.sessions.size
  }

  take(socket: net.Socket, facts: ConnectionFacts): void {
    this.sessions.add(new Http2ServerConnection(this, socket, facts))
  }

  drain(): void {
    for (const session of [...this.sessions]) session.close()
  }

  destroy(): void {
    for (const session of [...this.sessions]) session.destroy()
  }
}

class Http2ServerConnection implements Expiring {
  deadline: number
  readonly #server: Http2Server
  readonly #session: ServerHttp2Session
  readonly #facts: ConnectionFacts
  #streams = 0
  #served = 0
  #closing = false

  constructor(server: Http2Server, socket: net.Socket, facts: ConnectionFacts) {
    this.#server = server
    this.#facts = facts
    const { limits } = server.options
    this.deadline = inTime(limits.headTimeout)
    watch(this)
    // Sessions have no halves: the client's FIN ends them.
    socket.allowHalfOpen = false
    this.#session = performServerHandshake(socket, {
      ...sessionOptions(limits, server.limits),
      settings: {
        maxConcurrentStreams: server.limits.maxConcurrentStreams,
        initialWindowSize: server.limits.streamWindow,
        maxHeaderListSize: limits.maxHead,
        enableConnectProtocol: true,
      },
    } as never)
    this.#session.on('stream', (stream, _headers, flags, raw) => this.#stream(stream, flags, raw as string[]))
    this.#session.on('error', () => {})
    this.#session.on('close', () => this.#closed())
  }

  #stream(stream: ServerHttp2Stream, flags: number, raw: string[]): void {
    const { limits, handler, onRefusal } = this.#server.options
    this.#streams++
    this.#served++
    this.deadline = Number.POSITIVE_INFINITY
    stream.on('close', () => this.#streamClosed())
    if (this.#served === limits.maxRequestsPerConnection) this.close()
    const ended = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
    let exchange: Http2Exchange
    try {
      exchange = new Http2Exchange(stream, readRequest(raw, limits), ended, this.#facts, limits)
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error
      refuse(stream, error, stream.destroyed ? null : (onRefusal?.(error, this.#facts) ?? null))
      return
    }
    if (!stream.destroyed) handler(exchange)
  }

  #streamClosed(): void {
    if (--this.#streams === 0 && !this.#closing)
      this.deadline = inTime(this.#server.options.limits.keepAliveTimeout)
  }

  /** Sends GOAWAY; ends when the streams are done. */
  close(): void {
    if (this.#closing) return
    this.#closing = true
    this.#session.close()
  }

  destroy(): void {
    this.#session.destroy()
  }

  #closed(): void {
    unwatch(this)
    if (this.#server.sessions.delete(this)) this.#server.onEnded?.()
  }

  expire(): void {
    if (this.#closing || this.#served === 0) this.destroy()
    else {
      this.close()
      this.deadline = inTime(2000)
    }
  }
}
