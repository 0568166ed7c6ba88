/** What the TLS settings of a target do to real calls. */
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import https from 'node:https'
import type { TLSSocket } from 'node:tls'
import { cert, key } from '../http/testing/certificate.ts'
import { openRawBackend } from './testing/test-backend.ts'
import { openTestGateway, type TestGateway, testRoute } from './testing/test-gateway.ts'

let gateway: TestGateway
let port: number
// It says which name it was asked for, and which certificate it was shown.
const server = https.createServer(
  { cert, key, requestCert: true, rejectUnauthorized: false },
  (request, response) => {
    const socket = request.socket as TLSSocket
    const shown = socket.getPeerCertificate()
    response.end(`${String(socket.servername)} ${String(shown.subject?.CN ?? 'nobody')}`)
  },
)

before(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  gateway = await openTestGateway()
  const stored = (id: string, chain: string, privateKey: string) =>
    ['Certificate', { id, name: id, domain: id, description: id, chain, privateKey }] as const
  await gateway.write(stored('own', cert, key), stored('not-pem', 'nonsense', ''))
})
after(async () => {
  await gateway.close()
  server.closeAllConnections()
  server.close()
})

/** Calls the backend with these TLS settings; answers what it said, or the reason. */
async function ask(
  config: Record<string, unknown> | null,
  hostname = 'test.local',
  more: Record<string, unknown> = {},
): Promise<string> {
  const target = {
    hostname,
    ip_address: '127.0.0.1',
    port,
    tls: true,
    ...(config !== null && { tls_config: config }),
  }
  await gateway.write(['Route', testRoute('r', 'api.test', 1, { backend: { targets: [target] }, ...more })])
  const got = await gateway.call('http://api.test/')
  return got.status === 200 ? got.body : `${got.status} ${got.headers['otoroshi-error-reason']}`
}

describe('a target over TLS', () => {
  const on = { enabled: true }
  const trusting = { ...on, trusted_certs: ['own'] }

  it('is refused when nobody vouches for it', async () => {
    assert.equal(await ask(null), '502 backend.tls')
    assert.equal(await ask(on), '502 backend.tls')
    // Settings that are not enabled say nothing.
    assert.equal(await ask({ enabled: false, trust_all: true }), '502 backend.tls')
  })

  it('passes when a stored certificate vouches for it, under its own name', async () => {
    assert.equal(await ask(trusting), 'test.local nobody')
    assert.equal(await ask(trusting, 'other.local'), '502 backend.tls')
  })

  it('may have another name when the check is loose, but not another issuer', async () => {
    assert.equal(await ask({ ...trusting, loose: true }, 'other.local'), 'other.local nobody')
    assert.equal(await ask({ ...on, loose: true }), '502 backend.tls')
  })

  it('may be anybody when all is trusted', async () => {
    assert.equal(await ask({ ...on, trust_all: true }, 'other.local'), 'other.local nobody')
  })

  it('is shown the certificate of the target', async () => {
    assert.equal(await ask({ ...trusting, certs: ['own'] }), 'test.local test.local')
  })

  it('is shown no certificate of another organization, though one may be trusted', async () => {
    const acme = { _loc: { tenant: 'acme', teams: ['default'] } }
    const showing = { ...trusting, certs: ['own'] }
    assert.equal(await ask(trusting, 'test.local', acme), 'test.local nobody')
    assert.equal(await ask(showing, 'test.local', acme), '502 backend.tls')
    // A backend of the organization that has the certificate shows it, whoever's route leads there.
    const targets = [
      { hostname: 'test.local', ip_address: '127.0.0.1', port, tls: true, tls_config: showing },
    ]
    const backend = { id: 'b', name: 'b', backend: { targets } }
    await gateway.write(['Backend', backend])
    assert.equal(await ask(null, 'test.local', { ...acme, backend_ref: 'b' }), 'test.local test.local')
    await gateway.write(['Backend', { ...backend, ...acme }])
    assert.equal(await ask(null, 'test.local', { backend_ref: 'b' }), '502 backend.tls')
    // Nor by a name that is computed for each request.
    const computed = 'test.${req.method}'
    const host = { ...showing, loose: true }
    assert.equal(await ask(host, computed), 'test.get test.local')
    assert.equal(await ask(host, computed, acme), '502 backend.tls')
  })

  it('is not called with certificates that are missing or none', async () => {
    for (const config of [
      { ...trusting, certs: ['gone'] },
      { ...on, trusted_certs: ['gone'], trust_all: true },
      { ...trusting, certs: ['not-pem'] },
    ])
      assert.equal(await ask(config), '502 backend.tls', JSON.stringify(config))
  })

  it('that never finishes its handshake is given up after the connection time-out', async () => {
    const silent = await openRawBackend(() => {})
    const targets = [{ hostname: '127.0.0.1', port: silent.port, tls: true }]
    const client = { connection_timeout: 100, call_timeout: 20_000 }
    await gateway.write(['Route', testRoute('late', 'late.test', 1, { backend: { targets, client } })])
    const got = await gateway.call('http://late.test/')
    assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [504, 'backend.connect_timeout'])
    await silent.close()
  })
})
