/** HTTP/1.1 and HTTP/2, plain and over TLS, towards clients and towards backends, through a whole gateway. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import https from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import tls from 'node:tls'
import WebSocket, { WebSocketServer } from 'ws'
import { cert, key } from '../src/http/testing/certificate.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { ask, openSession } from './support/http2-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'otoroshi-tls-'))
let gateway: TestGateway
let httpsPort = 0
let plain: Backend
const servers: Server[] = []
const sessions: http2.ClientHttp2Session[] = []

/** Echoes method, path, body and what it saw of the connection; ends with the trailers of gRPC. */
function onStream(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
  let body = ''
  stream.setEncoding('utf8')
  stream.on('error', () => {})
  stream.on('data', chunk => (body += chunk))
  stream.on('end', () => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(`${headers[':method']} ${headers[':path']} ${headers[':authority']} ${body}`)
  })
}

async function listen(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function session(url: string): Promise<http2.ClientHttp2Session> {
  const opened = await openSession(url)
  sessions.push(opened)
  return opened
}

const route = (id: string, target: Record<string, unknown>) =>
  gateway.route({
    id,
    name: id,
    frontend: { domains: [`${id}.test`] },
    backend: { targets: [{ hostname: '127.0.0.1', ...target }] },
  })

before(async () => {
  writeFileSync(join(folder, 'cert.pem'), cert)
  writeFileSync(join(folder, 'key.pem'), key)
  gateway = await startGateway({
    env: {
      OTOROSHI_TLS_CERT_FILE: join(folder, 'cert.pem'),
      OTOROSHI_TLS_KEY_FILE: join(folder, 'key.pem'),
    },
  })
  httpsPort = Number(/https:\/\/\S+?:(\d+)/.exec(gateway.output)?.[1])
  plain = await startBackend()
  const clear = http2.createServer()
  clear.on('stream', onStream)
  const secure = http2.createSecureServer({ cert, key })
  secure.on('stream', onStream)
  const secure1 = https.createServer({ cert, key }, (request, response) => {
    response.end(`${request.url} ${(request.socket as tls.TLSSocket).servername}`)
  })
  const any = { enabled: true, trust_all: true }
  await route('h1', { port: plain.port })
  await route('h2c', { port: await listen(clear), protocol: 'HTTP/2.0' })
  await route('h2', { port: await listen(secure), tls: true, protocol: 'HTTP/2.0', tls_config: any })
  const h1s = await listen(secure1)
  await route('h1s', { port: h1s, tls: true, tls_config: any })
  await route('strict', { port: h1s, tls: true })
  await route('named', {
    hostname: 'test.local',
    ip_address: '127.0.0.1',
    port: h1s,
    tls: true,
    tls_config: any,
  })
  const both = http2.createSecureServer({ cert, key, allowHTTP1: true })
  both.on('stream', onStream)
  new WebSocketServer({ server: both as never }).on('connection', socket =>
    socket.on('message', data => socket.send(`echo ${data}`)),
  )
  await route('both', { port: await listen(both), tls: true, protocol: 'HTTP/2.0', tls_config: any })
  await route('wrong', { port: plain.port, protocol: 'HTTP/2.0' })
})
after(async () => {
  for (const one of sessions) one.destroy()
  await gateway.stop()
  for (const server of servers) server.close()
  await plain.close()
  rmSync(folder, { recursive: true })
})

describe('a client', () => {
  it('over TLS gets the protocol it asks for by ALPN', async () => {
    for (const [offered, agreed] of [
      [['h2', 'http/1.1'], 'h2'],
      [['http/1.1'], 'http/1.1'],
      [[], false],
    ] as const) {
      const socket = tls.connect({
        port: httpsPort,
        rejectUnauthorized: false,
        ...(offered.length > 0 && { ALPNProtocols: [...offered] }),
      })
      await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
      assert.equal(socket.alpnProtocol, agreed)
      socket.destroy()
    }
  })

  for (const [name, url] of [
    ['over TLS', () => `https://127.0.0.1:${httpsPort}`],
    ['that begins with HTTP/2 on the plain port', () => `http://127.0.0.1:${gateway.port}`],
  ] as const)
    it(`${name} speaks HTTP/2 to a backend of HTTP/1.1`, async () => {
      const client = await session(url())
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          ask(client, { ':method': 'POST', ':path': `/${i}`, ':authority': 'h1.test' }, `body ${i}`),
        ),
      )
      answers.forEach(({ status, body }, i) => {
        const seen = JSON.parse(body)
        assert.equal(status, 200)
        assert.deepEqual([seen.url, seen.body, seen.headers.host], [`/${i}`, `body ${i}`, 'h1.test'])
      })
    })

  it('gets errors of the gateway over HTTP/2, with their reason', async () => {
    const client = await session(`https://127.0.0.1:${httpsPort}`)
    const got = await ask(client, { ':path': '/', ':authority': 'nobody.test' })
    assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [404, 'route.not_found'])
  })
})

describe('a backend', () => {
  for (const id of ['h2c', 'h2'])
    it(`of HTTP/2 (${id}) is called by clients of both, trailers included`, async () => {
      const one = await call(gateway.port, `http://${id}.test/a?b`, { method: 'POST', body: 'x' })
      assert.deepEqual([one.status, one.body], [200, `POST /a?b ${id}.test x`])
      const client = await session(`https://127.0.0.1:${httpsPort}`)
      const two = await ask(
        client,
        { ':method': 'POST', ':path': '/pkg.Service/Call', ':authority': `${id}.test`, te: 'trailers' },
        'message',
      )
      assert.deepEqual([two.status, two.body], [200, `POST /pkg.Service/Call ${id}.test message`])
      assert.equal(two.trailers['grpc-status'], '0')
    })

  it('of HTTP/2 gets WebSockets over HTTP/1.1, which it speaks as well', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/`, { headers: { Host: 'both.test' } })
    await once(socket, 'open')
    socket.send('hello')
    const [data] = await once(socket, 'message')
    assert.equal(data.toString(), 'echo hello')
    socket.terminate()
    assert.equal((await call(gateway.port, 'http://both.test/x')).body, 'GET /x both.test ')
  })

  it('that does not speak HTTP/2 answers 502', async () => {
    const got = await call(gateway.port, 'http://wrong.test/')
    assert.equal(got.status, 502)
    assert.match(String(got.headers['otoroshi-error-reason']), /^backend\./)
  })

  it('over TLS is checked unless the target says otherwise, and gets its name', async () => {
    const strict = await call(gateway.port, 'http://strict.test/')
    assert.deepEqual([strict.status, strict.headers['otoroshi-error-reason']], [502, 'backend.tls'])
    assert.equal((await call(gateway.port, 'http://h1s.test/x')).body, '/x false')
    assert.equal((await call(gateway.port, 'http://named.test/x')).body, '/x test.local')
  })
})
