/** An HTTP/2 server to talk to, by Node's client or by frames written by hand. */
import http2 from 'node:http2'
import type { RefusalHook, ServerExchange } from '../contract.ts'
import { Http2Server } from '../http2-server.ts'
import type { Http2Limits, HttpLimits } from '../limits.ts'
import { cert, key } from './certificate.ts'
import { quick, type Running, serve } from './sockets.ts'

export const stops: (() => unknown)[] = []
/** Stops what the tests of a file started. */
export async function stopAll(): Promise<void> {
  for (const stop of stops.reverse()) await stop()
}

export async function started(
  handler: (exchange: ServerExchange) => void,
  limits: Partial<HttpLimits> = {},
  own: Partial<Http2Limits> = {},
  secure = false,
  onRefusal?: RefusalHook,
): Promise<Running & { connect(): http2.ClientHttp2Session }> {
  const taker = new Http2Server({
    limits: { ...quick, ...limits },
    handler,
    http2: own,
    ...(onRefusal && { onRefusal }),
  })
  const one = await serve(handler, limits, { http2: taker, ...(secure && { tls: { cert, key } }) })
  stops.push(one.stop)
  return {
    ...one,
    connect() {
      const session = secure
        ? http2.connect(`https://localhost:${one.port}`, { ca: cert })
        : http2.connect(`http://127.0.0.1:${one.port}`)
      session.on('error', () => {})
      stops.push(() => session.destroy())
      return session
    },
  }
}

export interface Got {
  status: number
  headers: http2.IncomingHttpHeaders
  body: string
  trailers: http2.IncomingHttpHeaders
  interim: number[]
  code: number
}

/** Sends a request given as a flat list and resolves when the stream is closed. */
export function ask(
  session: http2.ClientHttp2Session,
  list: string[],
  body?: string | Buffer | null,
  trailers?: Record<string, string>,
): Promise<Got> {
  return new Promise(resolve => {
    const got: Got = { status: 0, headers: {}, body: '', trailers: {}, interim: [], code: 0 }
    const stream = session.request(list as never, {
      endStream: body === undefined,
      waitForTrailers: trailers !== undefined,
    })
    stream.setEncoding('latin1')
    stream.on('headers', h => got.interim.push(Number(h[':status'])))
    stream.on('response', h => Object.assign(got, { status: Number(h[':status']), headers: h }))
    stream.on('data', text => (got.body += text))
    stream.on('trailers', t => (got.trailers = t))
    stream.on('wantTrailers', () => stream.sendTrailers(trailers!))
    stream.on('error', () => {})
    stream.on('close', () => resolve({ ...got, code: stream.rstCode ?? 0 }))
    if (typeof body === 'string' || Buffer.isBuffer(body)) stream.end(body)
  })
}
export const get = (...more: string[]): string[] => [
  ':method',
  'GET',
  ':scheme',
  'http',
  ':authority',
  'h',
  ':path',
  '/',
  ...more,
]
export const post = (...more: string[]): string[] => [
  ':method',
  'POST',
  ':scheme',
  'http',
  ':authority',
  'h',
  ':path',
  '/',
  ...more,
]

export const frame = (type: number, flags: number, stream: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}
export const preface = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  frame(4, 0, 0, Buffer.alloc(0)),
])
// :method GET, :scheme http, :path /, :authority h
export const block = Buffer.from([0x82, 0x86, 0x84, 0x41, 0x01, 0x68])

// :method POST instead
export const postBlock = Buffer.from([0x83, 0x86, 0x84, 0x41, 0x01, 0x68])
