/** The admin API for whoever tries the gateway on his own machine: a path of loopback names, and a name below `localhost`. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
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
