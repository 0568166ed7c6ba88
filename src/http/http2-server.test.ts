import assert from 'node:assert/strict'
import http2 from 'node:http2'
import net from 'node:net'
import { after, describe, it } from 'node:test'
import tls from 'node:tls'
import { UNKNOWN_LENGTH } from './contract.ts'
import { HeaderBlock } from './headers.ts'
import { cert } from './testing/certificate.ts'
import { ask, frame, get, post, postBlock, preface, started, stopAll, stops } from './testing/http2-frames.ts'
import { echo, say, talk, until } from './testing/sockets.ts'

after(stopAll)

describe('HTTP/2 on the server', () => {
  it('is spoken by prior knowledge, however the preface is cut, and beside HTTP/1.1', async () => {
    const { port, connect } = await started(exchange => say(`${exchange.version}`)(exchange))
    assert.equal((await ask(connect(), get())).body, '20')
    assert.match(await talk(port, ['GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n']), /11$/)
    const cut = http2.connect(`http://127.0.0.1:${port}`, {
      createConnection: () => {
        const socket = net.connect(port, '127.0.0.1')
        socket.setNoDelay(true)
        return socket
      },
    })
    stops.push(() => cut.destroy())
    assert.equal((await ask(cut, get())).status, 200)
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
    const answer = await talk(port, [...preface, '\0\0\0\x04\0\0\0\0\0'], { pause: 2, until: /^[\s\S]{9}/ })
    assert.equal(answer.charCodeAt(3), 4, 'the server answers with SETTINGS')
    assert.match(await talk(port, ['PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n']), /^HTTP\/1\.1 505/)
  })

  it('is negotiated over TLS', async () => {
    const { port, connect } = await started(
      exchange => say(`${exchange.scheme} ${exchange.connection.tls?.protocol}`)(exchange),
      {},
      {},
      true,
    )
    assert.equal((await ask(connect(), get())).body, 'https TLSv1.3')
    const socket = tls.connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: cert,
      ALPNProtocols: ['http/1.1'],
    })
    await new Promise(done => socket.once('secureConnect', done))
    assert.equal(socket.alpnProtocol, 'http/1.1')
    socket.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
    const text = await new Promise<string>(done => socket.once('data', bytes => done(bytes.toString())))
    assert.match(text, /https TLSv1\.3$/)
    socket.destroy()
  })

  it('gives one block of headers, Host first, cookies joined, order kept', async () => {
    let seen: [string, string][] = []
    const { connect } = await started(exchange => {
      seen = [...exchange.headers]
      say(exchange.authority)(exchange)
    })
    const got = await ask(
      connect(),
      get('b', '1', 'cookie', 'x=1', 'a', '2', 'cookie', 'y=2', 'te', 'trailers'),
    )
    assert.equal(got.body, 'h')
    assert.deepEqual(seen, [
      ['host', 'h'],
      ['b', '1'],
      ['a', '2'],
      ['te', 'trailers'],
      ['cookie', 'x=1; y=2'],
    ])
  })

  it('carries bodies and trailers both ways', async () => {
    const { connect } = await started(echo)
    const session = connect()
    const body = 'x'.repeat(3_000_000)
    const got = await ask(session, post(), body, { 'grpc-status': '0', host: 'evil' })
    assert.equal(got.body.length, body.length)
    assert.equal(got.trailers['grpc-status'], '0')
    assert.equal(got.trailers['host'], undefined)
    const declared = await ask(session, post('content-length', '5'), '12345')
    assert.equal(declared.headers['content-length'], '5')
  })

  it('sends interim answers, and 100 when the body is wanted', async () => {
    const { connect } = await started(exchange => {
      exchange.inform(103, HeaderBlock.from([['Link', '<a>']]))
      exchange.readBody({ data: () => true, end: () => say('x')(exchange), error: () => {} })
    })
    const got = await ask(connect(), post('expect', '100-continue', 'content-length', '1'), 'a')
    assert.deepEqual(got.interim, [103, 100])
    assert.equal(got.status, 200)
  })

  it('has no body where there is none', async () => {
    const { connect } = await started(exchange =>
      say('hello', exchange.target === '/204' ? 204 : 200)(exchange),
    )
    const session = connect()
    const head = await ask(session, [':method', 'HEAD', ...get().slice(2)])
    assert.equal(`${head.status} ${head.headers['content-length']} ${head.body}`, '200 5 ')
    const none = await ask(session, [...get().slice(0, 7), '/204'])
    assert.equal(`${none.status} ${none.headers['content-length']} ${none.body}`, '204 undefined ')
  })

  it('refuses what HTTP/1 could read differently', async () => {
    const { connect } = await started(say('reached'))
    const session = connect()
    const path = (p: string): string[] => [...get().slice(0, 7), p]
    const authority = (a: string): string[] => [
      ':method',
      'GET',
      ':scheme',
      'http',
      ':authority',
      a,
      ':path',
      '/',
    ]
    for (const [list, status] of [
      [path('/a b'), 400],
      [path('/a\x7f'), 400],
      [path('x'), 400],
      [path('*'), 400],
      [path('/#x'), 400],
      [path(`/${'x'.repeat(20_000)}`), 414],
      [authority('a,b'), 400],
      [authority('a@b'), 400],
      [authority('a:99999'), 400],
      [get('host', 'other'), 400],
      [get('x', 'y'.repeat(17_000)), 431],
      [[':method', 'A B', ...get().slice(2)], 400],
      [[':method', 'X'.repeat(40), ...get().slice(2)], 501],
      [[':method', 'GET', ':scheme', 'ftp', ':authority', 'h', ':path', '/'], 400],
      [[':method', 'CONNECT', ':authority', 'h:1'], 405],
    ] as const) {
      const got = await ask(session, [...list])
      assert.ok(
        got.status === status || (got.status === 0 && got.code !== 0),
        `${list.join(' ')}: ${got.status}, code ${got.code}`,
      )
      assert.doesNotMatch(got.body, /reached/)
    }
    assert.equal((await ask(session, get('host', 'H'))).status, 200)
    assert.equal((await ask(session, get())).status, 200, 'the session lives on')
  })

  it('adds the fields of its owner to answers that no handler gave', async () => {
    const told: string[] = []
    const { connect } = await started(say('reached'), { maxBody: 5 }, {}, false, (fault, facts) => {
      told.push(`${fault.fault} ${facts.remoteAddress}`)
      return HeaderBlock.from([['X-Fault', fault.fault]])
    })
    const session = connect()
    for (const [list, status, fault] of [
      [[...get().slice(0, 7), `/${'x'.repeat(20_000)}`], 414, 'target_too_long'],
      [get('host', 'other'), 400, 'bad_message'],
      [get('x', 'y'.repeat(17_000)), 431, 'head_too_large'],
      [get('expect', 'more'), 417, 'unknown_expectation'],
      [get('content-length', '6'), 413, 'body_too_large'],
      [[':method', 'X'.repeat(40), ...get().slice(2)], 501, 'unsupported'],
    ] as const) {
      const { headers, body } = await ask(
        session,
        [...list],
        fault === 'body_too_large' ? '123456' : undefined,
      )
      assert.deepEqual([headers[':status'], headers['x-fault']], [status, fault])
      assert.equal(headers['content-length'], String(body.length))
      assert.equal(told.at(-1), `${fault} 127.0.0.1`)
    }
    assert.equal((await ask(session, get())).headers['x-fault'], undefined)
    assert.equal(told.length, 6)
  })

  it('makes a wrong content-length an error of the stream', async () => {
    const seen: string[] = []
    const { connect } = await started(exchange => {
      exchange.readBody({
        data: () => true,
        end: () => {
          seen.push('end')
          say('x')(exchange)
        },
        error: () => seen.push('error'),
      })
    })
    const session = connect()
    const short = await ask(session, post('content-length', '10'), '123')
    assert.equal(short.status, 0)
    assert.equal((await ask(session, post('content-length', '3'), '123')).status, 200)
    seen.length = 0
    const long = await ask(session, post('content-length', '2'), '12345')
    assert.equal(long.status, 0)
    assert.ok(!seen.includes('end'))
  })

  it('tells the handler of a reset, in the middle of the body and of the answer', async () => {
    const seen: string[] = []
    const { connect, port } = await started(exchange => {
      exchange.onClose = () => seen.push('close')
      if (exchange.method === 'GET') {
        exchange.writeHead(200, '', new HeaderBlock(), UNKNOWN_LENGTH)
        exchange.writeBody(Buffer.from('x'))
      } else
        exchange.readBody({ data: () => true, end: () => seen.push('end'), error: () => seen.push('error') })
    })
    // Node's client ends a stream before it resets it, so the frames are written by hand.
    for (const code of [8, 0]) {
      seen.length = 0
      const socket = net.connect(port, '127.0.0.1')
      socket.write(Buffer.concat([preface, frame(1, 4, 1, postBlock), frame(0, 0, 1, Buffer.from('abc'))]))
      await new Promise(done => setTimeout(done, 30))
      socket.write(frame(3, 0, 1, Buffer.from([0, 0, 0, code])))
      await until(() => seen.length >= 2)
      assert.deepEqual(seen, ['error', 'close'], `code ${code}`)
      socket.destroy()
    }
    seen.length = 0
    const gone = net.connect(port, '127.0.0.1')
    gone.write(Buffer.concat([preface, frame(1, 4, 1, postBlock), frame(0, 0, 1, Buffer.from('abc'))]))
    await new Promise(done => setTimeout(done, 30))
    gone.destroy()
    await until(() => seen.length >= 2)
    assert.deepEqual(seen, ['error', 'close'])
    const down = connect().request(get() as never)
    down.on('error', () => {})
    await new Promise(done => down.once('response', done))
    seen.length = 0
    down.close(http2.constants.NGHTTP2_CANCEL)
    await until(() => seen.includes('close'))
  })

  it('stops writing when the client does not read, and goes on when it does', async () => {
    let written = 0
    let paused = 0
    const size = 3_000_000
    const { connect } = await started(exchange => {
      const pump = (): void => {
        while (written < size) {
          written += 50_000
          if (!exchange.writeBody(Buffer.alloc(50_000))) {
            paused++
            return
          }
        }
        exchange.end()
      }
      exchange.onDrain = pump
      exchange.writeHead(200, '', new HeaderBlock(), UNKNOWN_LENGTH)
      pump()
    })
    const stream = connect().request(get() as never)
    stream.pause()
    await new Promise(done => setTimeout(done, 100))
    assert.ok(written < 1_000_000, `${written}`)
    let got = 0
    stream.on('data', bytes => (got += bytes.length))
    stream.resume()
    await new Promise(done => stream.on('end', done))
    assert.equal(got, size)
    assert.ok(paused > 0)
  })

  it('takes WebSockets as extended CONNECT', async () => {
    const { connect } = await started(exchange => {
      assert.equal(`${exchange.method} ${exchange.upgrade} ${exchange.bodyLength}`, 'GET websocket 0')
      assert.match(exchange.headers.get('sec-websocket-key') ?? '', /^[\w+/]{22}==$/)
      const stream = exchange.acceptUpgrade(
        HeaderBlock.from([
          ['Sec-WebSocket-Protocol', 'chat'],
          ['Sec-WebSocket-Accept', 'x'],
        ]),
      )
      stream.on('data', (bytes: Buffer) => stream.write(bytes))
      stream.on('end', () => stream.end())
    })
    const session = connect()
    await new Promise(done => session.once('remoteSettings', done))
    const got = await ask(
      session,
      [
        ':method',
        'CONNECT',
        ':protocol',
        'websocket',
        ':scheme',
        'http',
        ':authority',
        'h',
        ':path',
        '/chat',
      ],
      'frames',
    )
    assert.equal(got.status, 200)
    assert.equal(got.headers['sec-websocket-protocol'], 'chat')
    assert.equal(got.headers['sec-websocket-accept'], undefined)
    assert.equal(got.body, 'frames')
  })

  it('answers a body that stops coming, and closes idle sessions', async () => {
    const { connect, server } = await started(
      exchange =>
        exchange.readBody({ data: () => true, end: () => {}, error: e => say(e.name, 408)(exchange) }),
      { bodyTimeout: 200, keepAliveTimeout: 200 },
    )
    const session = connect()
    assert.equal((await ask(session, post(), null)).status, 408)
    await until(() => server.connections === 0)
  })

  it('closes a session that never asks', async () => {
    const { connect, server } = await started(say('x'), { headTimeout: 200 })
    connect()
    await until(() => server.connections === 1)
    await until(() => server.connections === 0)
  })

  it('drains: running streams end, new ones are refused', async () => {
    const { connect, server } = await started(exchange => setTimeout(() => say('done')(exchange), 150))
    const session = connect()
    const running = ask(session, get())
    await until(() => server.connections === 1)
    await new Promise(done => setTimeout(done, 30))
    const drained = server.drain(3000)
    assert.equal((await running).body, 'done')
    await drained
    assert.equal(server.connections, 0)
  })
})
