import assert from 'node:assert/strict'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import {
  createDispatcher,
  DEFAULT_LIMITS,
  type Dispatcher,
  Http2Server,
  HttpServer,
  type PoolLimits,
} from '../../src/http/index.ts'
import { startBackend, type WireBackend } from './backend.ts'
import type { WireCase } from './cases.ts'
import { proxy } from './proxy.ts'

const limits: PoolLimits = {
  maxConnections: 20,
  maxIdle: 5,
  idleTimeout: 5000,
  maxQueue: 10,
  http: DEFAULT_LIMITS,
}

interface Answer {
  status: number
  headers: http2.IncomingHttpHeaders
  body: string
  trailers: http2.IncomingHttpHeaders
}

interface Downgrade {
  readonly name: string
  /** Fields behind the pseudo-headers, or the whole list when it begins with one. */
  readonly fields: readonly string[]
  readonly body?: string
  readonly trailers?: Record<string, string>
  readonly status: number
  /** What the HTTP/1.1 backend hears; empty: nothing. */
  readonly heard: string
}

const head = (more: Partial<Record<'method' | 'scheme' | 'authority' | 'path', string>> = {}): string[] => {
  const { method = 'GET', scheme = 'http', authority = 'h', path = '/' } = more
  return [':method', method, ':scheme', scheme, ':authority', authority, ':path', path]
}

const downgrades: readonly Downgrade[] = [
  { name: 'a plain request', fields: [], status: 200, heard: 'GET / HTTP/1.1\r\nhost: h\r\n\r\n' },
  {
    name: 'fields in order',
    fields: ['b', '1', 'a', '2', 'b', '3'],
    status: 200,
    heard: 'GET / HTTP/1.1\r\nhost: h\r\nb: 1\r\na: 2\r\nb: 3\r\n\r\n',
  },
  {
    name: 'cookies become one',
    fields: ['cookie', 'a=1', 'cookie', 'b=2'],
    status: 200,
    heard: 'GET / HTTP/1.1\r\nhost: h\r\ncookie: a=1; b=2\r\n\r\n',
  },
  { name: 'TE stays', fields: ['te', 'trailers'], status: 200, heard: 'GET / HTTP/1.1\r\nhost: h\r\n\r\n' },
  {
    name: 'Host that agrees',
    fields: ['host', 'h'],
    status: 200,
    heard: 'GET / HTTP/1.1\r\nhost: h\r\n\r\n',
  },
  { name: 'Host that disagrees', fields: ['host', 'other'], status: 400, heard: '' },
  {
    name: 'a declared body',
    fields: [...head({ method: 'POST' }), 'content-length', '3'],
    body: 'abc',
    status: 200,
    heard: 'POST / HTTP/1.1\r\nhost: h\r\nContent-Length: 3\r\n\r\nabc',
  },
  {
    name: 'a body of unknown length with trailers',
    fields: head({ method: 'POST' }),
    body: 'abc',
    trailers: { 'x-t': 'v', host: 'evil' },
    status: 200,
    heard: 'POST / HTTP/1.1\r\nhost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-t: v\r\n\r\n',
  },
  {
    name: 'a request as body',
    fields: head({ method: 'POST' }),
    body: 'GET /evil HTTP/1.1\r\nHost: h\r\n\r\n',
    status: 200,
    heard:
      'POST / HTTP/1.1\r\nhost: h\r\nTransfer-Encoding: chunked\r\n\r\n1f\r\nGET /evil HTTP/1.1\r\nHost: h\r\n\r\n\r\n0\r\n\r\n',
  },
  {
    name: 'asterisk',
    fields: head({ method: 'OPTIONS', path: '*' }),
    status: 200,
    heard: 'OPTIONS * HTTP/1.1\r\nhost: h\r\n\r\n',
  },
  { name: 'a space in the path', fields: head({ path: '/ HTTP/1.1\tx' }), status: 400, heard: '' },
  { name: 'a second request in the path', fields: head({ path: '/a HTTP/1.1' }), status: 400, heard: '' },
  { name: 'an absolute path', fields: head({ path: 'http://evil/' }), status: 400, heard: '' },
  { name: 'an empty path', fields: head({ path: '' }), status: 400, heard: '' },
  { name: 'a fragment', fields: head({ path: '/#a' }), status: 400, heard: '' },
  { name: 'high bytes in the path', fields: head({ path: '/\xe9' }), status: 400, heard: '' },
  { name: 'a space in the method', fields: head({ method: 'GET /evil' }), status: 400, heard: '' },
  { name: 'two hosts in the authority', fields: head({ authority: 'a,b' }), status: 400, heard: '' },
  { name: 'a user in the authority', fields: head({ authority: 'u@h' }), status: 400, heard: '' },
  { name: 'a path in the authority', fields: head({ authority: 'h/a' }), status: 400, heard: '' },
  { name: 'another scheme', fields: head({ scheme: 'file' }), status: 400, heard: '' },
  { name: 'CONNECT', fields: [':method', 'CONNECT', ':authority', 'h:80'], status: 405, heard: '' },
  { name: 'a target too long', fields: head({ path: `/${'a'.repeat(17_000)}` }), status: 414, heard: '' },
  { name: 'a value too long', fields: ['x', 'y'.repeat(17_000)], status: 431, heard: '' },
  { name: 'another expectation', fields: ['expect', 'more'], status: 417, heard: '' },
]

describe('HTTP/2 in front of HTTP/1.1', () => {
  let backend: WireBackend
  let pool: Dispatcher
  let server: HttpServer
  let session: http2.ClientHttp2Session

  before(async () => {
    backend = await startBackend()
    pool = createDispatcher(
      { host: '127.0.0.1', port: backend.port, tls: null, address: null, proxy: null, protocol: 11 },
      limits,
    )
    const handler = proxy(() => pool)
    const taker = new Http2Server({ limits: DEFAULT_LIMITS, handler })
    server = new HttpServer({
      port: 0,
      host: '127.0.0.1',
      listener: 'wire',
      limits: DEFAULT_LIMITS,
      handler,
      http2: taker,
    })
    session = http2.connect(`http://127.0.0.1:${await server.listen()}`)
    session.on('error', () => {})
  })
  after(async () => {
    session.destroy()
    await server.drain(0)
    pool.destroy()
    await backend.stop()
  })

  for (const one of downgrades)
    it(one.name, async () => {
      const script = backend.begin({ replies: [] } as unknown as WireCase)
      const list = one.fields[0]?.startsWith(':') ? [...one.fields] : [...head(), ...one.fields]
      const got = await ask(session, list, one.body, one.trailers)
      // Node's HTTP/2 resets the stream of some before we could answer.
      assert.ok(got.status === one.status || (one.heard === '' && got.status === 0), `status ${got.status}`)
      assert.equal(script.heard, one.heard)
    })

  it('takes chunked answers, trailers and interim answers across', async () => {
    const bytes =
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 Reason\r\nX-A: b\r\nConnection: x-gone\r\nX-Gone: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: v\r\n\r\n'
    backend.begin({ replies: [{ bytes, close: false }] } as unknown as WireCase)
    const got = await ask(session, head())
    assert.equal(got.body, 'abc')
    assert.equal(got.headers['x-a'], 'b')
    assert.equal(got.headers['x-gone'], undefined)
    assert.equal(got.trailers['x-t'], 'v')
  })

  it('resets the stream of an answer that is cut', async () => {
    const bytes = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'
    backend.begin({ replies: [{ bytes, close: true }] } as unknown as WireCase)
    const stream = session.request(head() as never)
    stream.on('error', () => {})
    stream.resume()
    await new Promise(done => stream.on('close', done))
    assert.notEqual(stream.rstCode, 0)
  })
})

describe('HTTP/1.1 in front of HTTP/2', () => {
  it('carries requests, bodies and trailers up and down', async () => {
    const h2 = http2.createServer()
    let seen: string[] = []
    h2.on('stream', (stream: http2.ServerHttp2Stream, _headers, _flags, raw) => {
      seen = raw as unknown as string[]
      stream.respond({ ':status': 200, 'x-a': 'b' }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-t': 'v' }))
      stream.on('data', (bytes: Buffer) => stream.write(bytes))
      stream.on('end', () => stream.end())
    })
    await new Promise<void>(done => h2.listen(0, '127.0.0.1', done))
    const port = (h2.address() as AddressInfo).port
    const pool = createDispatcher(
      { host: '127.0.0.1', port, tls: null, address: null, proxy: null, protocol: 20 },
      limits,
    )
    const server = new HttpServer({
      port: 0,
      host: '127.0.0.1',
      listener: 'wire',
      limits: DEFAULT_LIMITS,
      handler: proxy(() => pool),
    })
    const { runCorpus } = await import('./run.ts')
    const send =
      'POST /p HTTP/1.1\r\nHost: h\r\nX-B: 1\r\nConnection: close, x-c\r\nX-C: 2\r\nContent-Length: 3\r\n\r\nabc'
    const client =
      'HTTP/1.1 200 OK\r\nx-a: b\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\nx-t: v\r\n\r\n'
    const one: WireCase = {
      name: 'up and down',
      file: 'here',
      send,
      statuses: [200],
      backend: [],
      replies: [],
      client,
      half: false,
    }
    const none: WireBackend = { port, begin: () => ({ heard: '' }) as never, stop: async () => {} }
    const faults = await runCorpus({ host: '127.0.0.1', port: await server.listen() }, none, { cases: [one] })
    await server.drain(0)
    pool.destroy()
    h2.close()
    assert.deepEqual(faults, [])
    assert.deepEqual(seen, [
      ':method',
      'POST',
      ':scheme',
      'http',
      ':authority',
      'h',
      ':path',
      '/p',
      'x-b',
      '1',
      'content-length',
      '3',
    ])
  })
})

function ask(
  session: http2.ClientHttp2Session,
  list: string[],
  body?: string,
  trailers?: Record<string, string>,
): Promise<Answer> {
  return new Promise(resolve => {
    const got: Answer = { status: 0, headers: {}, body: '', trailers: {} }
    const stream = session.request(list as never, {
      endStream: body === undefined,
      waitForTrailers: trailers !== undefined,
    })
    stream.setEncoding('latin1')
    stream.on('response', headers => Object.assign(got, { status: Number(headers[':status']), headers }))
    stream.on('data', text => (got.body += text))
    stream.on('trailers', fields => (got.trailers = fields))
    stream.on('wantTrailers', () => stream.sendTrailers(trailers!))
    stream.on('error', () => {})
    stream.on('close', () => resolve(got))
    if (body !== undefined) stream.end(body)
  })
}
