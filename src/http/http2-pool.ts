/**
 * The HTTP/2 sessions to one origin. A request takes a session with room for a stream; another session is opened when all
 * are full, and while none has room requests wait in a bounded line.
 *
 * `untouched` of a failure is true only when the server said so: a stream above the last one of its GOAWAY, or
 * `REFUSED_STREAM` (RFC 9113, 8.7).
 */
import { type Connecting, connect } from './connect.ts'
import { type Call, type DispatchRequest, type ResponseHandler, TransportError } from './contract.ts'
import { Http2Call } from './http2-call.ts'
import { Http2ClientSession } from './http2-client.ts'
import { DEFAULT_HTTP2_LIMITS, type Http2Limits } from './limits.ts'
import type { CallTimeouts, Origin, PoolLimits } from './origin.ts'
import type { Dispatcher } from './pool.ts'
import { faultOf } from './request-check.ts'
import { unwatch, watch } from './sweeper.ts'

export class Http2Pool implements Dispatcher {
  readonly origin: Origin
  readonly limits: PoolLimits
  readonly http2: Http2Limits
  readonly #sessions = new Set<Http2ClientSession>()
  readonly #line: Http2Call[] = []
  #connecting: Connecting | null = null
  #session: Buffer | undefined
  #closing = false
  #destroyed = false

  constructor(origin: Origin, limits: PoolLimits, http2: Partial<Http2Limits> = {}) {
    this.origin = origin
    this.limits = limits
    this.http2 = { ...DEFAULT_HTTP2_LIMITS, ...http2 }
  }

  get busy(): number {
    let streams = this.#line.length
    for (const session of this.#sessions) streams += session.streams
    return streams
  }

  get open(): number {
    return this.#sessions.size + (this.#connecting === null ? 0 : 1)
  }

  dispatch(request: DispatchRequest, handler: ResponseHandler, timeouts: CallTimeouts): Call {
    const call = new Http2Call(this, request, handler, timeouts)
    const fault = this.#destroyed ? 'the pool is closed' : faultOf(request)
    if (fault !== null) call.failed(new TransportError('aborted', fault, true))
    else this.#enlist(call)
    return call
  }

  #enlist(call: Http2Call): void {
    const session = this.#free()
    if (session !== null) call.take(session)
    else if (this.#line.length >= this.#lineLimit)
      call.failed(new TransportError('queue_full', 'no stream was free and the line is full', true))
    else {
      this.#line.push(call)
      watch(call)
      this.#connect()
    }
  }

  /** Who waits for a session that is being made does not wait for somebody else's answer. */
  get #lineLimit(): number {
    const opening = this.#connecting !== null || this.#sessions.size < this.limits.maxConnections
    return this.limits.maxQueue + (opening ? this.http2.maxConcurrentStreams : 0)
  }

  #free(): Http2ClientSession | null {
    for (const session of this.#sessions) if (session.hasRoom) return session
    return null
  }

  #connect(): void {
    const first = this.#line[0]
    if (first === undefined || this.#connecting !== null || this.#sessions.size >= this.limits.maxConnections)
      return
    // One at a time: who waits may all find room on the one that is being made.
    for (const session of this.#sessions) if (!session.settled) return
    this.#connecting = connect(
      this.origin,
      {
        timeout: first.patience,
        alpn: ['h2'],
        plain: true,
        ...(this.limits.lookup && { lookup: this.limits.lookup }),
        ...(this.#session && { session: this.#session }),
      },
      (error, socket) => {
        this.#connecting = null
        if (socket === null) {
          this.#connectFailed(error!)
          return
        }
        if (this.origin.tls !== null) socket.on('session', (session: Buffer) => (this.#session = session))
        this.#sessions.add(new Http2ClientSession(this, socket))
      },
    )
  }

  /** Those who wait fail with the attempt, unless a session is left that may serve them. */
  #connectFailed(error: TransportError): void {
    if (this.#sessions.size > 0) return
    for (const call of this.#line.splice(0)) {
      unwatch(call)
      call.failed(error)
    }
  }

  /** A session has room again, or is gone. */
  serveLine(): void {
    while (this.#line.length > 0) {
      const session = this.#free()
      if (session === null) {
        this.#connect()
        return
      }
      const call = this.#line.shift()!
      unwatch(call)
      call.take(session)
    }
    if (this.#closing) for (const session of [...this.#sessions]) session.close()
  }

  gone(session: Http2ClientSession): void {
    if (!this.#sessions.delete(session) || this.#destroyed) return
    if (session.settled) this.serveLine()
    else this.#connectFailed(new TransportError('bad_response', 'the server does not speak HTTP/2', true))
  }

  /** Takes a call that gave up out of the line. */
  dequeue(call: Http2Call): void {
    const at = this.#line.indexOf(call)
    if (at >= 0) this.#line.splice(at, 1)
    unwatch(call)
    if (this.#line.length === 0 && this.#connecting !== null) {
      this.#connecting.cancel()
      this.#connecting = null
    }
  }

  close(): void {
    this.#closing = true
    for (const session of [...this.#sessions]) session.close()
  }

  destroy(): void {
    this.#destroyed = true
    this.#closing = true
    this.#connecting?.cancel()
    this.#connecting = null
    const closed = new TransportError('aborted', 'the pool was closed', true)
    for (const call of this.#line.splice(0)) {
      unwatch(call)
      call.failed(closed)
    }
    for (const session of [...this.#sessions]) session.destroy()
  }
}
