/**
 * One HTTP/1.x connection, server side: reads heads, runs one exchange at a time, answers pipelined requests in order.
 *
 * Guarantees: the next head is parsed only after the answer before it is complete and its request body was read or
 * skipped to its exact end; a connection whose framing is in doubt is closed. Reading stops while too much lies unread.
 */
import type net from 'node:net'
import type { Duplex } from 'node:stream'
import { CR, LF } from './chars.ts'
import type { ConnectionFacts, ExchangeHandler, RefusalHook } from './contract.ts'
import { FirstObjects } from './first-objects.ts'
import { BadMessage, parseRequestHead } from './head-parser.ts'
import { Http1Exchange } from './http1-exchange.ts'
import { Inbox } from './inbox.ts'
import type { HttpLimits } from './limits.ts'
import { httpDate, reasonPhrase } from './status.ts'
import { clock, type Expiring, inTime, unwatch, watch } from './sweeper.ts'
import { attach, detach, type SocketStream, taken, unread, type WireOwner } from './wire-socket.ts'

/** What the connections of one listener share. */
export interface Http1Context {
  readonly limits: HttpLimits
  readonly handler: ExchangeHandler
  /** True while the server stops: every answer closes its connection. */
  draining: boolean
  /** Takes a connection whose first bytes are the HTTP/2 preface; absent: refused. */
  readonly takeHttp2?: (socket: net.Socket, facts: ConnectionFacts) => void
  readonly onRefusal?: RefusalHook
  readonly onClose: (connection: Http1ServerConnection) => void
  /** The connection switched protocols; its socket lives on as a plain stream. */
  readonly onRelease?: (socket: net.Socket) => void
}

/** Milliseconds a client has to close its side after our last byte, and after each of its own that we throw away. */
const LINGER = 2000
/** Milliseconds it has in all, also for a body that is skipped: whoever sends on and on is cut off. */
const LINGER_AT_MOST = 30_000

const MORE = -1
const GONE = -2

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

const firstObjects = new FirstObjects()

export class Http1ServerConnection implements WireOwner, Expiring {
  readonly socket: net.Socket
  readonly facts: ConnectionFacts
  readonly context: Http1Context
  deadline: number
  /** Bytes read and not consumed yet. */
  #inbox: Inbox | null = null
  #exchange: Http1Exchange | null = null
  /** The stream this connection became by switching protocols. */
  #released: SocketStream | null = null
  #served = 0
  /** A head has begun to arrive; its deadline runs from its first byte and is not moved by more bytes. */
  #headPending = true
  #reading = true
  #parsing = false
  #halfClosed = false
  #lingering = false
  #closed = false
  /** An empty line in front of the next head was skipped already. */
  #emptyLine = false
  /** Bytes that were out when the write deadline was set, see `taken`. */
  #taken = 0
  /** The deadline of the running exchange, or of the farewell, as a whole. */
  #requestBy = Number.POSITIVE_INFINITY

  constructor(socket: net.Socket, facts: ConnectionFacts, context: Http1Context) {
    this.socket = socket
    this.facts = facts
    this.context = context
    this.deadline = inTime(context.limits.headTimeout)
    watch(this)
    attach(socket, this)
    firstObjects.note(this)
  }

  get idle(): boolean {
    return this.#exchange === null
  }

  receive(buf: Buffer, end: number): boolean {
    if (this.#lingering) {
      // Closing now would take an answer out of the hands of a client that is still busy sending.
      if (this.socket.writableLength === 0) this.deadline = Math.min(inTime(LINGER), this.#requestBy)
      return true
    }
    const inbox = this.#inbox
    if (inbox === null) {
      const at = this.#consume(buf, 0, end)
      if (at >= 0 && at < end) this.#keep(new Inbox(buf, at, end))
    } else {
      const look = inbox.append(buf, 0, end)
      // Nothing to do for an unfinished head that got no line end.
      if (look || this.#exchange !== null) this.#consumeInbox()
    }
    return this.#reading
  }

  /** Consumes what was kept, as far as it can be used now. */
  #consumeInbox(): void {
    const inbox = this.#inbox
    if (inbox === null) return
    this.#inbox = null
    const at = this.#consume(inbox.buf, inbox.start, inbox.end)
    if (at < 0 || at >= inbox.end) return
    inbox.start = at
    this.#keep(inbox)
  }

  #keep(inbox: Inbox): void {
    this.#inbox = inbox
    if (this.#exchange !== null && inbox.length >= this.context.limits.maxPipelined) this.stopReading()
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
        if (this.#released !== null) {
          this.#released.feed(buf, at, end)
          return -1
        }
        // RFC 9112, 2.2: empty lines before a request line are ignored; one is enough for us.
        if (buf[at] === CR && !this.#emptyLine) {
          if (at + 1 >= end) return at
          if (buf[at + 1] === LF) {
            this.#emptyLine = true
            at += 2
            continue
          }
        }
        const next = this.#head(buf, at, end)
        if (next < 0) return next === GONE ? -1 : at
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

  /** Parses one head and starts its exchange. Answers the next position, `MORE` bytes wanted, or `GONE`. */
  #head(buf: Buffer, at: number, end: number): number {
    if (
      buf[at] === 80 &&
      this.#served === 0 &&
      this.context.takeHttp2 !== undefined &&
      this.facts.tls === null
    ) {
      const taken = this.#preface(buf, at, end)
      if (taken !== 0) return taken
    }
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
    this.#emptyLine = false
    const exchange = new Http1Exchange(this, head)
    if (this.context.draining || this.#served === this.context.limits.maxRequestsPerConnection)
      exchange.keepAlive = false
    this.#exchange = exchange
    this.#requestBy = inTime(this.context.limits.requestTimeout)
    this.deadline = this.#requestBy
    this.context.handler(exchange)
    return head.end
  }

  /** HTTP/2 with prior knowledge: the whole connection is handed over. 0: it is something else. */
  #preface(buf: Buffer, at: number, end: number): number {
    const length = Math.min(PREFACE.length, end - at)
    if (buf.compare(PREFACE, 0, length, at, at + length) !== 0) return 0
    if (length < PREFACE.length) return MORE
    unwatch(this)
    this.#closed = true
    this.context.onClose(this)
    this.context.takeHttp2!(unread(this.socket, Buffer.from(buf.subarray(at, end))), this.facts)
    return GONE
  }

  /** The exchange is over: answer sent and request body consumed. Goes on with what the client sent meanwhile. */
  exchangeDone(exchange: Http1Exchange): void {
    if (this.#exchange !== exchange) return
    this.#exchange = null
    if (!exchange.keepAlive || !exchange.bodyDone) {
      this.linger()
      return
    }
    this.#requestBy = Number.POSITIVE_INFINITY
    this.deadline = inTime(this.context.limits.keepAliveTimeout)
    if (this.#parsing) return
    this.#consumeInbox()
    if (this.#exchange !== null) this.#readOn(this.#exchange)
    else if (!this.#lingering && !this.#closed) {
      if (this.#halfClosed) this.linger()
      else this.resumeReading()
    }
  }

  /** Gives kept bytes to the exchange that now wants its body, and reads on. */
  pumpBody(): void {
    if (this.#parsing) return
    this.#consumeInbox()
    if (this.#exchange !== null) this.#readOn(this.#exchange)
  }

  #readOn(exchange: Http1Exchange): void {
    if (exchange.bodyDone || !exchange.wantsBody) return
    if (this.#halfClosed && this.#inbox === null) exchange.connectionClosed()
    else this.resumeReading()
  }

  /** The rest of a body that is skipped has as long as that of a connection that closes. */
  hurry(): void {
    this.#requestBy = Math.min(this.#requestBy, inTime(LINGER_AT_MOST))
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
    const inbox = this.#inbox
    this.#inbox = null
    this.#exchange = null
    this.#closed = true
    this.context.onClose(this)
    this.context.onRelease?.(this.socket)
    this.#released = detach(this.socket)
    if (inbox !== null) this.#released.feed(inbox.buf, inbox.start, inbox.end)
    return this.#released
  }

  /**
   * Closes without tearing the answer out of the client's hands: sends FIN, ignores what still comes, and closes when the
   * client does or two seconds after it took the answer and sent its last byte (RFC 9112, 9.6).
   */
  linger(): void {
    if (this.#lingering) return
    this.#lingering = true
    this.#inbox = null
    this.#taken = taken(this.socket)
    const waiting = this.socket.writableLength > 0
    this.#requestBy = waiting ? Number.POSITIVE_INFINITY : inTime(LINGER_AT_MOST)
    this.socket.end()
    this.resumeReading()
    this.deadline = inTime(waiting ? this.context.limits.writeTimeout : LINGER)
    if (this.#halfClosed) this.socket.destroySoon()
  }

  /** Closes so that the client can tell: sends what is written, and nothing that looks like a proper end. */
  tear(): void {
    this.#lingering = true
    this.#inbox = null
    this.#taken = taken(this.socket)
    this.deadline = inTime(this.context.limits.writeTimeout)
    this.socket.destroySoon()
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** Closes with RST, where FIN would look like a proper end. */
  reset(): void {
    if (this.facts.tls === null && !this.socket.connecting) this.socket.resetAndDestroy()
    else this.socket.destroy()
  }

  #refuse(error: unknown): void {
    if (!(error instanceof BadMessage)) {
      this.destroy()
      throw error
    }
    const exchange = this.#exchange
    if (exchange !== null && !exchange.bodyDone) {
      exchange.bodyFailed(error)
      return
    }
    const body = `${error.message}\n`
    const more = this.context.onRefusal?.(error, this.facts).wire() ?? ''
    this.socket.write(
      `HTTP/1.1 ${error.status} ${reasonPhrase(error.status)}\r\nDate: ${httpDate()}\r\nContent-Type: text/plain\r\n${more}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
      'latin1',
    )
    this.linger()
  }

  finished(): void {
    this.#halfClosed = true
    const exchange = this.#exchange
    if (exchange === null) this.socket.destroySoon()
    else if (!exchange.bodyDone && this.#inbox === null) exchange.connectionClosed()
    // What was sent ahead is still answered.
    else if (this.#inbox === null) exchange.keepAlive = false
  }

  drained(): void {
    if (this.#lingering) {
      this.#requestBy = inTime(LINGER_AT_MOST)
      this.deadline = inTime(LINGER)
    } else this.#exchange?.drained()
  }

  closed(): void {
    if (this.#closed) return
    this.#closed = true
    unwatch(this)
    this.context.onClose(this)
    const exchange = this.#exchange
    this.#exchange = null
    exchange?.connectionClosed()
  }

  expire(): void {
    const exchange = this.#exchange
    if (this.#lingering) this.#lingered()
    else if (exchange !== null && clock.now < this.#requestBy && this.#progressed())
      this.touch(this.context.limits.writeTimeout)
    else if (exchange !== null) exchange.expired()
    else if (this.#headPending) {
      this.deadline = Number.POSITIVE_INFINITY
      if (this.#inbox === null) this.destroy()
      else this.#refuse(new BadMessage(408, 'the head did not arrive in time'))
    } else this.linger()
  }

  #lingered(): void {
    if (this.#progressed()) this.deadline = inTime(this.context.limits.writeTimeout)
    else this.destroy()
  }

  /** True when a slow client took some of what waits for it since the last look. */
  #progressed(): boolean {
    const now = taken(this.socket)
    const moved = this.socket.writableLength > 0 && now > this.#taken
    this.#taken = now
    return moved
  }

  /** Stops: an idle connection closes now, one that has just begun may still ask once, a busy one closes after its answer. */
  drain(): void {
    if (this.#exchange !== null) this.#exchange.keepAlive = false
    else if (this.#served > 0 && this.#inbox === null) this.linger()
    else this.deadline = Math.min(this.deadline, inTime(DRAIN_GRACE))
  }

  /** Restarts the silence clock of a body; 0 for none. */
  touch(ms: number): void {
    this.deadline = Math.min(inTime(ms), this.#requestBy)
  }

  /** Restarts the clock of a client that does not take what is written. */
  touchWrite(): void {
    this.#taken = taken(this.socket)
    this.touch(this.context.limits.writeTimeout)
  }
}

/** Milliseconds a connection without a request has left when the server stops. */
const DRAIN_GRACE = 500
