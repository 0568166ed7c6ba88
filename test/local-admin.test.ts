/** The admin API for whoever tries the gateway on his own machine: a path of loopback names, and a name below `localhost`. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { ask, openSession } from './support/http2-client.ts'
import { talk } from '../src/http/testing/sockets.ts'

const PATH = '/.well-known/otoroshi/admin-api'
const KEY = `Basic ${Buffer.from('admin-api-apikey-id:admin-api-apikey-secret').toString('base64')}`

async function withGateway(
  env: Record<string, string>,
  work: (gateway: TestGateway, backend: Backend) => Promise<void>,
): Promise<void> {
  const gateway = await startGateway({ env })
  const backend = await startBackend()
  try {
    await work(gateway, backend)
  } finally {
    await gateway.stop()
    await backend.close()
  }
}

describe('the admin API on the own machine', () => {
  it('answers loopback names below its path, with any port, and its name of localhost; with the key only', () =>
    withGateway({}, async gateway => {
      const ask = (host: string, path: string, headers: Record<string, string> = { Authorization: KEY }) =>
        call(gateway.port, `http://any.test${path}`, { headers: { Host: host, ...headers } })
      for (const host of ['localhost', `localhost:${gateway.port}`, '127.0.0.1', '[::1]:8080', 'LOCALHOST']) {
        const version = await ask(host, `${PATH}/api/version`)
        assert.deepEqual([version.status, version.json.raw], [200, '0.1.0'], host)
        const routes = await ask(host, `${PATH}/apis/proxy.otoroshi.io/v1/routes?pageSize=1`)
        assert.deepEqual([routes.status, routes.json.length], [200, 1], host)
      }
      assert.equal((await ask('otoroshi-api.localhost', '/api/version')).status, 200)
      for (const headers of [{}, { Authorization: 'Basic YTpi' }] as Record<string, string>[]) {
        const usual = await ask('otoroshi-api.oto.tools', '/api/version', headers)
        assert.ok(usual.status === 400 || usual.status === 401, `${usual.status}`)
        assert.equal((await ask('localhost', `${PATH}/api/version`, headers)).status, usual.status)
        assert.equal((await ask('otoroshi-api.localhost', '/api/version', headers)).status, usual.status)
      }
    }))

  it('is no other name, and no other path', () =>
    withGateway({}, async gateway => {
      for (const host of [
        'localhost.evil.test',
        'evil.test',
        '127.0.0.1.evil.test',
        '127.0.0.2',
        '[::ffff:127.0.0.1]',
        'localhost.',
        '0.0.0.0',
        '2130706433',
        'x.otoroshi-api.localhost',
      ]) {
        const got = await call(gateway.port, `http://any.test${PATH}/api/version`, {
          headers: { Host: host, Authorization: KEY },
        })
        assert.equal(got.status, 404, host)
      }
      for (const path of [PATH, `${PATH}x/api/version`, '/api/version', `/x${PATH}/api/version`])
        assert.equal(
          (await call(gateway.port, `http://localhost${path}`, { headers: { Authorization: KEY } })).status,
          404,
          path,
        )
      // The authority of the target counts, and what names somebody else before the host is refused.
      const raw = (lines: string) =>
        talk(gateway.port, [`${lines}\r\nAuthorization: ${KEY}\r\nConnection: close\r\n\r\n`])
      const absolute = await raw(`GET http://evil.test${PATH}/api/version HTTP/1.1\r\nHost: localhost`)
      assert.match(absolute, /^HTTP\/1\.1 404 /)
      const user = await raw(`GET ${PATH}/api/version HTTP/1.1\r\nHost: localhost:80@evil.test`)
      assert.match(user, /^HTTP\/1\.1 400 /)
    }))

  it('is the name the client called, whatever else the request says', () =>
    withGateway({}, async gateway => {
      const status = async (host: string, headers: Record<string, string>, path = `${PATH}/api/version`) =>
        (await call(gateway.port, `http://${host}${path}`, { headers: { Authorization: KEY, ...headers } }))
          .status
      // Otoroshi believes proxies unless told not to, and so does the gateway everywhere else.
      assert.equal((await gateway.admin('GET', '/api/globalconfig')).json.trustXForwarded, true)
      assert.equal(await status('shop.example', { 'X-Forwarded-Host': 'localhost' }), 404)
      for (const field of ['X-Forwarded-Host', 'X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'Via'])
        assert.equal(await status('localhost', { [field]: 'shop.example' }), 404, field)
      // A page that had its own name point to this machine calls that name, and is told nothing it may read.
      assert.equal(await status('rebound.evil.test', { Origin: 'http://rebound.evil.test' }), 404)
      const asked = await call(gateway.port, `http://localhost${PATH}/api/version`, {
        headers: { Authorization: KEY, Origin: 'http://localhost:3000' },
      })
      assert.equal(asked.status, 200)
      assert.equal(asked.headers['access-control-allow-origin'], undefined)
      // One form of the path is routed: others are that form, or refused.
      assert.equal(await status('localhost', {}, '/%2ewell-known/otoroshi/admin-ap%69/api/version'), 200)
      assert.equal(await status('localhost', {}, `${PATH}%2Fapi/version`), 404)
      const raw = (head: string) => talk(gateway.port, [`${head}\r\nConnection: close\r\n\r\n`])
      assert.match(await raw(`GET ${PATH}/api/version HTTP/1.0\r\nAuthorization: ${KEY}`), /^HTTP\/1\.1 404 /)
      assert.match(await raw(`GET /x/..${PATH}/api/version HTTP/1.1\r\nHost: localhost`), /^HTTP\/1\.1 400 /)
      const two = `GET ${PATH}/api/version HTTP/1.1\r\nHost: localhost\r\nHost: shop.example`
      assert.match(await raw(two), /^HTTP\/1\.1 400 /)
      const called = `GET http://localhost${PATH}/api/version HTTP/1.1\r\nHost: shop.example\r\nAuthorization: ${KEY}`
      assert.match(await raw(called), /^HTTP\/1\.1 200 /)
    }))

  it('answers over HTTP/2 as well, by the authority', () =>
    withGateway({}, async gateway => {
      const session = await openSession(`http://127.0.0.1:${gateway.port}`)
      const status = async (authority: string) =>
        (await ask(session, { ':path': `${PATH}/api/version`, ':authority': authority, authorization: KEY }))
          .status
      try {
        assert.equal(await status('localhost:8080'), 200)
        assert.equal(await status('shop.example'), 404)
      } finally {
        session.destroy()
      }
    }))

  it('is told of and counted like any other call, and leads nowhere once its route is off', () =>
    withGateway({}, async (gateway, backend) => {
      const url = `http://localhost${PATH}`
      const headers = { Authorization: KEY, 'Content-Type': 'application/json' }
      const before = (await gateway.admin('GET', '/api/history?pageSize=1')).json[0].version
      const group = JSON.stringify({ id: 'local', name: 'local' })
      const made = await call(gateway.port, `${url}/api/groups`, { method: 'POST', headers, body: group })
      assert.equal(made.status, 201)
      const [latest] = (await gateway.admin('GET', '/api/history?pageSize=1')).json
      assert.deepEqual([latest.id, latest.client_id], ['local', 'admin-api-apikey-id'])
      assert.ok(latest.version > before)
      const explained = await gateway.admin('POST', '/api/explain', { url: `${url}/api/version` })
      assert.match(explained.text, /"id":"admin-api-service"/)
      await gateway.route({
        id: 'greedy',
        name: 'greedy',
        frontend: { domains: ['localhost'] },
        backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
      })
      const off = await gateway.admin('PATCH', '/api/routes/admin-api-service', { enabled: false })
      assert.equal(off.status, 200)
      // Nobody else gets the key of the admin API.
      assert.equal((await call(gateway.port, `${url}/api/version`, { headers })).status, 404)
      assert.equal((await call(gateway.port, 'http://localhost/other')).json.url, '/other')
    }))

  it('cannot be taken by a route', () =>
    withGateway({}, async (gateway, backend) => {
      await gateway.route({
        id: 'greedy',
        name: 'greedy',
        frontend: { domains: ['localhost', `localhost${PATH}/api/version`] },
        backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
      })
      const own = await call(gateway.port, 'http://localhost/elsewhere')
      assert.equal(own.json.url, '/elsewhere')
      for (const url of [
        `http://localhost${PATH}/api/version`,
        'http://otoroshi-api.localhost/api/version',
      ]) {
        const { status, json } = await call(gateway.port, url, { headers: { Authorization: KEY } })
        assert.deepEqual([status, json.raw], [200, '0.1.0'], url)
      }
    }))

  it('is switched off by a setting', () =>
    withGateway({ OTOROSHI_ADMIN_API_LOOPBACK: 'false' }, async gateway => {
      const url = `http://localhost${PATH}/api/version`
      assert.equal((await call(gateway.port, url, { headers: { Authorization: KEY } })).status, 404)
      assert.equal((await gateway.admin('GET', '/api/version')).status, 200)
    }))
})
