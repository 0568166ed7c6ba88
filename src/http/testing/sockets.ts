/** Raw sockets for tests: a server of the library to talk bytes to, and a backend that answers with bytes. */
import net from 'node:net'
import type { ExchangeHandler } from '../contract.ts'
import { HeaderBlock } from '../headers.ts'
import { DEFAULT_LIMITS, type HttpLimits } from '../limits.ts'
import { HttpServer, type ServerOptions } from '../server.ts'

export const quick: HttpLimits = {
  ...DEFAULT_LIMITS,
  headTimeout: 2000,
  bodyTimeout: 2000,
  keepAliveTimeout: 2000,
}

export interface Running {
  readonly server: HttpServer
  readonly port: number
  stop(): Promise<void>
}

/** A server on a free port of the loopback interface. */
export async function serve(
  handler: ExchangeHandler,
  limits: Partial<HttpLimits> = {},
  more: Partial<ServerOptions> = {},
): Promise<Running> {
  const server = new HttpServer({
    port: 0,
    host: '127.0.0.1',
    listener: 'test',
    limits: { ...quick, ...limits },
    handler,
    ...more,
  })
  const port = await server.listen()
  return { server, port, stop: () => server.drain(0) }
}

/** Sends the parts one after another and answers everything that came until the server closed (or `until` matched). */
export function talk(
  port: number,
  parts: readonly (string | Buffer)[],
  options: { until?: RegExp; end?: boolean; pause?: number; limit?: number } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = ''
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const timer = setTimeout(
      () => finish(new Error(`no end after ${JSON.stringify(got)}`)),
      options.limit ?? 8000,
    )
    const finish = (error?: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      if (error) reject(error)
      else resolve(got)
    }
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      got += text
      if (options.until?.test(got)) finish()
    })
    socket.on('end', () => finish())
    socket.on('error', () => finish())
    void (async () => {
      for (const part of parts) {
        socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part)
        await new Promise(done => setTimeout(done, options.pause ?? 1))
      }
      if (options.end) socket.end()
    })()
  })
}

export interface RawBackend {
  readonly port: number
  /** Everything received so far, per connection. */
  readonly received: string[]
  readonly open: number
  stop(): Promise<void>
}

/** A TCP server; `onData` gets each connection's text so far and the socket. */
export async function backend(
  onData: (text: string, socket: net.Socket, connection: number) => void,
  onConnect: (socket: net.Socket, connection: number) => void = () => {},
): Promise<RawBackend> {
  const received: string[] = []
  const sockets = new Set<net.Socket>()
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    const index = received.push('') - 1
    sockets.add(socket)
    onConnect(socket, index)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.on('data', chunk => {
      received[index] += chunk.toString('latin1')
      onData(received[index]!, socket, index)
    })
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  return {
    port: (server.address() as net.AddressInfo).port,
    received,
    get open() {
      return sockets.size
    },
    stop() {
      for (const socket of sockets) socket.destroy()
      return new Promise(done => server.close(() => done()))
    },
  }
}

/** Answers every exchange with a text. */
export function say(text: string, status = 200): ExchangeHandler {
  return exchange => {
    const body = Buffer.from(text)
    exchange.writeHead(status, 'OK', HeaderBlock.from([['X', 'y']]), body.length)
    exchange.writeBody(body)
    exchange.end()
  }
}

/** Answers every exchange with the body it sent, same framing. */
export const echo: ExchangeHandler = exchange => {
  exchange.writeHead(200, 'OK', new HeaderBlock(), exchange.bodyLength)
  exchange.onDrain = () => exchange.resumeBody()
  exchange.readBody({
    data(chunk) {
      return exchange.writeBody(chunk)
    },
    end(trailers) {
      exchange.end(trailers)
    },
    error() {
      exchange.abort()
    },
  })
}

/** Polls until the condition holds. */
export async function until(condition: () => boolean, limit = 5000): Promise<void> {
  const by = Date.now() + limit
  while (!condition()) {
    if (Date.now() > by) throw new Error('the condition did not come true')
    await new Promise(done => setTimeout(done, 5))
  }
}
