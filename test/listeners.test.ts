/** Ports beside those of the settings, as `HttpListener` entities open, change and close them. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { cert, key } from '../src/http/testing/certificate.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { freePort, lastingFreePort } from './support/free-port.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { ask, openSession } from './support/http2-client.ts'
import { until } from './support/wait.ts'

const PATH = '/apis/http-listeners.proxy.otoroshi.io/v1/http-listeners'
const folder = mkdtempSync(join(tmpdir(), 'otoroshi-tls-'))
let gateway: TestGateway
let backend: Backend

before(async () => {
  writeFileSync(join(folder, 'cert.pem'), cert)
  writeFileSync(join(folder, 'key.pem'), key)
  gateway = await startGateway({ threads: 2, env: certFiles() })
  backend = await startBackend()
  const route = (id: string, more: Record<string, unknown> = {}) =>
    gateway.route({
      id,
      name: id,
      frontend: { domains: [`${id}.test`] },
      backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
      ...more,
    })
  await route('free')
  await route('bound', { bound_listeners: ['inner'] })
  const closed = { plugin: 'cp:otoroshi.next.plugins.MaintenanceMode', bound_listeners: ['inner'] }
  await route('guarded', { plugins: [closed] })
})
after(async () => {
  await gateway.stop()
  await backend.close()
  rmSync(folder, { recursive: true })
})

async function open(id: string, config: Record<string, unknown>, at = freePort()): Promise<number> {
  const port = await at
  const listener = { id, name: id, config: { port, host: '127.0.0.1', tls: false, ...config } }
  const created = await gateway.admin('POST', PATH, listener)
  assert.equal(created.status, 201, created.text)
  return port
}

/** Statuses of enough fresh connections to meet every thread. */
async function statuses(port: number, host: string): Promise<number[]> {
  const got = await Promise.all(Array.from({ length: 12 }, () => call(port, `http://${host}/`)))
  return [...new Set(got.map(({ status }) => status))]
}

describe('a listener', () => {
  it('serves free routes and those bound to it; other ports do not serve these', async () => {
    const port = await open('inner', {})
    assert.deepEqual(await statuses(port, 'free.test'), [200])
    assert.deepEqual(await statuses(port, 'bound.test'), [200])
    assert.deepEqual(await statuses(gateway.port, 'bound.test'), [404])
  })

  it('has the plugins that are bound to it', async () => {
    const { json } = await gateway.admin('GET', `${PATH}/inner`)
    assert.deepEqual(await statuses(json.config.port, 'guarded.test'), [503])
    assert.deepEqual(await statuses(gateway.port, 'guarded.test'), [200])
  })

  it('that is exclusive serves the routes bound to it alone, as soon as it is', async () => {
    const { json } = await gateway.admin('GET', `${PATH}/inner`)
    const changed = { ...json, config: { ...json.config, exclusive: true } }
    assert.equal((await gateway.admin('PUT', `${PATH}/inner`, changed)).status, 200)
    assert.deepEqual(await statuses(json.config.port, 'bound.test'), [200])
    assert.deepEqual(await statuses(json.config.port, 'free.test'), [404])
  })

  it('moves to another port, and is gone when it is removed', async () => {
    const { json } = await gateway.admin('GET', `${PATH}/inner`)
    const port = await freePort()
    const moved = { ...json, config: { ...json.config, port } }
    assert.equal((await gateway.admin('PUT', `${PATH}/inner`, moved)).status, 200)
    assert.deepEqual(await statuses(port, 'bound.test'), [200])
    await assert.rejects(call(json.config.port, 'http://bound.test/'), /ECONNREFUSED/)
    assert.equal((await gateway.admin('DELETE', `${PATH}/inner`)).status, 200)
    await until('it is closed', () =>
      call(port, 'http://bound.test/').then(
        () => false,
        () => true,
      ),
    )
  })

  it('over TLS shows the certificate of the settings', async () => {
    const port = await open('secure', { tls: true })
    const status = await new Promise((resolve, reject) => {
      const asked = https.get(
        { port, rejectUnauthorized: false, agent: false, headers: { Host: 'free.test' } },
        response => resolve(response.resume().statusCode),
      )
      asked.on('error', reject)
    })
    assert.equal(status, 200)
  })

  it('of HTTP/2 alone refuses HTTP/1 and says why', async () => {
    const port = await open('only-h2', { http1: false, h2c: true })
    const got = await call(port, 'http://free.test/')
    assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [505, 'http1_not_spoken'])
    const session = await openSession(`http://127.0.0.1:${port}`)
    assert.equal((await ask(session, { ':path': '/', ':authority': 'free.test' })).status, 200)
    session.destroy()
  })

  it('of HTTP/1 alone takes no HTTP/2', async () => {
    const port = await open('only-h1', { h2c: false })
    assert.deepEqual(await statuses(port, 'free.test'), [200])
    const session = await openSession(`http://127.0.0.1:${port}`)
    await assert.rejects(ask(session, { ':path': '/', ':authority': 'free.test' }))
    session.destroy()
  })

  for (const [why, config, message] of [
    ['speaks nothing', { http1: false, h2c: false }, /neither HTTP\/1 nor HTTP\/2/],
    ['wants certificates of clients', { clientAuth: 'Need' }, /needs certificates of clients/],
  ] as const)
    it(`that ${why} does not open, and its status says so`, async () => {
      const port = await open('bad', config)
      await assert.rejects(call(port, 'http://free.test/'), /ECONNREFUSED/)
      await until('the fault is told', async () =>
        message.test((await gateway.admin('GET', '/api/status')).text),
      )
      await gateway.admin('DELETE', `${PATH}/bad`)
    })

  it('on a port that is taken says so, and the others go on', async () => {
    const port = await freePort()
    const listener = {
      id: 'taken',
      name: 'taken',
      config: { port: backend.port, host: '127.0.0.1', tls: false },
    }
    assert.equal((await gateway.admin('POST', PATH, listener)).status, 201)
    await until('the fault is told', async () =>
      /EADDRINUSE/.test((await gateway.admin('GET', '/api/status')).text),
    )
    const corrected = { ...listener, config: { ...listener.config, port } }
    assert.equal((await gateway.admin('PUT', `${PATH}/taken`, corrected)).status, 200)
    assert.deepEqual(await statuses(port, 'free.test'), [200])
    assert.doesNotMatch((await gateway.admin('GET', '/api/status')).text, /EADDRINUSE/)
  })

  it('comes back with a gateway that starts on its data', async () => {
    // Nobody listens there while the gateway is away.
    const port = await open('kept', {}, lastingFreePort())
    const { dataDir } = gateway
    await gateway.stopKeeping()
    gateway = await startGateway({ threads: 2, dataDir, env: certFiles() })
    assert.deepEqual(await statuses(port, 'free.test'), [200])
  })
})

function certFiles(): Record<string, string> {
  return {
    OTOROSHI_TLS_CERT_FILE: join(folder, 'cert.pem'),
    OTOROSHI_TLS_KEY_FILE: join(folder, 'key.pem'),
  }
}
