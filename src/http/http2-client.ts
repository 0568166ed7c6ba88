/** One HTTP/2 session to an origin: how many streams it may have, when it is too old, and how it ends. */
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import type net from 'node:net'
import type { Http2Call } from './http2-call.ts'
import { sessionOptions } from './http2-options.ts'
import type { Http2Limits } from './limits.ts'
import type { Origin, PoolLimits } from './origin.ts'
import { type Expiring, inTime, unwatch, watch } from './sweeper.ts'

/** What a session needs of its pool. */
export interface Http2Home {
  readonly origin: Origin
  readonly limits: PoolLimits
  readonly http2: Http2Limits
  serveLine(): void
  gone(session: Http2ClientSession): void
}

/** Milliseconds a server has to introduce itself. */
const SETTINGS_TIMEOUT = 10_000

export class Http2ClientSession implements Expiring {
  deadline = Number.POSITIVE_INFINITY
  /** Requests sent so far. */
  served = 0
  /** The last stream the server says it has looked at, from its GOAWAY. */
  lastStream = Number.POSITIVE_INFINITY
  /** The server's settings came: what it allows is known. */
  settled = false
  readonly home: Http2Home
  readonly #session: ClientHttp2Session
  readonly #calls = new Set<Http2Call>()
  #max: number
  #closing = false

  constructor(home: Http2Home, socket: net.Socket) {
    this.home = home
    this.#max = home.http2.maxConcurrentStreams
    const { origin, limits } = home
    const scheme = origin.tls === null ? 'http' : 'https'
    this.#session = http2.connect(`${scheme}://localhost`, {
      ...sessionOptions(limits.http, home.http2),
      createConnection: () => socket,
      settings: {
        enablePush: false,
        initialWindowSize: home.http2.streamWindow,
        maxHeaderListSize: limits.http.maxHead,
      },
    } as http2.ClientSessionOptions)
    this.#session.on('remoteSettings', settings => {
      this.#max = Math.min(
        settings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY,
        home.http2.maxConcurrentStreams,
      )
      this.settled = true
      home.serveLine()
    })
    this.#session.on('goaway', (_code, last) => {
      this.#closing = true
      this.lastStream = last
    })
    this.#session.on('error', () => {})
    this.#session.on('close', () => {
      unwatch(this)
      this.#closing = true
      home.gone(this)
    })
    this.deadline = inTime(Math.min(limits.idleTimeout, SETTINGS_TIMEOUT))
    watch(this)
  }

  get streams(): number {
    return this.#calls.size
  }

  get hasRoom(): boolean {
    return (
      this.settled &&
      !this.#closing &&
      !this.#session.closed &&
      !this.#session.destroyed &&
      this.#calls.size < this.#max
    )
  }

  /** The server takes WebSockets as extended CONNECT (RFC 8441); known once its settings came. */
  get takesConnect(): boolean {
    return this.#session.remoteSettings.enableConnectProtocol === true
  }

  request(call: Http2Call, list: string[], options: http2.ClientSessionRequestOptions): ClientHttp2Stream {
    this.#calls.add(call)
    this.served++
    this.deadline = Number.POSITIVE_INFINITY
    return this.#session.request(list as never, options)
  }

  /** The stream of a call is over. */
  release(call: Http2Call): void {
    if (!this.#calls.delete(call)) return
    if (this.#calls.size === 0) this.deadline = inTime(this.home.limits.idleTimeout)
    this.home.serveLine()
  }

  /** Ends after its last stream. */
  close(): void {
    this.#closing = true
    if (!this.#session.closed) this.#session.close()
  }

  destroy(): void {
    this.#closing = true
    for (const call of [...this.#calls]) call.lost()
    this.#session.destroy()
  }

  expire(): void {
    if (this.#calls.size === 0) this.destroy()
  }
}
