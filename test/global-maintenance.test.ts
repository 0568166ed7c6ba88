/** The global maintenance plugin closes everything but the way to end it. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { until } from './support/wait.ts'

let gateway: TestGateway
before(async () => {
  gateway = await startGateway()
})
after(() => gateway.stop())

it('every route but that of the admin API is closed, and opens again', async () => {
  await gateway.route({
    id: 'r',
    name: 'r',
    frontend: { domains: ['api.test'] },
    backend: { targets: [{ hostname: '127.0.0.1', port: 1, tls: false }] },
  })
  const reason = async () =>
    (await call(gateway.port, 'http://api.test/')).headers['otoroshi-error-reason'] as string
  assert.equal(await reason(), 'backend.refused')
  const { json: config } = await gateway.admin('GET', '/api/globalconfig')
  const withPlugins = (ng: unknown[]) => ({
    ...config,
    plugins: { ...config.plugins, config: { ...config.plugins?.config, ng } },
  })
  const closed = [{ plugin: 'cp:otoroshi.next.plugins.GlobalMaintenanceMode' }]
  assert.equal((await gateway.admin('PUT', '/api/globalconfig', withPlugins(closed))).status, 200)
  await until('it is closed', async () => (await reason()) === 'maintenance')
  assert.equal((await gateway.admin('GET', '/api/routes')).status, 200)
  assert.equal((await gateway.admin('PUT', '/api/globalconfig', withPlugins([]))).status, 200)
  await until('it is open', async () => (await reason()) === 'backend.refused')
})
