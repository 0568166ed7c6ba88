/** Makes connections to origins: plain, TLS, and through a forward proxy (`CONNECT` for TLS origins, RFC 9110, 9.3.6). */
import net from 'node:net'
import tls from 'node:tls'
import { TransportError } from './contract.ts'
import type { ForwardProxy, Origin, OriginTls } from './origin.ts'
import { WireSocket } from './wire-socket.ts'

export interface Connecting {
  /** Gives the attempt up; nothing is called afterwards. */
  cancel(): void
}

export interface ConnectOptions {
  /** Milliseconds, 0 for none. */
  readonly timeout: number
  readonly lookup?: net.LookupFunction
  readonly alpn: readonly string[]
  /** Wants an ordinary socket rather than one that reads into the shared buffer. */
  readonly plain?: boolean
  /** TLS session of an earlier connection, to resume. */
  readonly session?: Buffer
}

type Done = (error: TransportError | null, socket: net.Socket | null) => void

/** Connects and calls back once, with a socket that has no listeners left. */
export function connect(origin: Origin, options: ConnectOptions, done: Done): Connecting {
  let socket: net.Socket | undefined
  let finished = false
  const timer = options.timeout > 0 ? setTimeout(() => finish(timeoutError()), options.timeout) : null
  let unhook = (): void => {}
  const finish = (error: TransportError | null): void => {
    if (finished) return
    finished = true
    if (timer !== null) clearTimeout(timer)
    unhook()
    if (error !== null) {
      discard(socket)
      done(error, null)
    } else done(null, socket!)
  }
  const use = (next: net.Socket, ready: 'connect' | 'secureConnect', then: () => void): void => {
    socket = next
    next.setNoDelay(true)
    const onError = (error: Error): void => finish(transportError(error, ready === 'secureConnect'))
    const onClose = (): void =>
      finish(new TransportError('reset', 'the connection was closed while it was made', true))
    next.on('error', onError)
    next.on('close', onClose)
    next.on(ready, then)
    // Only our own listeners go: the socket has some of its own.
    unhook = () => {
      next.off('error', onError)
      next.off('close', onClose)
      next.off(ready, then)
    }
  }
  const secure = (over: net.Socket | null): void => {
    const session = options.session
    const target = over === null ? address(origin, options) : { socket: over }
    const next = tls.connect({
      ...target,
      ...tlsOptions(origin.tls!, options.alpn),
      ...(session && { session }),
    })
    use(next, 'secureConnect', () => {
      if (options.alpn[0] === 'h2' && next.alpnProtocol !== 'h2')
        finish(new TransportError('tls', 'the server does not speak HTTP/2', true))
      else finish(null)
    })
  }
  const plainSocket = (): net.Socket => (options.plain ? new net.Socket() : new WireSocket())
  // A certificate that cannot be read or a port that cannot be: like every other failure, and not before we return.
  const guarded = (step: () => void): void => {
    try {
      step()
    } catch (error) {
      setImmediate(finish, transportError(error as Error, true))
    }
  }
  guarded(() => {
    const proxy = origin.proxy
    if (proxy === null) {
      if (origin.tls !== null) secure(null)
      else use(plainSocket().connect(address(origin, options)), 'connect', () => finish(null))
      return
    }
    const hop = { host: proxy.host, port: proxy.port, ...(options.lookup && { lookup: options.lookup }) }
    const viaTls = proxy.tls
    const plainTarget = origin.tls === null
    const next = viaTls
      ? tls.connect({ ...hop, ...(net.isIP(proxy.host) === 0 && { servername: proxy.host }) })
      : plainTarget
        ? plainSocket().connect(hop)
        : net.connect(hop)
    use(next, viaTls ? 'secureConnect' : 'connect', () => {
      if (plainTarget) finish(null)
      else
        openTunnel(next, proxy, origin, error =>
          error === null ? guarded(() => secure(next)) : finish(error),
        )
    })
  })
  return {
    cancel() {
      if (finished) return
      finished = true
      if (timer !== null) clearTimeout(timer)
      unhook()
      discard(socket)
    },
  }
}

function discard(socket: net.Socket | undefined): void {
  socket?.on('error', () => {})
  socket?.destroy()
}

function timeoutError(): TransportError {
  return new TransportError('connect_timeout', 'the connection was not established in time', true)
}

function address(origin: Origin, options: ConnectOptions): net.TcpNetConnectOpts {
  return {
    host: origin.address ?? origin.host,
    port: origin.port,
    ...(options.lookup && { lookup: options.lookup }),
  }
}

function tlsOptions(settings: OriginTls, alpn: readonly string[]): tls.ConnectionOptions {
  return {
    ...(net.isIP(settings.serverName) === 0 && { servername: settings.serverName }),
    rejectUnauthorized: settings.verify,
    ...(!settings.verifyName && { checkServerIdentity: () => undefined }),
    ...(settings.verifyName && {
      checkServerIdentity: (_: string, certificate: tls.PeerCertificate) =>
        tls.checkServerIdentity(settings.serverName, certificate),
    }),
    secureContext: contextOf(settings),
    ALPNProtocols: [...alpn],
  }
}

/** Reading certificates takes longer than shaking hands, so it happens once per settings. */
const contexts = new WeakMap<OriginTls, tls.SecureContext>()

function contextOf(settings: OriginTls): tls.SecureContext {
  let context = contexts.get(settings)
  if (context === undefined) {
    context = tls.createSecureContext({
      ...(settings.ca !== undefined && { ca: [...settings.ca] }),
      ...(settings.cert !== undefined && { cert: settings.cert }),
      ...(settings.key !== undefined && { key: settings.key }),
    })
    contexts.set(settings, context)
  }
  return context
}

/** Asks the proxy for a tunnel; its answer may be at most 8 KiB of head and no body. */
function openTunnel(
  socket: net.Socket,
  proxy: ForwardProxy,
  origin: Origin,
  done: (error: TransportError | null) => void,
): void {
  const host = origin.host.includes(':') && !origin.host.startsWith('[') ? `[${origin.host}]` : origin.host
  const authorization = proxy.authorization === null ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`
  let answer = Buffer.alloc(0)
  socket.write(
    `CONNECT ${host}:${origin.port} HTTP/1.1\r\nHost: ${host}:${origin.port}\r\n${authorization}\r\n`,
    'latin1',
  )
  const onData = (chunk: Buffer): void => {
    answer = Buffer.concat([answer, chunk])
    const end = answer.indexOf('\r\n\r\n')
    if (end < 0 && answer.length <= 8192) return
    socket.off('data', onData)
    socket.pause()
    const ok = /^HTTP\/1\.[01] 2\d\d[ \r]/.test(answer.subarray(0, 16).toString('latin1'))
    if (end < 0 || !ok || answer.length > end + 4)
      done(new TransportError('proxy_refused', 'the forward proxy refused the tunnel', true))
    else done(null)
  }
  socket.on('data', onData)
}

/** Names what went wrong while connecting. Nothing has been sent yet. */
export function transportError(error: Error & { code?: string }, tlsPhase = false): TransportError {
  const code = error.code ?? ''
  const fault =
    code === 'ECONNREFUSED'
      ? 'refused'
      : code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_NODATA'
        ? 'dns'
        : code === 'ETIMEDOUT'
          ? 'connect_timeout'
          : code === 'EHOSTUNREACH' || code === 'ENETUNREACH' || code === 'EADDRNOTAVAIL' || code === 'EINVAL'
            ? 'unreachable'
            : tlsPhase
              ? 'tls'
              : 'reset'
  return new TransportError(fault, error.message, true, error)
}
