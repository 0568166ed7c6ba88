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
import { FirstObjects } from './first-objects.ts'
import { BadMessage, parseResponseHead, type ResponseHead } from './head-parser.ts'
import type { HeaderBlock } from './headers.ts'
import { Inbox } from './inbox.ts'
import type { CallTimeouts, Origin, PoolLimits } from './origin.ts'
import { bodyless } from './status.ts'
import { clock, type Expiring, inTime, unwatch, watch } from './sweeper.ts'
import { attach, detach, type WireOwner } from './wire-socket.ts'
import { writeCopy } from './write-blocks.ts'

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

/** A request in the hands of a connection. */
export interface ClientCall {
  readonly request: DispatchRequest
  readonly handler: ResponseHandler
  readonly timeouts: CallTimeouts
  /** Deadlines on the sweeper's clock: of the answer's head, and of the whole call. */
  readonly headBy: number
  readonly totalBy: number
  /** Called instead of `onError` when a reused connection turns out to have been closed; null: the call must not be repeated. */
  readonly again: (() => void) | null
}

const firstObjects = new FirstObjects()

export class Http1ClientConnection implements WireOwner, Expiring {
  readonly socket: net.Socket
  deadline = Number.POSITIVE_INFINITY
  /** Requests served so far. */
  served = 0
  /** Milliseconds the server said it keeps an idle connection, or Infinity. */
  serverKeeps = Number.POSITIVE_INFINITY
  readonly #home: Http1Home
  #call: ClientCall | null = null
  #inbox: Inbox | null = null
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
    firstObjects.note(this)
  }

  get dead(): boolean {
    return this.#closed
  }

  /** True while this call is in flight here. */
  serves(call: ClientCall): boolean {
    return this.#call === call
  }

  send(call: ClientCall): void {
    const request = call.request
    this.#call = call
    this.deadline = Math.min(call.headBy, call.totalBy)
    this.#head = null
    this.#decoder = null
    this.#untilClose = false
    this.#interim = 0
    this.#gotBytes = false
    this.#chunkedOut = request.bodyLength === UNKNOWN_LENGTH
    this.#sendOwed = request.bodyLength
    this.#sent = request.bodyLength === 0
    this.#out = requestHead(request, this.#home.origin, this.#chunkedOut)
    const reused = this.served++ > 0
    call.handler.onConnect(reused)
    if (this.#call !== call) return
    this.#flush()
    if (!this.#sent) this.#bodyClock(this.socket.writableNeedDrain)
  }

  /** While a body is sent the clock of the answer stands still unless the server is the one who does not take it. */
  #bodyClock(blocked: boolean): void {
    const call = this.#call
    if (call === null || this.#head !== null) return
    this.deadline = Math.min(inTime(blocked || this.#sent ? call.timeouts.head : 0), call.totalBy)
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
    const before = this.#chunkedOut ? this.#out + chunkPrefix(chunk.length) : this.#out
    this.#out = ''
    writeCopy(this.socket, before, chunk, this.#chunkedOut ? '\r\n' : '')
    if (!this.socket.writableNeedDrain) return true
    this.#bodyClock(true)
    return false
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
    this.#bodyClock(false)
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
      this.#take(inbox.buf, inbox.start, inbox.end)
    }
    if (!this.#paused && !this.#closed) this.socket.resume()
  }

  receive(buf: Buffer, end: number): boolean {
    if (this.#closed) return false
    const inbox = this.#inbox
    if (inbox === null) return this.#take(buf, 0, end)
    const look = inbox.append(buf, 0, end)
    if (this.#paused) return false
    if (!look) return true
    this.#inbox = null
    return this.#take(inbox.buf, inbox.start, inbox.end)
  }

  #take(buf: Buffer, at: number, end: number): boolean {
    const call = this.#call
    if (call === null) {
      // Nobody asked: a server that speaks out of turn cannot be trusted with the next request.
      this.#destroy()
      return false
    }
    this.#gotBytes = true
    try {
      this.#consume(call, buf, at, end)
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error
      this.fail('bad_response', error.message)
    }
    if (this.#call === call) call.handler.onFlush()
    return !this.#paused && !this.#closed
  }

  #consume(call: ClientCall, buf: Buffer, at: number, end: number): void {
    // Once the call is over the connection may serve somebody else, and bytes left here are not theirs.
    while (this.#call === call && !this.#paused && (this.#head === null || at < end)) {
      if (this.#head === null) {
        const head = parseResponseHead(buf, at, end, this.#home.limits.http)
        if (head === null) break
        at = head.end
        this.#answered(call, head, buf, at, end)
      } else at = this.#body(call, buf, at, end)
    }
    if (this.#call === call && at < end) this.#inbox = new Inbox(buf, at, end)
  }

  #answered(call: ClientCall, head: ResponseHead, buf: Buffer, at: number, end: number): void {
    const { request, handler } = call
    if (head.status === 101) {
      if (request.upgrade === null || head.upgrade !== request.upgrade.toLowerCase())
        throw new BadMessage(502, 'an unexpected switch of protocols')
      this.#release(call, head, buf.subarray(at, end))
      return
    }
    if (head.status < 200) {
      if (++this.#interim > MAX_INTERIM) throw new BadMessage(502, 'too many interim answers')
      if (head.status !== 100) handler.onInformation(head.status, head.headers)
      return
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
    const length = head.chunked ? UNKNOWN_LENGTH : head.bodyLength
    handler.onHead(head.status, head.reason, head.headers, length, head.version)
    if (this.#call === call && this.#decoder === null && !this.#untilClose && this.#remaining === 0)
      this.#complete(call, null, at === end)
  }

  #body(call: ClientCall, buf: Buffer, at: number, end: number): number {
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
      } else this.#count(end - at)
      at = stop
    }
    this.#touch()
    if (stop > start && !call.handler.onData(buf.subarray(start, stop)) && this.#call === call) {
      this.#paused = true
      this.deadline = this.#call.totalBy
      this.socket.pause()
    }
    if (this.#call !== call) return at
    const done = this.#decoder !== null ? this.#decoder.done : !this.#untilClose && this.#remaining === 0
    if (done) this.#complete(call, this.#decoder?.trailers ?? null, at === end)
    return at
  }

  /** A body that runs until the connection ends declares no length, so it is counted. */
  #count(bytes: number): void {
    this.#remaining += bytes
    if (this.#remaining > this.#home.limits.http.maxBody) throw new BadMessage(502, 'the body is too large')
  }

  /** `clean`: no byte follows the answer; others are not ours and the connection is not trustworthy. */
  #complete(call: ClientCall, trailers: HeaderBlock | null, clean: boolean): void {
    this.#call = null
    if (this.#paused) {
      this.#paused = false
      this.socket.resume()
    }
    // The answer came before the request was out: what is left of the body is not sent, and the connection is over.
    if (this.#keepAlive && this.#sent && clean) this.#recycle()
    else this.#destroy()
    call.handler.onEnd(trailers)
  }

  #recycle(): void {
    this.#inbox = null
    const kept = Math.min(this.#home.limits.idleTimeout, this.serverKeeps - 1000)
    this.deadline = kept > 0 ? clock.now + kept : 0
    if (kept <= 0) this.#destroy()
    else this.#home.free(this)
  }

  #release(call: ClientCall, head: ResponseHead, rest: Buffer): void {
    this.#call = null
    this.#closed = true
    unwatch(this)
    this.#home.gone(this)
    call.handler.onUpgrade(head.status, head.headers, detach(this.socket, rest))
  }

  #touch(): void {
    const call = this.#call
    if (call !== null) this.deadline = Math.min(inTime(call.timeouts.idle), call.totalBy)
  }

  finished(): void {
    // While the reader is paused its bytes come first; the end is looked at again when the socket closes.
    if (this.#untilClose && this.#head !== null && this.#paused) return
    this.#lost(null)
  }

  drained(): void {
    if (this.#sent || this.#call === null) return
    this.#bodyClock(false)
    this.#call.handler.onDrain()
  }

  #lost(error: Error | null): void {
    const call = this.#call
    if (call === null) this.#destroy()
    else if (this.#head === null)
      this.fail(
        error === null || this.#gotBytes ? 'closed_early' : 'reset',
        'the connection was closed before the answer',
      )
    else if (this.#untilClose && error === null) {
      this.#call = null
      this.#destroy()
      call.handler.onEnd(null)
    } else this.fail('short_body', 'the connection was closed in the middle of the answer')
  }

  closed(error: Error | null): void {
    this.#lost(error)
  }

  expire(): void {
    const call = this.#call
    if (call === null) {
      this.#destroy()
      return
    }
    const fault: TransportFault =
      clock.now > call.totalBy ? 'total_timeout' : this.#head === null ? 'head_timeout' : 'idle_timeout'
    this.fail(fault, 'the answer did not come in time')
  }

  /** Ends the request with an error and the connection with it. */
  fail(fault: TransportFault, message: string): void {
    const call = this.#call
    this.#call = null
    // Nothing was heard on a reused connection: most likely the server closed it before it saw the request. Likely is not
    // certain, so this is a reason to repeat what may be repeated, and none to call the request untouched.
    const stale = (fault === 'reset' || fault === 'closed_early') && this.served > 1 && !this.#gotBytes
    this.#destroy()
    if (call === null) return
    if (stale && call.again !== null) call.again()
    else call.handler.onError(new TransportError(fault, message))
  }

  /** Gives the request up without telling its handler. */
  abort(): void {
    this.#call = null
    this.#destroy()
  }

  #destroy(): void {
    if (this.#closed) return
    this.#closed = true
    this.#inbox = null
    unwatch(this)
    this.socket.destroy()
    this.#home.gone(this)
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
