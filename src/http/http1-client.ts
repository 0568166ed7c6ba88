/**
 * One HTTP/1.1 connection to an origin: one request at a time, reused only after the answer was read to its exact end
 * and the request was sent to its exact end. Anything unexpected (bytes while idle, wrong length, a late answer) closes it.
 */
import type net from 'node:net'
import { ChunkDecoder, chunkPrefix, lastChunk } from './chunked.ts'
import {
  type DispatchRequest,
  type ResponseHandler,
  type TransportFault,
  TransportError,
  UNKNOWN_LENGTH,
} from './contract.ts'
import { BadMessage, parseResponseHead, type ResponseHead } from './head-parser.ts'
import type { HeaderBlock } from './headers.ts'
import type { CallTimeouts, Origin, PoolLimits } from './origin.ts'
import { bodyless } from './status.ts'
import { clock, type Expiring, inTime, unwatch, watch } from './sweeper.ts'
import { attach, detach, type WireOwner } from './wire-socket.ts'

const GATHER = 16_384
/** Interim answers accepted before the final one. */
const MAX_INTERIM = 16

/** What the pool needs to hear of its connections. */
export interface Http1Home {
  readonly origin: Origin
  readonly limits: PoolLimits
  /** The connection is free for another request. */
  free(connection: Http1ClientConnection): void
  gone(connection: Http1ClientConnection): void
}

export class Http1ClientConnection implements WireOwner, Expiring {
  readonly socket: net.Socket
  deadline = Number.POSITIVE_INFINITY
  /** Requests served so far. */
  served = 0
  /** Milliseconds the server said it keeps an idle connection, or Infinity. */
  serverKeeps = Number.POSITIVE_INFINITY
  readonly #home: Http1Home
  #request: DispatchRequest | null = null
  #handler: ResponseHandler | null = null
  #timeouts: CallTimeouts | null = null
  #again: (() => void) | null = null
  #totalBy = Number.POSITIVE_INFINITY
  #inbox: Buffer | null = null
  #out = ''
  #sent = true
  #sendOwed = 0
  #chunkedOut = false
  #head: ResponseHead | null = null
  #decoder: ChunkDecoder | null = null
  #remaining = 0
  #untilClose = false
  #keepAlive = false
  #interim = 0
  #gotBytes = false
  #paused = false
  #closed = false

  constructor(socket: net.Socket, home: Http1Home) {
    this.socket = socket
    this.#home = home
    watch(this)
    attach(socket, this)
  }

  get dead(): boolean {
    return this.#closed
  }

  /** True while the request of this handler is in flight here. */
  serves(handler: ResponseHandler): boolean {
    return this.#handler === handler
  }

  /**
   * Sends a request. `headBy` is the deadline of the answer's head, `totalBy` of the whole call (sweeper clock). `again`
   * is called instead of `onError` when the connection turns out to have been closed before it saw the request.
   */
  send(
    request: DispatchRequest,
    handler: ResponseHandler,
    timeouts: CallTimeouts,
    headBy: number,
    totalBy: number,
    again: (() => void) | null,
  ): void {
    this.#again = again
    this.#request = request
    this.#handler = handler
    this.#timeouts = timeouts
    this.#totalBy = totalBy
    this.deadline = Math.min(headBy, totalBy)
    this.#head = null
    this.#decoder = null
    this.#interim = 0
    this.#gotBytes = false
    this.#chunkedOut = request.bodyLength === UNKNOWN_LENGTH
    this.#sendOwed = request.bodyLength
    this.#sent = request.bodyLength === 0
    this.#out = requestHead(request, this.#home.origin, this.#chunkedOut)
    const reused = this.served++ > 0
    handler.onConnect(reused)
    if (this.#handler === handler) this.#flush()
  }

  /** Body bytes of the request. False: wait for `onDrain`. */
  write(chunk: Buffer): boolean {
    if (this.#closed || this.#sent || chunk.length === 0) return true
    if (!this.#chunkedOut) {
      if (chunk.length > this.#sendOwed) chunk = chunk.subarray(0, this.#sendOwed)
      this.#sendOwed -= chunk.length
    }
    if (this.#out !== '' && this.#out.length + chunk.length <= GATHER) {
      // The head has not gone out yet: the first body bytes travel with it.
      const text = chunk.toString('latin1')
      this.#out += this.#chunkedOut ? `${chunkPrefix(chunk.length)}${text}\r\n` : text
      return true
    }
    this.#flush()
    if (this.#chunkedOut) this.socket.write(chunkPrefix(chunk.length), 'latin1')
    this.socket.write(Buffer.from(chunk))
    if (this.#chunkedOut) this.socket.write('\r\n', 'latin1')
    return !this.socket.writableNeedDrain
  }

  end(trailers: HeaderBlock | null): void {
    if (this.#closed || this.#sent) return
    if (!this.#chunkedOut && this.#sendOwed > 0) {
      this.fail('aborted', 'the request body ended early')
      return
    }
    this.#sent = true
    if (this.#chunkedOut) this.#out += lastChunk(trailers)
    this.#flush()
  }

  #flush(): void {
    if (this.#out === '' || this.#closed) return
    this.socket.write(this.#out, 'latin1')
    this.#out = ''
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#touch()
    const inbox = this.#inbox
    if (inbox !== null) {
      this.#inbox = null
      this.receive(inbox, inbox.length)
    }
    if (!this.#paused && !this.#closed) this.socket.resume()
  }

  receive(buf: Buffer, end: number): boolean {
    if (this.#closed) return false
    if (this.#paused) {
      this.#keep(buf, 0, end)
      return false
    }
    const handler = this.#handler
    if (handler === null) {
      // Nobody asked: a server that speaks out of turn cannot be trusted with the next request.
      this.#destroy()
      return false
    }
    this.#gotBytes = true
    if (this.#inbox !== null) {
      buf = Buffer.concat([this.#inbox, buf.subarray(0, end)])
      end = buf.length
      this.#inbox = null
    }
    try {
      this.#consume(buf, end)
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error
      this.fail('bad_response', error.message)
    }
    if (!this.#closed) handler.onFlush()
    return !this.#paused && !this.#closed
  }

  #keep(buf: Buffer, at: number, end: number): void {
    if (at >= end) return
    const rest = buf.subarray(at, end)
    this.#inbox = this.#inbox === null ? Buffer.from(rest) : Buffer.concat([this.#inbox, rest])
  }

  #consume(buf: Buffer, end: number): void {
    let at = 0
    while (this.#handler !== null && !this.#closed) {
      if (this.#paused) {
        this.#keep(buf, at, end)
        return
      }
      if (this.#head === null) {
        const head = parseResponseHead(buf, at, end, this.#home.limits.http)
        if (head === null) {
          this.#keep(buf, at, end)
          return
        }
        at = head.end
        if (!this.#answered(head, buf, at, end)) return
        continue
      }
      if (at >= end) return
      at = this.#body(buf, at, end)
    }
    // Bytes behind the end of the answer: not ours, not trustworthy.
    if (at < end && !this.#closed) this.#destroy()
  }

  /** A head came. False when the connection is no longer ours. */
  #answered(head: ResponseHead, buf: Buffer, at: number, end: number): boolean {
    const request = this.#request!
    const handler = this.#handler!
    if (head.status === 101) {
      if (request.upgrade === null || head.upgrade === null)
        throw new BadMessage(502, 'an unexpected switch of protocols')
      this.#release(head, buf.subarray(at, end))
      return false
    }
    if (head.status < 200) {
      if (++this.#interim > MAX_INTERIM) throw new BadMessage(502, 'too many interim answers')
      if (head.status !== 100) handler.onInformation(head.status, head.headers)
      return true
    }
    this.#head = head
    this.#keepAlive = head.keepAlive && request.upgrade === null
    if (head.keepAliveSeconds >= 0) this.serverKeeps = head.keepAliveSeconds * 1000
    const none = request.method === 'HEAD' || bodyless(head.status)
    this.#untilClose = !none && !head.chunked && head.bodyLength < 0
    if (this.#untilClose) this.#keepAlive = false
    this.#remaining = none ? 0 : head.bodyLength
    this.#decoder = !none && head.chunked ? new ChunkDecoder(this.#home.limits.http) : null
    this.#touch()
    handler.onHead(
      head.status,
      head.reason,
      head.headers,
      head.chunked ? UNKNOWN_LENGTH : head.bodyLength,
      head.version,
    )
    if (this.#handler === handler && this.#decoder === null && !this.#untilClose && this.#remaining === 0)
      this.#complete(null)
    return true
  }

  #body(buf: Buffer, at: number, end: number): number {
    const handler = this.#handler!
    let start = at
    let stop = end
    if (this.#decoder !== null) {
      at = this.#decoder.step(buf, at, end)
      start = this.#decoder.dataStart
      stop = this.#decoder.dataEnd
    } else {
      if (!this.#untilClose) {
        stop = Math.min(end, at + this.#remaining)
        this.#remaining -= stop - at
      }
      at = stop
    }
    this.#touch()
    if (stop > start && !handler.onData(buf.subarray(start, stop))) {
      this.#paused = true
      this.deadline = this.#totalBy
      this.socket.pause()
    }
    if (this.#handler !== handler) return at
    const done = this.#decoder !== null ? this.#decoder.done : !this.#untilClose && this.#remaining === 0
    if (done) this.#complete(this.#decoder?.trailers ?? null)
    return at
  }

  #complete(trailers: HeaderBlock | null): void {
    const handler = this.#handler!
    this.#handler = null
    if (this.#paused) {
      this.#paused = false
      this.socket.resume()
    }
    // The answer came before the request was out: what is left of the body is not sent, and the connection is over.
    if (!this.#sent) this.#keepAlive = false
    if (this.#keepAlive) this.#recycle()
    else this.#destroy()
    handler.onEnd(trailers)
  }

  #recycle(): void {
    this.#request = null
    const kept = Math.min(this.#home.limits.idleTimeout, this.serverKeeps - 1000)
    this.deadline = kept > 0 ? clock.now + kept : 0
    if (kept <= 0) this.#destroy()
    else this.#home.free(this)
  }

  #release(head: ResponseHead, rest: Buffer): void {
    const handler = this.#handler!
    this.#handler = null
    this.#closed = true
    unwatch(this)
    this.#home.gone(this)
    handler.onUpgrade(head.status, head.headers, detach(this.socket, rest))
  }

  #touch(): void {
    const idle = this.#timeouts?.idle ?? 0
    const silence = inTime(idle)
    this.deadline = Math.min(silence, this.#totalBy)
  }

  finished(): void {
    const handler = this.#handler
    if (handler !== null && this.#untilClose && this.#head !== null && !this.#paused) {
      this.#handler = null
      this.#destroy()
      handler.onEnd(null)
      return
    }
    if (handler !== null && this.#untilClose && this.#paused) return
    this.#lost(null)
  }

  drained(): void {
    if (!this.#sent) this.#handler?.onDrain()
  }

  #lost(error: Error | null): void {
    if (this.#handler === null) {
      this.#destroy()
      return
    }
    if (this.#head !== null) {
      if (this.#untilClose && error === null) {
        const handler = this.#handler
        this.#handler = null
        this.#destroy()
        handler.onEnd(null)
      } else this.fail('short_body', 'the connection was closed in the middle of the answer')
    } else
      this.fail(
        error === null || this.#gotBytes ? 'closed_early' : 'reset',
        'the connection was closed before the answer',
      )
  }

  closed(error: Error | null): void {
    this.#lost(error)
  }

  expire(): void {
    if (this.#handler === null) {
      this.#destroy()
      return
    }
    const fault: TransportFault =
      clock.now > this.#totalBy ? 'total_timeout' : this.#head === null ? 'head_timeout' : 'idle_timeout'
    this.fail(fault, 'the answer did not come in time')
  }

  /** Ends the request with an error and the connection with it. */
  fail(fault: TransportFault, message: string): void {
    const handler = this.#handler
    this.#handler = null
    // Nothing was heard on a reused connection: the server most likely closed it before it saw the request.
    const untouched = (fault === 'reset' || fault === 'closed_early') && this.served > 1 && !this.#gotBytes
    this.#destroy()
    if (untouched && this.#again !== null) this.#again()
    else handler?.onError(new TransportError(fault, message, untouched))
  }

  /** Gives the request up without telling its handler. */
  abort(): void {
    this.#handler = null
    this.#destroy()
  }

  #destroy(): void {
    if (this.#closed) return
    this.#closed = true
    unwatch(this)
    this.#home.gone(this)
    this.socket.destroy()
  }
}

/** The head of a request, framing computed here. */
function requestHead(request: DispatchRequest, origin: Origin, chunked: boolean): string {
  let path = request.path
  let extra = ''
  if (origin.proxy !== null && origin.tls === null) {
    const host = origin.host.includes(':') && !origin.host.startsWith('[') ? `[${origin.host}]` : origin.host
    path = `http://${host}:${origin.port}${path}`
    if (origin.proxy.authorization !== null) extra = `Proxy-Authorization: ${origin.proxy.authorization}\r\n`
  }
  let head = `${request.method} ${path} HTTP/1.1\r\n${request.headers.wire()}${extra}`
  if (chunked) head += 'Transfer-Encoding: chunked\r\n'
  else if (request.bodyLength > 0 || wantsLength(request.method))
    head += `Content-Length: ${request.bodyLength}\r\n`
  if (request.upgrade !== null) head += `Connection: Upgrade\r\nUpgrade: ${request.upgrade}\r\n`
  return `${head}\r\n`
}

/** Methods that carry `Content-Length: 0` when they have no body (RFC 9110, 8.6). */
function wantsLength(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH'
}
