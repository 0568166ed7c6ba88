import assert from 'node:assert/strict'
import http2, { type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import net from 'node:net'
import { after, describe, it } from 'node:test'
import { UNKNOWN_LENGTH } from './contract.ts'
import { HeaderBlock } from './headers.ts'
import { Http2Pool } from './http2-pool.ts'
import type { PoolLimits } from './origin.ts'
import { call, noTimeouts, origin, poolLimits, Recorder, request } from './testing/recorder.ts'
import { cert, key } from './testing/certificate.ts'
import { until } from './testing/sockets.ts'

const stops: (() => unknown)[] = []
after(async () => {
  for (const stop of stops) await stop()
})

interface Backend {
  pool: Http2Pool
  port: number
  sessions: ServerHttp2Session[]
}

async function against(
  onStream: (stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders, raw: string[]) => void,
  more: { limits?: Partial<PoolLimits>; settings?: http2.Settings; secure?: boolean } = {},
): Promise<Backend> {
  const options = { settings: more.settings ?? {} }
  const server = more.secure
    ? http2.createSecureServer({ ...options, cert, key })
    : http2.createServer(options)
  const sessions: ServerHttp2Session[] = []
  server.on('session', session => {
    sessions.push(session)
    session.on('error', () => {})
  })
  server.on('stream', (stream: ServerHttp2Stream, headers, _flags, raw) => {
    stream.on('error', () => {})
    onStream(stream, headers, raw as unknown as string[])
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as net.AddressInfo
  const tls = more.secure ? { serverName: 'localhost', verify: true, verifyName: true, ca: [cert] } : null
  const pool = new Http2Pool(origin(port, { protocol: 20, tls }), { ...poolLimits, ...more.limits })
  stops.push(() => {
    pool.destroy()
    for (const session of sessions) session.destroy()
    server.close()
  })
  return { pool, port, sessions }
}

const answer = (stream: ServerHttp2Stream, body = 'x'): void => {
  if (stream.destroyed) return
  stream.respond({ ':status': 200, 'content-length': body.length })
  stream.end(body)
}

describe('an HTTP/2 pool', () => {
  it('shares one session between many requests', async () => {
    const { pool, sessions } = await against((stream, headers) => answer(stream, String(headers[':path'])))
    const all = await Promise.all(Array.from({ length: 30 }, (_, i) => call(pool, { path: `/${i}` })))
    all.forEach((got, i) => {
      assert.equal(got.body, `/${i}`)
      assert.equal(got.version, 20)
      assert.equal(got.late, 0)
    })
    assert.equal(sessions.length, 1)
    assert.equal(pool.busy, 0)
  })

  it('speaks over TLS, and to nobody who does not negotiate h2', async () => {
    const { pool } = await against(stream => answer(stream), { secure: true })
    assert.equal((await call(pool)).status, 200)
    const { createServer } = await import('node:tls')
    const old = createServer({ cert, key, ALPNProtocols: ['http/1.1'] }, socket =>
      socket.on('error', () => {}),
    )
    await new Promise<void>(done => old.listen(0, '127.0.0.1', done))
    stops.push(() => old.close())
    const tls = { serverName: 'localhost', verify: true, verifyName: true, ca: [cert] }
    const wrong = new Http2Pool(
      origin((old.address() as net.AddressInfo).port, { protocol: 20, tls }),
      poolLimits,
    )
    const got = await call(wrong)
    assert.equal(got.error?.fault, 'tls')
    assert.equal(got.error?.untouched, true)
  })

  it('writes heads HTTP/2 knows, in order', async () => {
    let seen: string[] = []
    const { pool } = await against((stream, _headers, raw) => {
      seen = raw
      answer(stream)
    })
    await call(pool, {
      method: 'POST',
      path: '/p?q',
      body: 'abc',
      fields: [
        ['X-B', '1'],
        ['Connection', 'close'],
        ['TE', 'trailers'],
        ['X-A', '2'],
      ],
    })
    assert.deepEqual(seen, [
      ':method',
      'POST',
      ':scheme',
      'http',
      ':authority',
      'h',
      ':path',
      '/p?q',
      'x-b',
      '1',
      'x-a',
      '2',
      'content-length',
      '3',
      'te',
      'trailers',
    ])
  })

  it('carries gRPC: bodies both ways at once, trailers at the end', async () => {
    const { pool } = await against(stream => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.on('data', bytes => stream.write(bytes))
      stream.on('end', () => stream.end())
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'fine' }))
    })
    const recorder = new Recorder()
    const sent = pool.dispatch(
      request({ method: 'POST', bodyLength: UNKNOWN_LENGTH, fields: [['TE', 'trailers']] }),
      recorder,
      noTimeouts,
    )
    recorder.onReady = () => sent.write(Buffer.from('one '))
    recorder.onChunk = chunk => {
      if (chunk.toString() === 'one ') {
        sent.write(Buffer.from('two'))
        sent.end(HeaderBlock.from([['X-Sum', '1']]))
      }
      return true
    }
    await recorder.done
    assert.equal(recorder.body, 'one two')
    assert.equal(recorder.trailers?.get('grpc-status'), '0')
  })

  it('relays trailers-only answers, interim answers, and answers without a body', async () => {
    const { pool } = await against((stream, headers) => {
      if (headers[':path'] === '/hint') stream.additionalHeaders({ ':status': 103, link: '<a>' })
      const status = headers[':path'] === '/204' ? 204 : 200
      stream.respond({ ':status': status, 'grpc-status': '5' }, { endStream: true })
    })
    const only = await call(pool)
    assert.equal(`${only.status} ${only.length} ${only.headers.get('grpc-status')}`, '200 0 5')
    assert.deepEqual((await call(pool, { path: '/hint' })).interim, [103])
    assert.equal((await call(pool, { path: '/204' })).status, 204)
    assert.equal((await call(pool, { method: 'HEAD' })).status, 200)
  })

  it('pauses both ways', async () => {
    const size = 3_000_000
    let took = 0
    const { pool } = await against((stream, headers) => {
      if (headers[':path'] === '/up') {
        stream.pause()
        setTimeout(() => stream.resume(), 100)
        stream.on('data', bytes => (took += bytes.length))
        stream.on('end', () => answer(stream))
      } else {
        stream.respond({ ':status': 200 })
        stream.end(Buffer.alloc(size, 97))
      }
    })
    const down = call(pool)
    let pauses = 0
    down.recorder.onChunk = () => {
      pauses++
      setImmediate(() => down.call.resume())
      return false
    }
    assert.equal((await down).bytes, size)
    assert.ok(pauses > 5)
    const recorder = new Recorder()
    const up = pool.dispatch(request({ method: 'POST', path: '/up', bodyLength: size }), recorder, noTimeouts)
    let written = 0
    let full = 0
    const pump = (): void => {
      while (written < size) {
        const part = Math.min(50_000, size - written)
        written += part
        if (!up.write(Buffer.alloc(part))) {
          full++
          return
        }
      }
      up.end()
    }
    recorder.onDrained = pump
    if (recorder.connects > 0) pump()
    else recorder.onReady = pump
    await recorder.done
    assert.equal(recorder.status, 200)
    assert.equal(took, size)
    assert.ok(full > 0)
  })

  it('opens another session when one is full, and lets others wait', async () => {
    const { pool, sessions } = await against(stream => setTimeout(() => answer(stream), 30), {
      settings: { maxConcurrentStreams: 2 },
      limits: { maxConnections: 2, maxQueue: 100 },
    })
    await call(pool)
    const all = await Promise.all(Array.from({ length: 12 }, () => call(pool)))
    assert.ok(
      all.every(got => got.body === 'x'),
      all.map(g => g.error?.message).join(),
    )
    assert.equal(sessions.length, 2)
  })

  it('names what went wrong with a stream', async () => {
    const { constants } = http2
    for (const [code, fault, untouched] of [
      [constants.NGHTTP2_REFUSED_STREAM, 'reset', true],
      [constants.NGHTTP2_CANCEL, 'reset', false],
      [constants.NGHTTP2_INTERNAL_ERROR, 'reset', false],
      [constants.NGHTTP2_ENHANCE_YOUR_CALM, 'reset', false],
      [constants.NGHTTP2_HTTP_1_1_REQUIRED, 'bad_response', true],
      [constants.NGHTTP2_PROTOCOL_ERROR, 'bad_response', false],
    ] as const) {
      const { pool } = await against(stream => stream.close(code))
      const got = await call(pool)
      assert.equal(got.error?.fault, fault, `code ${code}`)
      assert.equal(got.error?.untouched, untouched, `code ${code}`)
      assert.equal(got.late, 0)
    }
  })

  it('sees answers that are cut, lie about their length, or never come', async () => {
    const { pool } = await against((stream, headers) => {
      switch (headers[':path']) {
        case '/cut':
          stream.respond({ ':status': 200 })
          stream.write('abc')
          setTimeout(() => stream.destroy(), 20)
          return
        case '/gone':
          stream.respond({ ':status': 200, 'content-length': 10 })
          stream.write('abc')
          setTimeout(() => stream.session?.socket.destroy(), 20)
          return
        case '/short':
          stream.respond({ ':status': 200, 'content-length': 10 })
          stream.end('abc')
          return
        case '/idle':
          stream.respond({ ':status': 200, 'content-length': 10 })
          stream.write('abc')
      }
    })
    assert.match((await call(pool, { path: '/cut' })).error?.fault ?? '', /short_body|bad_response/)
    assert.match((await call(pool, { path: '/short' })).error?.fault ?? '', /short_body|bad_response/)
    assert.equal((await call(pool, { path: '/gone' })).error?.fault, 'short_body')
    assert.equal((await call(pool, { path: '/idle' }, { idle: 200 })).error?.fault, 'idle_timeout')
    assert.equal((await call(pool, { path: '/never' }, { head: 200 })).error?.fault, 'head_timeout')
    assert.equal((await call(pool, { path: '/never' }, { total: 200 })).error?.fault, 'total_timeout')
    await until(() => pool.busy === 0)
  })

  it('goes on elsewhere after GOAWAY, and lets running streams end', async () => {
    const { pool, sessions } = await against((stream, headers) => {
      if (headers[':path'] === '/slow') setTimeout(() => answer(stream), 80)
      else answer(stream)
    })
    const slow = call(pool, { path: '/slow' })
    await until(() => sessions.length === 1)
    await new Promise(done => setTimeout(done, 20))
    sessions[0]!.close()
    await new Promise(done => setTimeout(done, 20))
    assert.equal((await call(pool)).body, 'x')
    assert.equal((await slow).body, 'x')
    assert.equal(sessions.length, 2)
  })

  it('calls streams above the last one of a GOAWAY untouched', async () => {
    const frame = (type: number, flags: number, stream: number, payload: Buffer): Buffer => {
      const head = Buffer.alloc(9)
      head.writeUIntBE(payload.length, 0, 3)
      head[3] = type
      head[4] = flags
      head.writeUInt32BE(stream, 5)
      return Buffer.concat([head, payload])
    }
    for (const code of [0, 2]) {
      const server = net.createServer(socket => {
        socket.on('error', () => {})
        socket.write(frame(4, 0, 0, Buffer.alloc(0)))
        let heads = 0
        socket.on('data', (bytes: Buffer) => {
          for (
            let at = bytes.indexOf('PRI') === 0 ? 24 : 0;
            at + 9 <= bytes.length;
            at += 9 + bytes.readUIntBE(at, 3)
          )
            if (bytes[at + 3] === 1 && ++heads === 2) {
              const payload = Buffer.alloc(8)
              payload.writeUInt32BE(1, 0)
              payload.writeUInt32BE(code, 4)
              socket.write(frame(7, 0, 0, payload))
              setTimeout(() => socket.destroy(), 30)
            }
        })
      })
      await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
      stops.push(() => server.close())
      const pool = new Http2Pool(
        origin((server.address() as net.AddressInfo).port, { protocol: 20 }),
        poolLimits,
      )
      stops.push(() => pool.destroy())
      const [first, second] = await Promise.all([call(pool), call(pool)])
      assert.equal(first.error?.untouched, false, `code ${code}`)
      assert.equal(second.error?.untouched, true, `code ${code}`)
    }
  })

  it('is refused like any other when nobody listens, and when the server speaks HTTP/1', async () => {
    const nobody = new Http2Pool(origin(1, { protocol: 20 }), poolLimits)
    const got = await call(nobody)
    assert.equal(got.error?.fault, 'refused')
    assert.equal(got.error?.untouched, true)
    const old = net.createServer(socket => {
      socket.on('error', () => {})
      socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')
    })
    await new Promise<void>(done => old.listen(0, '127.0.0.1', done))
    stops.push(() => old.close())
    const pool = new Http2Pool(origin((old.address() as net.AddressInfo).port, { protocol: 20 }), poolLimits)
    const failed = await call(pool)
    assert.notEqual(failed.error, null)
    await until(() => pool.open === 0)
  })

  it('forgets calls that are given up, and closes idle sessions', async () => {
    const { pool, sessions } = await against(stream => setTimeout(() => answer(stream), 50), {
      limits: { idleTimeout: 100 },
    })
    const waiting = call(pool)
    waiting.call.abort()
    assert.equal(pool.open, 0)
    const flying = call(pool)
    await until(() => sessions.length === 1)
    await new Promise(done => setTimeout(done, 20))
    flying.call.abort()
    await until(() => pool.busy === 0)
    assert.equal((await call(pool)).body, 'x')
    await until(() => pool.open === 0)
  })

  it('carries WebSockets as extended CONNECT where the server takes them', async () => {
    const { pool } = await against(
      (stream, headers) => {
        assert.equal(headers[':protocol'], 'websocket')
        stream.respond({ ':status': 200 })
        stream.on('data', bytes => stream.write(bytes))
        stream.on('end', () => stream.end())
      },
      { settings: { enableConnectProtocol: true } },
    )
    const got = await call(pool, {
      upgrade: 'websocket',
      fields: [['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==']],
    })
    assert.equal(got.status, 101)
    assert.equal(got.headers.get('sec-websocket-accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
    got.stream!.write('ping')
    const heard = await new Promise(done => got.stream!.once('data', bytes => done(String(bytes))))
    assert.equal(heard, 'ping')
    got.stream!.destroy()
    const without = await against(stream => answer(stream))
    assert.equal((await call(without.pool, { upgrade: 'websocket' })).error?.fault, 'aborted')
  })

  it('fails everything when it is destroyed, and lets streams end when it is closed', async () => {
    const { pool } = await against(stream => setTimeout(() => answer(stream), 50))
    const first = call(pool)
    await until(() => first.recorder.connects === 1)
    pool.close()
    assert.equal((await first).body, 'x')
    const other = await against(() => {})
    const second = call(other.pool)
    await until(() => second.recorder.connects === 1)
    const third = call(other.pool)
    other.pool.destroy()
    assert.notEqual((await second).error, null)
    assert.notEqual((await third).error, null)
    assert.equal((await call(other.pool)).error?.fault, 'aborted')
  })
})
