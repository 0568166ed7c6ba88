import assert from 'node:assert/strict'
import net from 'node:net'
import { after, describe, it } from 'node:test'
import tls from 'node:tls'
import type { ConnectionFacts } from './contract.ts'
import { HttpServer } from './server.ts'
import { cert, key } from './testing/certificate.ts'
import { echo, quick, type Running, say, serve, talk, until } from './testing/sockets.ts'

const running: Running[] = []
async function started(...args: Parameters<typeof serve>): Promise<Running> {
  const one = await serve(...args)
  running.push(one)
  return one
}
after(async () => {
  for (const one of running) await one.stop()
})
const get = (lines = ''): string => `GET / HTTP/1.1\r\nHost: h\r\n${lines}\r\n`

describe('a server', () => {
  it('rejects listen when the port is taken', async () => {
    const { port } = await started(say('x'))
    const other = new HttpServer({ port, host: '127.0.0.1', listener: 'b', limits: quick, handler: say('x') })
    await assert.rejects(other.listen(), { code: 'EADDRINUSE' })
  })

  it('tells what is known of a connection', async () => {
    let facts: ConnectionFacts | null = null
    const { port } = await started(exchange => {
      facts = exchange.connection
      say('x')(exchange)
    })
    await talk(port, [get('Connection: close\r\n')])
    const { remoteAddress, localPort, listener, tls: secure, remotePort } = facts!
    assert.deepEqual(
      { remoteAddress, localPort, listener, secure },
      { remoteAddress: '127.0.0.1', localPort: port, listener: 'test', secure: null },
    )
    assert.ok(remotePort > 0)
  })

  it('closes connections above its limit at once', async () => {
    const { port, server } = await started(say('x'), { maxConnections: 2 })
    const held = [net.connect(port, '127.0.0.1'), net.connect(port, '127.0.0.1')]
    await until(() => server.connections === 2)
    assert.equal(await talk(port, [get()]), '')
    for (const socket of held) socket.destroy()
    await until(() => server.connections === 0)
    assert.match(await talk(port, [get('Connection: close\r\n')]), /^HTTP\/1\.1 200/)
  })

  it('closes a connection after so many requests, and says so', async () => {
    const { port } = await started(say('x'), { maxRequestsPerConnection: 2 })
    const text = await talk(port, [get() + get() + get()])
    assert.equal(text.match(/200 OK/g)?.length, 2)
    assert.equal(text.match(/Connection: close/g)?.length, 1)
  })

  it('forgets connections that are gone', async () => {
    const { port, server } = await started(say('x'))
    for (let i = 0; i < 20; i++) {
      const socket = net.connect(port, '127.0.0.1')
      socket.on('error', () => {})
      if (i % 2 === 0) socket.write(i % 4 === 0 ? get() : 'GET / HT')
      setTimeout(() => (i % 3 === 0 ? socket.resetAndDestroy() : socket.destroy()), 20)
    }
    await new Promise(done => setTimeout(done, 60))
    await until(() => server.connections === 0)
  })
})

describe('draining', () => {
  it('lets running exchanges end, closes idle connections, and accepts no more', async () => {
    const { port, server } = await serve(exchange => setTimeout(() => say('slow')(exchange), 150))
    const idle = talk(port, [get()], { until: /slow$/ }).then(() => 'done')
    await idle
    const kept = net.connect(port, '127.0.0.1')
    kept.write(get())
    const answered = new Promise<string>(done => kept.once('data', bytes => done(bytes.toString())))
    await until(() => server.connections >= 1)
    await new Promise(done => setTimeout(done, 30))
    const closed = new Promise(done => kept.once('close', done))
    const drained = server.drain(3000)
    assert.match(await answered, /Connection: close[\s\S]*slow$/)
    await closed
    await drained
    assert.equal(server.connections, 0)
    await assert.rejects(
      new Promise((done, fail) => net.connect(port, '127.0.0.1', () => done(0)).on('error', fail)),
    )
  })

  it('still answers a connection that was just accepted', async () => {
    const { port, server } = await serve(say('x'))
    const socket = net.connect(port, '127.0.0.1')
    await until(() => server.connections === 1)
    const drained = server.drain(3000)
    socket.write(get())
    const text = await new Promise<string>(done => socket.once('data', bytes => done(bytes.toString())))
    assert.match(text, /^HTTP\/1\.1 200[\s\S]*Connection: close/)
    await drained
  })

  it('ends after its limit whatever still runs', async () => {
    const { port, server } = await serve(() => {})
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(get())
    await until(() => server.connections === 1)
    await new Promise(done => setTimeout(done, 20))
    const begun = Date.now()
    await server.drain(200)
    assert.ok(Date.now() - begun < 1000)
    await until(() => server.connections === 0)
  })
})

describe('a TLS server', () => {
  const connect = (port: number, more: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> =>
    new Promise((resolve, reject) => {
      const socket = tls.connect({
        port,
        host: '127.0.0.1',
        servername: 'test.local',
        ca: cert,
        allowHalfOpen: true,
        ...more,
      } as tls.ConnectionOptions)
      socket.once('secureConnect', () => resolve(socket))
      socket.once('error', reject)
    })
  const ask = async (socket: tls.TLSSocket, text: string, end = false): Promise<string> => {
    let got = ''
    socket.on('data', bytes => (got += bytes.toString('latin1')))
    socket.write(text)
    if (end) socket.end()
    await new Promise(done => socket.once('end', done))
    socket.destroy()
    return got
  }

  it('serves, tells what it knows, and carries bodies both ways', async () => {
    const seen: (string | number)[] = []
    const { port } = await started(
      exchange => {
        const secure = exchange.connection.tls!
        seen.push(exchange.scheme, secure.serverName, secure.protocol, secure.clientChain().length)
        echo(exchange)
      },
      {},
      { tls: { cert, key, requestCert: true, ca: cert } },
    )
    const body = 'b'.repeat(2_000_000)
    const socket = await connect(port, { cert, key })
    const text = await ask(
      socket,
      `POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    assert.equal(text.length - text.indexOf('\r\n\r\n') - 4, body.length)
    assert.deepEqual(seen, ['https', 'test.local', 'TLSv1.3', 1])
  })

  it('answers a client that half-closed', async () => {
    const { port } = await started(
      exchange => setTimeout(() => say('late')(exchange), 50),
      {},
      { tls: { cert, key } },
    )
    assert.match(await ask(await connect(port), get(), true), /late$/)
  })

  it('gives up on handshakes that do not come, and survives nonsense', async () => {
    const { port } = await started(say('x'), { headTimeout: 200 }, { tls: { cert, key } })
    assert.equal(await talk(port, []), '')
    await talk(port, [get()])
    assert.match(await ask(await connect(port), get('Connection: close\r\n')), /200 OK/)
  })

  it('refuses the preface of HTTP/2 where ALPN did not agree on it', async () => {
    const { port } = await started(say('x'), {}, { tls: { cert, key } })
    assert.match(await ask(await connect(port), 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), /^HTTP\/1\.1 505/)
  })

  it('drains', async () => {
    const { port, server } = await serve(
      exchange => setTimeout(() => say('slow')(exchange), 100),
      {},
      { tls: { cert, key } },
    )
    const socket = await connect(port)
    const answer = ask(socket, get())
    await until(() => server.connections === 1)
    await new Promise(done => setTimeout(done, 20))
    await server.drain(3000)
    assert.match(await answer, /slow$/)
    assert.equal(server.connections, 0)
  })
})
