import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { PluginDefinition } from '../../plugin/index.ts'
import { type PluginRun, runPlugin } from '../../plugin/testing.ts'
import { openRawBackend, plainAnswer } from '../../gateway/testing/test-backend.ts'
import { openTestGateway, testRoute } from '../../gateway/testing/test-gateway.ts'
import buildMode from './build-mode.ts'
import globalMaintenanceMode from './global-maintenance-mode.ts'

const open: { close(): Promise<void> }[] = []
after(async () => {
  for (const thing of open) await thing.close()
})

function assertMaintenance(run: PluginRun): void {
  assert.equal(run.backend, null)
  assert.equal(run.status, 503)
  assert.equal(run.headers.get('otoroshi-error-reason'), 'maintenance')
  assert.equal(run.refusal?.cause, 'errors.service.in.maintenance')
}

describe('global maintenance mode', () => {
  it('closes every route but that of the admin API', async () => {
    assertMaintenance(await runPlugin(globalMaintenanceMode))
    assertMaintenance(await runPlugin(globalMaintenanceMode, { route: { id: 'admin-api-service-2' } }))
    const admin = await runPlugin(globalMaintenanceMode, { route: { id: 'admin-api-service' } })
    assert.equal(admin.status, 200)
    assert.notEqual(admin.backend, null)
  })

  it('spares no route when there is no admin API', async () => {
    const services = { adminRoute: '' }
    assertMaintenance(await runPlugin(globalMaintenanceMode, { services, route: { id: '' } }))
    assertMaintenance(
      await runPlugin(globalMaintenanceMode, { services, route: { id: 'admin-api-service' } }),
    )
  })
})

describe('a mode in a gateway', () => {
  it('opens and closes with the revision', async () => {
    const backend = await openRawBackend(socket => socket.write(plainAnswer('open')))
    const plugins = [globalMaintenanceMode, buildMode] as readonly PluginDefinition<unknown>[]
    const gateway = await openTestGateway({ plugins: plugins as readonly PluginDefinition<never>[] })
    open.push(gateway, backend)
    const global = (...ids: string[]) =>
      ['GlobalConfig', { plugins: { config: { ng: ids.map(plugin => ({ plugin })) } } }] as const
    const built = { plugins: [{ plugin: buildMode.id }] }
    await gateway.write(
      ['Route', testRoute('r', 'api.test', backend.port)],
      ['Route', testRoute('b', 'build.test', backend.port, built)],
    )
    const reasons = async () => {
      const got = [await gateway.call('http://api.test/'), await gateway.call('http://build.test/')]
      return got.map(({ status, headers }) => `${status} ${headers['otoroshi-error-reason'] ?? ''}`)
    }
    assert.deepEqual(await reasons(), ['200 ', '503 under_construction'])
    await gateway.write(global(globalMaintenanceMode.id))
    assert.deepEqual(await reasons(), ['503 maintenance', '503 maintenance'])
    await gateway.write(global())
    assert.deepEqual(await reasons(), ['200 ', '503 under_construction'])
    assert.equal(backend.requests.length, 2)
  })
})
