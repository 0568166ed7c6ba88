import assert from 'node:assert/strict'
import { once } from 'node:events'
import https from 'node:https'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { Pools } from '../gateway/backends/pools.ts'
import { DEFAULT_LIMITS } from '../http/index.ts'
import { cert, key } from '../http/testing/certificate.ts'
import { CallFailed, type CallFault, type OutgoingCall } from '../plugin/outgoing-calls.ts'
import { PooledCalls } from './outgoing-calls.ts'

let server: Server
let base = ''
let listener: RequestListener = (_request, response) => response.end()
const seen: {
  method?: string | undefined
  url?: string | undefined
  headers: IncomingMessage['headers']
  body: string
}[] = []
const sockets = new Set<Socket>()

const pools = new Pools(
  { maxConnections: 16, maxIdle: 8, idleTimeout: 30_000, maxQueue: 16, http: DEFAULT_LIMITS },
  50,
)
const calls = new PooledCalls(pools, id =>
  id === 'own' ? { chain: cert, privateKey: key, tenant: 'acme' } : null,
)

before(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => (body += chunk))
    request.on('end', () => {
      const { method, url, headers } = request
      seen.push({ method, url, headers, body })
      listener(request, response)
    })
  })
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  pools.destroy()
  for (const socket of sockets) socket.destroy()
  server.close()
})

const call = (more: Partial<OutgoingCall> = {}): OutgoingCall => ({
  method: 'GET',
  url: `${base}/a?b=1`,
  timeout: 5000,
  ...more,
})
async function fault(more: Partial<OutgoingCall>): Promise<CallFault> {
  const error: unknown = await calls.send(call(more)).then(
    () => null,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof CallFailed, String(error))
  return error.fault
}

describe('a call', () => {
  test('says what it was told to say and answers what it is told', async () => {
    listener = (_request, response) => response.writeHead(418, { 'X-A': 'b' }).end('body')
    const { status, headers, body } = await calls.send(
      call({ method: 'POST', headers: [['X-Key', 'k']], body: 'sent ü' }),
    )
    assert.deepEqual([status, headers.get('x-a'), body.toString()], [418, 'b', 'body'])
    const got = seen.at(-1)!
    assert.deepEqual([got.method, got.url, got.body], ['POST', '/a?b=1', 'sent ü'])
    assert.equal(got.headers['x-key'], 'k')
    assert.equal(got.headers.host, base.slice(7))
    assert.equal(got.headers['content-length'], '7')
  })

  test('shares connections and sends large bodies whole', async () => {
    listener = (_request, response) => response.end('ok')
    const body = 'x'.repeat(3_000_000)
    for (let i = 0; i < 3; i++) await calls.send(call({ method: 'PUT', body }))
    assert.equal(seen.at(-1)!.body.length, body.length)
    assert.ok(sockets.size <= 2, `${sockets.size} connections`)
  })

  test('does not follow redirects', async () => {
    listener = (_request, response) => response.writeHead(302, { Location: `${base}/elsewhere` }).end()
    const before = seen.length
    assert.equal((await calls.send(call())).status, 302)
    assert.equal(seen.length, before + 1)
  })

  test('ends when the answer is too large, declared or not', async () => {
    listener = (_request, response) => response.end('x'.repeat(101))
    assert.equal(await fault({ maxBody: 100 }), 'too_large')
    listener = (_request, response) => {
      response.write('x'.repeat(60))
      response.end('x'.repeat(60))
    }
    assert.equal(await fault({ maxBody: 100 }), 'too_large')
    listener = (_request, response) => response.end('x'.repeat(100))
    assert.equal((await calls.send(call({ maxBody: 100 }))).body.length, 100)
  })

  test('ends when the answer does not come', async () => {
    listener = () => {}
    assert.equal(await fault({ timeout: 50 }), 'timeout')
  })

  test('ends when the answer does not end', async () => {
    listener = (_request, response) => response.writeHead(200).write('x')
    assert.equal(await fault({ timeout: 100 }), 'timeout')
  })

  test('goes to http and https addresses only, without names and passwords in them', async () => {
    for (const url of [
      'ftp://a/',
      'file:///etc/passwd',
      'a',
      '',
      'http://',
      'http://a:b@127.0.0.1/',
      'javascript:1',
    ])
      assert.equal(await fault({ url }), 'url', url)
  })

  test('that cannot be sent as it is fails and sends nothing', async () => {
    const before = seen.length
    assert.equal(await fault({ headers: [['X', 'a\r\nb: c']] }), 'url')
    assert.equal(await fault({ method: 'GE T' }), 'unreachable')
    assert.equal(seen.length, before)
  })

  test('with certificates that are not there is not made', async () => {
    assert.equal(
      await fault({ url: 'https://127.0.0.1/', tls: { enabled: true, certs: ['none'] } }),
      'tls_settings',
    )
    assert.equal(
      await fault({ url: 'https://127.0.0.1/', tls: { mtls: true, trustedCerts: ['none'] } }),
      'tls_settings',
    )
  })

  test('shows no certificate of another organization than the one it is made for', async () => {
    const server = https.createServer(
      { cert, key, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const { subject } = (request.socket as TLSSocket).getPeerCertificate()
        response.end(String(subject?.CN ?? 'nobody'))
      },
    )
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const tls = { enabled: true, certs: ['own'], trust_all: true }
    assert.equal(String((await calls.send(call({ url, tls, tenant: 'acme' }))).body), 'test.local')
    assert.equal(await fault({ url, tls, tenant: 'other' }), 'tls_settings')
    assert.equal(await fault({ url, tls }), 'tls_settings')
    const trusting = { enabled: true, trusted_certs: ['own'], loose: true }
    assert.equal(String((await calls.send(call({ url, tls: trusting }))).body), 'nobody')
    server.closeAllConnections()
    server.close()
  })

  test('whose connection is lost is made once more when it has no effect', async () => {
    let lost = 0
    listener = (request, response) => {
      if (lost-- > 0) request.socket.destroy()
      else response.end('ok')
    }
    lost = 1
    assert.equal((await calls.send(call({ method: 'POST', body: 'a', repeatable: true }))).status, 200)
    lost = 2
    assert.equal(await fault({ method: 'POST', body: 'a', repeatable: true }), 'unreachable')
    lost = 1
    assert.equal(await fault({ method: 'POST', body: 'a' }), 'unreachable')
  })

  test('names no path, query or header when it fails', async () => {
    listener = request => request.socket.destroy()
    const error: unknown = await calls
      .send(call({ method: 'POST', url: `${base}/path?secret=1`, headers: [['X', 'secret']] }))
      .catch((reason: unknown) => reason)
    assert.ok(error instanceof CallFailed)
    assert.doesNotMatch(error.message, /secret|path/)
  })
})
