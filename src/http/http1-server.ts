/**
 * One HTTP/1.x connection, server side: reads heads, runs one exchange at a time, answers pipelined requests in order.
 *
 * Guarantees: the next head is parsed only after the answer before it is complete and its request body was read or
 * skipped to its exact end; a connection whose framing is in doubt is closed. Reading stops while too much lies unread.
 */
import type net from 'node:net'
import type { Duplex } from 'node:stream'
import { CR, LF } from './chars.ts'
import type { ConnectionFacts, ExchangeHandler } from './contract.ts'
import { BadMessage, parseRequestHead } from './head-parser.ts'
import { Http1Exchange } from './http1-exchange.ts'
import type { HttpLimits } from './limits.ts'
import { reasonPhrase } from './status.ts'
import { type Expiring, inTime, unwatch, watch } from './sweeper.ts'
import { attach, detach, type WireOwner } from './wire-socket.ts'

/** What the connections of one listener share. */
export interface Http1Context {
  readonly limits: HttpLimits
  readonly handler: ExchangeHandler
  /** True while the server stops: every answer closes its connection. */
  draining: boolean
  /** Takes a connection whose first bytes are the HTTP/2 preface; absent: refused. */
  readonly takeHttp2?: (stream: Duplex, facts: ConnectionFacts) => void
  /** A message that was refused before any handler saw it. */
  readonly onBadMessage?: (error: BadMessage, facts: ConnectionFacts) => void
  readonly onClose: (connection: Http1ServerConnection) => void
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export class Http1ServerConnection implements WireOwner, Expiring {
  readonly socket: net.Socket
  readonly facts: ConnectionFacts
  readonly context: Http1Context
  deadline: number
  /** Bytes read and not consumed yet. */
  #inbox: Buffer | null = null
  #exchange: Http1Exchange | null = null
  #served = 0
  /** A head has begun to arrive; its deadline runs from its first byte and is not moved by more bytes. */
  #headPending = true
  #reading = true
  #parsing = false
  #halfClosed = false
  #lingering = false

  constructor(socket: net.Socket, facts: ConnectionFacts, context: Http1Context) {
    this.socket = socket
    this.facts = facts
    this.context = context
    this.deadline = inTime(context.limits.headTimeout)
    watch(this)
    attach(socket, this)
  }

  get idle(): boolean {
    return this.#exchange === null
  }

  receive(buf: Buffer, end: number): boolean {
    if (this.#lingering) return true
    if (this.#inbox === null) {
      const at = this.#consume(buf, 0, end)
      if (at >= 0 && at < end) this.#keep(buf.subarray(at, end))
    } else {
      const all = Buffer.concat([this.#inbox, buf.subarray(0, end)])
      this.#inbox = null
      const at = this.#consume(all, 0, all.length)
      if (at >= 0 && at < all.length) this.#keep(all.subarray(at))
    }
    return this.#reading
  }

  #keep(bytes: Buffer): void {
    this.#inbox = this.#inbox === null ? Buffer.from(bytes) : Buffer.concat([this.#inbox, bytes])
    if (this.#exchange !== null && this.#inbox.length >= this.context.limits.maxPipelined) this.stopReading()
  }

  /** Consumes what it can; answers the position reached, -1 when the connection is no longer ours. */
  #consume(buf: Buffer, at: number, end: number): number {
    this.#parsing = true
    try {
      while (at < end) {
        const exchange = this.#exchange
        if (exchange !== null) {
          if (exchange.bodyDone) return at
          const next = exchange.bodyBytes(buf, at, end)
          if (this.#exchange === exchange && !exchange.bodyDone && next === at) return at
          at = next
          continue
        }
        if (this.#lingering || this.socket.destroyed) return -1
        const next = this.#head(buf, at, end)
        if (next < 0) return next === -2 ? -1 : at
        at = next
      }
      return at
    } catch (error) {
      this.#refuse(error)
      return -1
    } finally {
      this.#parsing = false
    }
  }

  /** Parses one head and starts its exchange. Answers the next position, -1 for "more bytes", -2 for "gone". */
  #head(buf: Buffer, at: number, end: number): number {
    // RFC 9112, 2.2: empty lines before a request line are ignored; one is enough for us.
    if (buf[at] === CR && (at + 1 >= end || buf[at + 1] === LF)) {
      if (at + 1 >= end) return -1
      at += 2
      if (at >= end) return at
    }
    if (
      this.#served === 0 &&
      buf[at] === 80 &&
      this.context.takeHttp2 !== undefined &&
      this.#preface(buf, at, end)
    )
      return -2
    const head = parseRequestHead(buf, at, end, this.context.limits)
    if (head === null) {
      if (!this.#headPending) {
        this.#headPending = true
        this.deadline = inTime(this.context.limits.headTimeout)
      }
      return -1
    }
    this.#served++
    this.#headPending = false
    const exchange = new Http1Exchange(this, head)
    if (this.context.draining || this.#served === this.context.limits.maxRequestsPerConnection)
      exchange.keepAlive = false
    this.#exchange = exchange
    this.deadline = inTime(this.context.limits.requestTimeout)
    this.context.handler(exchange)
    return head.end
  }

  /** HTTP/2 with prior knowledge: the whole connection is handed over. */
  #preface(buf: Buffer, at: number, end: number): boolean {
    const length = Math.min(PREFACE.length, end - at)
    if (length < PREFACE.length || buf.compare(PREFACE, 0, length, at, at + length) !== 0) return false
    unwatch(this)
    this.context.onClose(this)
    this.context.takeHttp2!(detach(this.socket, buf.subarray(at, end)), this.facts)
    return true
  }

  /** The exchange is over: answer sent and request body consumed. Goes on with what the client sent meanwhile. */
  exchangeDone(exchange: Http1Exchange): void {
    if (this.#exchange !== exchange) return
    this.#exchange = null
    if (!exchange.keepAlive || !exchange.bodyDone) {
      this.linger()
      return
    }
    this.deadline = inTime(this.context.limits.keepAliveTimeout)
    if (this.#parsing) return
    const inbox = this.#inbox
    if (inbox !== null) {
      this.#inbox = null
      const at = this.#consume(inbox, 0, inbox.length)
      if (at >= 0 && at < inbox.length) this.#keep(inbox.subarray(at))
    }
    if (this.#exchange === null) {
      if (this.#halfClosed) this.linger()
      else this.resumeReading()
    }
  }

  /** Gives kept bytes to the exchange that now wants its body. */
  pumpBody(): void {
    if (this.#parsing) return
    const inbox = this.#inbox
    if (inbox !== null) {
      this.#inbox = null
      const at = this.#consume(inbox, 0, inbox.length)
      if (at >= 0 && at < inbox.length) this.#keep(inbox.subarray(at))
    }
    if (this.#halfClosed && this.#exchange !== null && !this.#exchange.bodyDone)
      this.#exchange.connectionClosed()
  }

  stopReading(): void {
    if (!this.#reading) return
    this.#reading = false
    this.socket.pause()
  }

  resumeReading(): void {
    if (this.#reading) return
    this.#reading = true
    this.socket.resume()
  }

  /** Switches protocols: the socket and everything unread become a plain stream. */
  release(): Duplex {
    unwatch(this)
    this.context.onClose(this)
    const unread = this.#inbox
    this.#inbox = null
    this.#exchange = null
    return detach(this.socket, unread)
  }

  /**
   * Closes without tearing the answer out of the client's hands: sends FIN, ignores what still comes, and closes when the
   * client does or two seconds later (RFC 9112, 9.6).
   */
  linger(): void {
    if (this.#lingering) return
    this.#lingering = true
    this.#inbox = null
    this.socket.end()
    this.resumeReading()
    this.deadline = this.#halfClosed ? inTime(1) : inTime(2000)
    if (this.#halfClosed) this.socket.destroySoon()
  }

  destroy(): void {
    this.socket.destroy()
  }

  #refuse(error: unknown): void {
    if (!(error instanceof BadMessage)) {
      this.destroy()
      throw error
    }
    const exchange = this.#exchange
    this.context.onBadMessage?.(error, this.facts)
    if (exchange !== null && !exchange.bodyDone) {
      exchange.bodyFailed(error)
      return
    }
    const body = `${error.message}\n`
    const date = new Date().toUTCString()
    this.socket.write(
      `HTTP/1.1 ${error.status} ${reasonPhrase(error.status)}\r\nDate: ${date}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      'latin1',
    )
    this.linger()
  }

  finished(): void {
    this.#halfClosed = true
    if (this.#exchange === null) this.socket.destroySoon()
    else if (!this.#exchange.bodyDone && this.#inbox === null) this.#exchange.connectionClosed()
    else this.#exchange.keepAlive = false
  }

  drained(): void {
    this.#exchange?.drained()
  }

  closed(): void {
    unwatch(this)
    this.context.onClose(this)
    const exchange = this.#exchange
    this.#exchange = null
    exchange?.connectionClosed()
  }

  expire(): void {
    const exchange = this.#exchange
    if (this.#lingering) this.destroy()
    else if (exchange !== null) exchange.expired()
    else if (this.#headPending) {
      this.deadline = Number.POSITIVE_INFINITY
      if (this.#inbox === null) this.destroy()
      else this.#refuse(new BadMessage(408, 'the head did not arrive in time'))
    } else this.linger()
  }

  /** Stops: an idle connection closes now, a busy one after its answer. */
  drain(): void {
    if (this.#exchange === null) this.linger()
    else this.#exchange.keepAlive = false
  }

  /** Restarts the silence clock of a body or a slow reader. */
  touch(ms: number): void {
    this.deadline = inTime(ms)
  }
}
