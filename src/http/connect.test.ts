import assert from 'node:assert/strict'
import net from 'node:net'
import { after, describe, it } from 'node:test'
import tls from 'node:tls'
import type { ForwardProxy, Origin, OriginTls } from './origin.ts'
import { Http1Pool } from './pool.ts'
import { cert, key } from './testing/certificate.ts'
import { call, origin, poolLimits, type Recorder } from './testing/recorder.ts'
import { backend, until } from './testing/sockets.ts'

const stops: (() => unknown)[] = []
after(async () => {
  for (const stop of stops.reverse()) await stop()
})

const trusted: OriginTls = { serverName: 'localhost', verify: true, verifyName: true, ca: [cert] }

/** One request to the origin with a pool of its own. */
async function once(to: Origin, timeouts = {}, limits = {}): Promise<Recorder> {
  const pool = new Http1Pool(to, { ...poolLimits, ...limits })
  stops.push(() => pool.destroy())
  const got = await call(pool, {}, timeouts)
  assert.equal(got.late, 0)
  return got
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** A TLS server that answers every head, and counts resumed sessions and client certificates. */
async function secure(
  options: tls.TlsOptions = {},
): Promise<{ port: number; seen: { resumed: number; clients: number; names: unknown[] } }> {
  const seen = { resumed: 0, clients: 0, names: [] as unknown[] }
  const server = tls.createServer({ cert, key, ...options }, socket => {
    if (socket.isSessionReused()) seen.resumed++
    if (socket.getPeerCertificate().raw !== undefined) seen.clients++
    seen.names.push(socket.servername)
    socket.on('error', () => {})
    socket.on('data', () => socket.write(ok))
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  stops.push(() => server.close())
  return { port: (server.address() as net.AddressInfo).port, seen }
}

/** A forward proxy that notes the first line it hears and answers with `answer`, or connects where `CONNECT` says. */
async function forwarder(answer: string | null, secret = false): Promise<{ port: number; heard: string[] }> {
  const heard: string[] = []
  const onSocket = (socket: net.Socket): void => {
    socket.on('error', () => {})
    socket.once('data', bytes => {
      const text = bytes.toString('latin1')
      heard.push(text)
      if (answer !== null) {
        socket.write(answer, 'latin1')
        return
      }
      const to = net.connect(Number(/:(\d+) /.exec(text)![1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        to.pipe(socket).pipe(to)
      })
      to.on('error', () => socket.destroy())
    })
  }
  const server = secret ? tls.createServer({ cert, key }, onSocket) : net.createServer(onSocket)
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  stops.push(() => server.close())
  return { port: (server.address() as net.AddressInfo).port, heard }
}

const via = (port: number, more: Partial<ForwardProxy> = {}): ForwardProxy => ({
  host: '127.0.0.1',
  port,
  tls: false,
  authorization: null,
  ...more,
})

describe('connecting', () => {
  it('names why it failed, and that nothing was sent', async () => {
    const refused = await once(origin(1))
    assert.equal(refused.error?.fault, 'refused')
    const lookup: net.LookupFunction = (_host, _options, done) => {
      const error: NodeJS.ErrnoException = new Error('no such name')
      error.code = 'ENOTFOUND'
      done(error, '', 4)
    }
    const dns = await once(origin(80, { host: 'nowhere.example' }), {}, { lookup })
    assert.equal(dns.error?.fault, 'dns')
    const silent = await backend(() => {})
    stops.push(() => silent.stop())
    const late = await once(origin(silent.port, { tls: trusted }), { connect: 150 })
    assert.equal(late.error?.fault, 'connect_timeout')
    const head = await once(origin(silent.port, { tls: trusted }), { head: 150 })
    assert.equal(head.error?.fault, 'connect_timeout')
    const plain = await backend((_, socket) => socket.end('HTTP/1.1 400 Bad\r\n\r\n'))
    stops.push(() => plain.stop())
    const speech = await once(origin(plain.port, { tls: trusted }))
    assert.equal(speech.error?.fault, 'tls')
    for (const got of [refused, dns, late, head, speech]) assert.equal(got.error?.untouched, true)
    await until(() => silent.open === 0)
  })

  it('fails like any other call when the origin itself is impossible', async () => {
    for (const broken of [
      origin(70_000),
      origin(443, { tls: { ...trusted, ca: ['nonsense'], cert: 'x', key: 'y' } }),
      origin(1, { proxy: via(99_999) }),
    ]) {
      const pool = new Http1Pool(broken, poolLimits)
      const got = await call(pool)
      assert.notEqual(got.error, null)
      assert.equal(pool.busy, 0)
      assert.equal(pool.open, 0)
    }
  })

  it('goes to the given address under the name of the host', async () => {
    const raw = await backend((_, socket) => socket.write(ok))
    stops.push(() => raw.stop())
    const got = await once(origin(raw.port, { host: 'nowhere.invalid', address: '127.0.0.1' }))
    assert.equal(got.body, 'ok')
  })

  it('asks the given resolver', async () => {
    const raw = await backend((_, socket) => socket.write(ok))
    stops.push(() => raw.stop())
    const lookup = ((
      _host: string,
      options: { all?: boolean },
      done: (e: null, a: unknown, f?: number) => void,
    ) =>
      options.all
        ? done(null, [{ address: '127.0.0.1', family: 4 }])
        : done(null, '127.0.0.1', 4)) as unknown as net.LookupFunction
    assert.equal((await once(origin(raw.port, { host: 'a.name' }), {}, { lookup })).body, 'ok')
  })
})

describe('connecting over TLS', () => {
  it('checks authority and name, unless told not to', async () => {
    const { port, seen } = await secure()
    assert.equal((await once(origin(port, { tls: trusted }))).body, 'ok')
    assert.deepEqual(seen.names, ['localhost'])
    const unknown: OriginTls = { serverName: 'localhost', verify: true, verifyName: true }
    assert.equal((await once(origin(port, { tls: unknown }))).error?.fault, 'tls')
    const misnamed = { ...trusted, serverName: 'other.example' }
    assert.equal((await once(origin(port, { tls: misnamed }))).error?.fault, 'tls')
    assert.equal((await once(origin(port, { tls: { ...misnamed, verifyName: false } }))).body, 'ok')
    assert.equal((await once(origin(port, { tls: { ...unknown, verify: false } }))).body, 'ok')
    assert.equal((await once(origin(port, { tls: { ...trusted, serverName: '127.0.0.1' } }))).body, 'ok')
  })

  it('shows its certificate when it has one', async () => {
    const { port, seen } = await secure({ requestCert: true, ca: cert, rejectUnauthorized: true })
    assert.equal((await once(origin(port, { tls: { ...trusted, cert, key } }))).body, 'ok')
    assert.equal(seen.clients, 1)
    assert.notEqual((await once(origin(port, { tls: trusted }))).error, null)
  })

  it('resumes sessions', async () => {
    const { port, seen } = await secure()
    const pool = new Http1Pool(origin(port, { tls: trusted }), { ...poolLimits, maxIdle: 0 })
    stops.push(() => pool.destroy())
    for (let i = 0; i < 3; i++) {
      await call(pool)
      await until(() => pool.open === 0)
    }
    assert.ok(seen.resumed >= 1, `${seen.resumed}`)
  })
})

describe('a forward proxy', () => {
  it('is asked for plain origins in absolute form, with its own password', async () => {
    for (const secret of [false]) {
      const { port, heard } = await forwarder(ok, secret)
      const got = await once(
        origin(81, { host: 'far.example', proxy: via(port, { authorization: 'Basic eA==' }) }),
      )
      assert.equal(got.body, 'ok')
      assert.equal(
        heard[0],
        'GET http://far.example:81/ HTTP/1.1\r\nHost: h\r\nProxy-Authorization: Basic eA==\r\n\r\n',
      )
    }
    const { port, heard } = await forwarder(ok)
    await once(origin(81, { host: '2001:db8::1', proxy: via(port) }))
    assert.match(heard[0]!, /^GET http:\/\/\[2001:db8::1\]:81\/ /)
  })

  it('makes tunnels for TLS origins, which do not see its password', async () => {
    const target = await secure()
    const { port, heard } = await forwarder(null)
    const got = await once(
      origin(target.port, { tls: trusted, proxy: via(port, { authorization: 'Basic eA==' }) }),
    )
    assert.equal(got.body, 'ok')
    const to = `127.0.0.1:${target.port}`
    assert.equal(heard[0], `CONNECT ${to} HTTP/1.1\r\nHost: ${to}\r\nProxy-Authorization: Basic eA==\r\n\r\n`)
  })

  it('that refuses, babbles, or never ends its answer is no way', async () => {
    for (const answer of [
      'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n',
      'HTTP/1.1 200 OK\r\n\r\nalready speaking',
      `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(10_000)}`,
      'nonsense\r\n\r\n',
    ]) {
      const { port } = await forwarder(answer)
      const got = await once(origin(443, { host: 'far.example', tls: trusted, proxy: via(port) }))
      assert.equal(got.error?.fault, 'proxy_refused', answer.slice(0, 40))
      assert.equal(got.error?.untouched, true)
    }
    const { port } = await forwarder('HTTP/1.1 200 O')
    const got = await once(origin(443, { host: 'far.example', tls: trusted, proxy: via(port) }), {
      connect: 150,
    })
    assert.equal(got.error?.fault, 'connect_timeout')
  })
})
