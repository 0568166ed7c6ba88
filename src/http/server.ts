/**
 * Listens on a port and turns connections into exchanges: plain or TLS, HTTP/1.x and (when a taker is given) HTTP/2.
 * Several threads may listen on the same port with `reusePort`.
 */
import net from 'node:net'
import tls from 'node:tls'
import type { ConnectionFacts, ExchangeHandler, RefusalHook, TlsFacts } from './contract.ts'
import { type Http1Context, Http1ServerConnection } from './http1-server.ts'
import type { HttpLimits } from './limits.ts'
import { adopt } from './wire-socket.ts'

export interface ServerOptions {
  readonly port: number
  readonly host?: string
  readonly listener: string
  readonly limits: HttpLimits
  readonly handler: ExchangeHandler
  readonly reusePort?: boolean
  readonly backlog?: number
  /** Options of `tls.createServer` (key, cert, SNICallback, …); absent: plain. */
  readonly tls?: tls.TlsOptions
  /** Takes HTTP/2 connections (ALPN `h2`, or the preface on a plain connection); absent: HTTP/1.x only. */
  readonly http2?: Http2Taker
  /** Of HTTP/1; HTTP/2 has its own. */
  readonly onRefusal?: RefusalHook
}

/** Serves HTTP/2 on a connection. */
export interface Http2Taker {
  /** Connections of this server are its own from here on. */
  take(socket: net.Socket, facts: ConnectionFacts): void
  /** Sends GOAWAY; connections end after their last stream. */
  drain(): void
  readonly open: number
  destroy(): void
  /** Set by the server: a connection ended. */
  onEnded: (() => void) | null
}

/** A listening server. */
export class HttpServer {
  readonly #options: ServerOptions
  readonly #server: net.Server
  readonly #connections = new Set<Http1ServerConnection>()
  /** Connections that switched protocols. */
  readonly #released = new Set<net.Socket>()
  readonly #context: Http1Context
  #onEmpty: (() => void) | null = null

  constructor(options: ServerOptions) {
    this.#options = options
    const http2 = options.http2
    this.#context = {
      limits: options.limits,
      handler: options.handler,
      draining: false,
      onClose: connection => this.#closed(connection),
      ...(options.onRefusal && { onRefusal: options.onRefusal }),
      onRelease: socket => this.#keepReleased(socket),
      ...(http2 && { takeHttp2: (socket: net.Socket, facts: ConnectionFacts) => http2.take(socket, facts) }),
    }
    if (http2 !== undefined) http2.onEnded = () => this.#ended()
    if (options.tls === undefined) {
      this.#server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, s =>
        this.#plain(s),
      )
    } else {
      const alpn = http2 === undefined ? ['http/1.1'] : ['h2', 'http/1.1']
      this.#server = tls.createServer(
        {
          ALPNProtocols: alpn,
          handshakeTimeout: options.limits.headTimeout,
          allowHalfOpen: true,
          noDelay: true,
          ...options.tls,
        } as tls.TlsOptions,
        s => this.#secure(s),
      )
      // A handshake that failed or never came leaves its socket open otherwise.
      this.#server.on('tlsClientError', (_error, socket: net.Socket) => socket.destroy())
      // Handshakes count too; plain sockets are counted by us because their first owner never closes.
      this.#server.maxConnections = options.limits.maxConnections
    }
    // Failing to accept (no file descriptors left) must not end the process.
    this.#server.on('error', () => {})
  }

  /** Resolves with the port once the server listens; rejects with what `listen` reported. */
  listen(): Promise<number> {
    const { port, host, reusePort, backlog } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(
        {
          port,
          ...(host !== undefined && { host }),
          reusePort: reusePort ?? false,
          ...(backlog !== undefined && { backlog }),
        },
        () => {
          this.#server.off('error', reject)
          resolve((this.#server.address() as net.AddressInfo).port)
        },
      )
    })
  }

  get connections(): number {
    return this.#connections.size + this.#released.size + (this.#options.http2?.open ?? 0)
  }

  /** Stops accepting, lets exchanges finish, and resolves when no connection is left or after `limit` ms. */
  async drain(limit: number): Promise<void> {
    this.#context.draining = true
    this.#server.close()
    this.#options.http2?.drain()
    for (const connection of [...this.#connections]) connection.drain()
    if (this.connections > 0) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, limit)
        this.#onEmpty = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    for (const connection of [...this.#connections]) connection.destroy()
    for (const socket of [...this.#released]) socket.destroy()
    this.#options.http2?.destroy()
  }

  #ended(): void {
    if (this.connections === 0) this.#onEmpty?.()
  }

  #closed(connection: Http1ServerConnection): void {
    this.#connections.delete(connection)
    // A connection may be on its way into another set.
    if (this.#onEmpty !== null) queueMicrotask(() => this.#ended())
  }

  #keepReleased(socket: net.Socket): void {
    this.#released.add(socket)
    socket.once('close', () => {
      this.#released.delete(socket)
      this.#ended()
    })
  }

  #plain(accepted: net.Socket): void {
    const facts = this.#facts(accepted, null)
    if (this.connections >= this.#options.limits.maxConnections) {
      accepted.destroy()
      return
    }
    this.#connections.add(new Http1ServerConnection(adopt(accepted), facts, this.#context))
  }

  #secure(socket: tls.TLSSocket): void {
    // A certificate that is shown must be good, also where none is needed: nobody shall take it for more than it is.
    if (this.#options.tls?.requestCert === true && !socket.authorized && showsCertificate(socket)) {
      socket.destroy()
      return
    }
    const facts = this.#facts(socket, tlsFacts(socket))
    if (this.connections >= this.#options.limits.maxConnections) socket.destroy()
    else if (socket.alpnProtocol === 'h2' && this.#options.http2 !== undefined)
      this.#options.http2.take(socket, facts)
    else this.#connections.add(new Http1ServerConnection(socket, facts, this.#context))
  }

  #facts(socket: net.Socket, secure: TlsFacts | null): ConnectionFacts {
    return {
      remoteAddress: socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '') ?? '',
      remotePort: socket.remotePort ?? 0,
      localPort: socket.localPort ?? this.#options.port,
      listener: this.#options.listener,
      tls: secure,
    }
  }
}

function showsCertificate(socket: tls.TLSSocket): boolean {
  return socket.getPeerCertificate()?.raw !== undefined
}

function tlsFacts(socket: tls.TLSSocket): TlsFacts {
  const name = socket.servername as string | false | null | undefined
  return {
    protocol: socket.getProtocol() ?? '',
    cipher: socket.getCipher()?.standardName ?? '',
    serverName: typeof name === 'string' ? name : '',
    clientVerified: socket.authorized,
    clientChain() {
      const chain: Buffer[] = []
      let certificate = socket.getPeerCertificate(true)
      while (certificate?.raw !== undefined && chain.length < 10) {
        if (chain.some(c => c.equals(certificate.raw))) break
        chain.push(certificate.raw)
        certificate = certificate.issuerCertificate
      }
      return chain
    },
  }
}
