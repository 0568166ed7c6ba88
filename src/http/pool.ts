/**
 * The connections to one origin. A request takes an idle connection (the one used last), opens one while the limit
 * allows, or waits in a bounded line.
 *
 * A reused connection that turns out to be closed is replaced by a fresh one once, when the request is safe to repeat:
 * idempotent method, nothing of its body sent, no byte of an answer seen (RFC 9110, 9.2.2).
 */
import { connect, type Connecting } from './connect.ts'
import { type Call, type DispatchRequest, type ResponseHandler, TransportError } from './contract.ts'
import { FirstObjects } from './first-objects.ts'
import type { HeaderBlock } from './headers.ts'
import { type ClientCall, Http1ClientConnection, type Http1Home } from './http1-client.ts'
import type { CallTimeouts, Origin, PoolLimits } from './origin.ts'
import { faultOf } from './request-check.ts'
import { clock, type Expiring, inTime, unwatch, watch } from './sweeper.ts'

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

/** Anything that takes requests for one origin. */
export interface Dispatcher {
  dispatch(request: DispatchRequest, handler: ResponseHandler, timeouts: CallTimeouts): Call
  /** Requests in flight and waiting. */
  readonly busy: number
  readonly open: number
  /** Closes idle connections now and the others after their request. */
  close(): void
  destroy(): void
}

export class Http1Pool implements Dispatcher, Http1Home {
  readonly origin: Origin
  readonly limits: PoolLimits
  readonly #idle: Http1ClientConnection[] = []
  readonly #all = new Set<Http1ClientConnection>()
  readonly #queue: Http1Call[] = []
  /** Calls whose connection is being made. */
  readonly #waiting = new Set<Http1Call>()
  #session: Buffer | undefined
  #closing = false
  #destroyed = false

  constructor(origin: Origin, limits: PoolLimits) {
    this.origin = origin
    this.limits = limits
  }

  get busy(): number {
    return this.#all.size - this.#idle.length + this.#queue.length + this.#waiting.size
  }

  get open(): number {
    return this.#all.size + this.#waiting.size
  }

  dispatch(request: DispatchRequest, handler: ResponseHandler, timeouts: CallTimeouts): Call {
    const call = new Http1Call(this, request, handler, timeouts)
    const fault = faultOf(request)
    if (fault !== null) call.failed(new TransportError('aborted', fault, true))
    else if (this.#destroyed) call.failed(new TransportError('aborted', 'the pool is closed', true))
    else this.enlist(call, true)
    return call
  }

  /** Finds a connection for the call. `reuse` false wants a fresh one. */
  enlist(call: Http1Call, reuse: boolean): void {
    while (reuse) {
      const connection = this.#idle.pop()
      if (connection === undefined) break
      if (connection.dead || connection.socket.destroyed || connection.deadline < clock.now) {
        connection.abort()
        continue
      }
      call.take(connection)
      return
    }
    if (this.open < this.limits.maxConnections) this.#open(call)
    else if (this.#queue.length < this.limits.maxQueue) {
      this.#queue.push(call)
      call.deadline = Math.min(call.headBy, call.totalBy)
      watch(call)
    } else call.failed(new TransportError('queue_full', 'no connection was free and the line is full', true))
  }

  #open(call: Http1Call): void {
    this.#waiting.add(call)
    call.connecting = connect(
      this.origin,
      {
        timeout: call.patience,
        alpn: ['http/1.1'],
        ...(this.limits.lookup && { lookup: this.limits.lookup }),
        ...(this.#session && { session: this.#session }),
      },
      (error, socket) => {
        this.#waiting.delete(call)
        call.connecting = null
        if (error !== null || socket === null) {
          call.failed(error!)
          this.#next()
          return
        }
        if (this.origin.tls !== null) socket.on('session', (session: Buffer) => (this.#session = session))
        const connection = new Http1ClientConnection(socket, this)
        this.#all.add(connection)
        call.take(connection)
      },
    )
  }

  /** A connection attempt was given up by its call. */
  abandoned(call: Http1Call): void {
    this.#waiting.delete(call)
    this.#next()
  }

  free(connection: Http1ClientConnection): void {
    const waiting = this.#shift()
    if (waiting !== undefined) waiting.take(connection)
    else if (this.#closing || this.#idle.length >= this.limits.maxIdle) connection.abort()
    else this.#idle.push(connection)
  }

  gone(connection: Http1ClientConnection): void {
    this.#all.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    this.#next()
  }

  #next(): void {
    if (this.#queue.length === 0 || this.open >= this.limits.maxConnections) return
    const waiting = this.#shift()
    if (waiting !== undefined) this.#open(waiting)
  }

  #shift(): Http1Call | undefined {
    for (;;) {
      const call = this.#queue.shift()
      if (call !== undefined) unwatch(call)
      if (call === undefined || !call.over) return call
    }
  }

  /** Takes a call that gave up out of the line. */
  dequeue(call: Http1Call): void {
    const at = this.#queue.indexOf(call)
    if (at >= 0) this.#queue.splice(at, 1)
    unwatch(call)
  }

  close(): void {
    this.#closing = true
    for (const connection of this.#idle.splice(0)) connection.abort()
  }

  destroy(): void {
    this.#destroyed = true
    this.close()
    for (const call of this.#queue.splice(0)) {
      unwatch(call)
      call.failed(new TransportError('aborted', 'the pool was closed', true))
    }
    for (const call of [...this.#waiting])
      call.abort(new TransportError('aborted', 'the pool was closed', true))
    for (const connection of [...this.#all]) connection.fail('aborted', 'the pool was closed')
  }
}

const firstObjects = new FirstObjects()

class Http1Call implements Call, ClientCall, Expiring {
  readonly request: DispatchRequest
  readonly handler: ResponseHandler
  readonly timeouts: CallTimeouts
  readonly headBy: number
  readonly totalBy: number
  /** While it waits in the line. */
  deadline = Number.POSITIVE_INFINITY
  again: (() => void) | null = null
  connecting: Connecting | null = null
  over = false
  readonly #pool: Http1Pool
  #connection: Http1ClientConnection | null = null
  #retried = false

  constructor(pool: Http1Pool, request: DispatchRequest, handler: ResponseHandler, timeouts: CallTimeouts) {
    this.#pool = pool
    this.request = request
    this.handler = handler
    this.timeouts = timeouts
    this.headBy = inTime(timeouts.head)
    this.totalBy = inTime(timeouts.total)
    firstObjects.note(this)
  }

  /** Milliseconds a connection attempt may take: no longer than the answer itself. */
  get patience(): number {
    const left = Math.min(this.headBy, this.totalBy) - clock.now
    const connect = this.timeouts.connect > 0 ? this.timeouts.connect : Number.POSITIVE_INFINITY
    const least = Math.min(left, connect)
    return least === Number.POSITIVE_INFINITY ? 0 : Math.max(1, least)
  }

  take(connection: Http1ClientConnection): void {
    this.#connection = connection
    const replayable =
      !this.#retried &&
      this.request.bodyLength === 0 &&
      this.request.upgrade === null &&
      connection.served > 0 &&
      IDEMPOTENT.has(this.request.method)
    this.again = replayable ? this.#sendAgain : null
    connection.send(this)
  }

  /** Once more, on a connection that is new. */
  readonly #sendAgain = (): void => {
    this.#retried = true
    this.#connection = null
    this.#pool.enlist(this, false)
  }

  expire(): void {
    this.#pool.dequeue(this)
    this.failed(new TransportError('queue_timeout', 'no connection was free in time', true))
  }

  failed(error: TransportError): void {
    if (this.over) return
    this.over = true
    this.handler.onError(error)
  }

  /** The connection, while it is still ours: it may serve somebody else after our answer. */
  get #current(): Http1ClientConnection | null {
    return this.#connection?.serves(this) ? this.#connection : null
  }

  write(chunk: Buffer): boolean {
    return this.#current?.write(chunk) ?? true
  }

  end(trailers: HeaderBlock | null = null): void {
    this.#current?.end(trailers)
  }

  resume(): void {
    this.#current?.resume()
  }

  abort(error?: TransportError): void {
    if (this.over) return
    this.over = true
    if (this.connecting !== null) {
      this.connecting.cancel()
      this.connecting = null
      this.#pool.abandoned(this)
    } else if (this.#connection !== null) {
      const current = this.#current
      // The answer is complete or has failed: nothing more is called.
      if (current === null) return
      current.abort()
    } else this.#pool.dequeue(this)
    if (error !== undefined) this.handler.onError(error)
  }
}
