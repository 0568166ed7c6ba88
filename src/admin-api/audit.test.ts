/** Which audit events and alerts the writes of the admin API make. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { definitionOf, findByName } from '../model/registry.ts'
import { type Answer, TestServer } from './testing/server.ts'

type Event = Readonly<Record<string, unknown>>

const emitted: Event[] = []
let wanted = true
let server: TestServer
let read: () => Promise<Answer>

const routes = '/apis/proxy.otoroshi.io/v1/routes'
const aRoute = (id: string, more = {}): Record<string, unknown> => ({
  id,
  name: id,
  frontend: { domains: [`${id}.oto.tools`] },
  backend: { targets: [{ hostname: 'localhost', port: 1 }] },
  ...more,
})

before(async () => {
  server = await TestServer.start({
    audit: {
      get wanted() {
        return wanted
      },
      emit: event => emitted.push(event),
    },
  })
  read = () => server.call('GET', '/api/otoroshi.json')
})
after(() => server.stop())
beforeEach(() => {
  emitted.length = 0
  wanted = true
})

/** Action and alert of each event that was told, in order. */
const told = (): unknown[] => emitted.map(event => event['action'] ?? event['alert'])

async function done(method: string, path: string, body?: unknown, headers = {}): Promise<unknown[]> {
  emitted.length = 0
  const answer = await server.call(method, path, body, headers)
  assert.ok(answer.status < 300, answer.text)
  return told()
}

const ndjson = { 'Content-Type': 'application/x-ndjson' }

describe('audit events', () => {
  it('of the generic API name the kind in its singular, and alerts have no suffix', async () => {
    assert.deepEqual(await done('POST', routes, aRoute('a')), ['CREATE_ROUTE', 'routeCreated'])
    assert.deepEqual(await done('PUT', `${routes}/a`, aRoute('a', { name: 'b' })), [
      'UPDATE_ROUTE',
      'routeUpdated',
    ])
    assert.deepEqual(await done('PATCH', `${routes}/a`, { name: 'c' }), ['PATCHED_ROUTE', 'routePatched'])
    assert.deepEqual(await done('POST', `${routes}/a`, aRoute('a', { name: 'd' })), [
      'UPDATE_ROUTE',
      'routeUpdated',
    ])
    assert.deepEqual(await done('DELETE', `${routes}/a`), ['DELETE_ROUTE', 'routeDeleted'])
    assert.deepEqual(emitted[0]!['metadata'], { id: 'a' })
  })

  it('of a bulk are one for each line', async () => {
    const lines = (...items: unknown[]) => `${items.map(item => JSON.stringify(item)).join('\n')}\n`
    assert.deepEqual(await done('POST', `${routes}/_bulk`, lines(aRoute('b1'), aRoute('b2')), ndjson), [
      'BULK_CREATE_ROUTE',
      'routeCreated',
      'BULK_CREATE_ROUTE',
      'routeCreated',
    ])
    const patch = lines({ id: 'b1', patch: [{ op: 'replace', path: '/name', value: 'x' }] })
    assert.deepEqual(await done('PATCH', `${routes}/_bulk`, patch, ndjson), [
      'BULK_PATCH_ROUTE',
      'routePatched',
    ])
    const put = lines(aRoute('b1', { name: 'y' }))
    assert.deepEqual(await done('PUT', `${routes}/_bulk`, put, ndjson), ['BULK_UPDATE_ROUTE', 'routeUpdated'])
    assert.deepEqual(await done('DELETE', `${routes}/_bulk`, lines({ id: 'b1' }), ndjson), [
      'BULK_DELETED_ROUTE',
      'routeDeleted',
    ])
    assert.deepEqual(await done('POST', '/api/routes/_bulk', lines(aRoute('b3')), ndjson), [
      'CREATE_ROUTE',
      'RouteCreatedAlert',
    ])
  })

  it('of the deletion of all are one', async () => {
    assert.deepEqual(await done('DELETE', routes), ['DELETE_ALL_ROUTES', 'AllrouteDeleted'])
    assert.deepEqual(emitted[0]!['metadata'], { count: 2 })
    assert.deepEqual(await done('DELETE', routes), [], 'nothing was there')
  })

  it('of the older API have the names of their families', async () => {
    const expected: [path: string, body: Record<string, unknown>, idName: string, names: string[]][] = [
      ['/api/routes', aRoute('l'), 'RouteId', ['ROUTE', 'Route']],
      ['/api/groups', { id: 'l', name: 'l' }, 'serviceGroupId', ['SERVICE_GROUP', 'ServiceGroup']],
      ['/api/tenants', { id: 'l', name: 'l' }, 'TenantId', ['TENANT', 'Tenant']],
      ['/api/teams', { id: 'l', name: 'l', tenant: 'default' }, 'TeamId', ['TEAM', 'Team']],
    ]
    for (const [path, body, idName, [action, alert]] of expected) {
      assert.deepEqual(await done('POST', path, body), [`CREATE_${action}`, `${alert}CreatedAlert`], path)
      const put = await done('PUT', `${path}/l`, { ...body, description: 'x', name: 'other' })
      assert.deepEqual(put, [`UPDATE_${action}`, `${alert}UpdatedAlert`], path)
      const patched = await done('PATCH', `${path}/l`, [{ op: 'replace', path: '/name', value: 'third' }])
      assert.deepEqual(patched, [`UPDATE_${action}`, `${alert}UpdatedAlert`], path)
      assert.deepEqual(await done('DELETE', `${path}/l`), [`DELETE_${action}`, `${alert}DeletedAlert`], path)
      assert.deepEqual(emitted[0]!['metadata'], { [idName]: 'l' })
    }
  })

  it('of API keys hide the secret, and name who deleted one', async () => {
    const key = { clientId: 'k', clientSecret: 'never told', clientName: 'k' }
    assert.deepEqual(await done('POST', '/api/apikeys', key), ['CREATE_APIKEY', 'ApiKeyCreatedAlert'])
    assert.deepEqual((emitted[0]!['metadata'] as Event)['clientSecret'], '***')
    assert.doesNotMatch(JSON.stringify(emitted), /never told/)
    assert.deepEqual(await done('DELETE', '/api/apikeys/k'), ['DELETE_APIKEY', 'ApiKeyDeletedAlert'])
    assert.ok(Object.hasOwn(emitted[1]!, 'identity'))
  })

  it('of the global configuration carry both sides', async () => {
    assert.deepEqual(await done('PATCH', '/api/globalconfig', { maxConcurrentRequests: 7 }), [
      'UPDATE_GLOBAL_CONFIG',
      'GlobalConfigModification',
    ])
    const { oldConfig, newConfig, adminApiAlert, audit_payload } = emitted[1]! as Record<string, Event>
    assert.deepEqual([oldConfig!['maxConcurrentRequests'], newConfig!['maxConcurrentRequests']], [1000, 7])
    assert.deepEqual([adminApiAlert, audit_payload], [true, emitted[0]])
  })

  it('of administrators tell their end only as an alert', async () => {
    const ada = { username: 'ada', password: 'secret of ada', label: 'Ada' }
    assert.deepEqual(await done('POST', '/api/admins/simple', ada), ['CREATE_ADMIN'])
    assert.doesNotMatch(JSON.stringify(emitted), /secret of ada|\$2/)
    assert.deepEqual(await done('DELETE', '/api/admins/simple/ada'), ['DELETE_ADMIN', 'U2FAdminDeletedAlert'])
    assert.deepEqual([emitted[0]!['metadata'], emitted[1]!['event']], [{ username: 'ada' }, emitted[0]])
    assert.equal(emitted[1]!['adminApiAlert'], undefined)
  })

  it('of sessions are one, however many end', async () => {
    const definition = definitionOf('AuthModuleUser')!
    const log = async (id: string) => {
      const entity = { ...(definition.template('s') as object), randomId: id }
      await server.control.change({ definition, id, transition: () => ({ action: 'write', entity }) })
    }
    for (const id of ['s1', 's2', 's3']) await log(id)
    assert.deepEqual(await done('DELETE', '/api/apps-sessions/s1'), [
      'DISCARD_PRIVATE_APPS_SESSION',
      'SessionDiscardedAlert',
    ])
    assert.deepEqual(emitted[0]!['metadata'], { sessionId: 's1' })
    assert.deepEqual(await done('DELETE', '/api/apps-sessions'), [
      'DISCARD_PRIVATE_APPS_SESSIONS',
      'SessionsDiscardedAlert',
    ])
    assert.deepEqual(emitted[0]!['metadata'], { count: 2 })
    assert.deepEqual(await done('DELETE', '/api/admin-sessions'), [], 'there was none')
  })

  it('of what the history does are those of the write it makes', async () => {
    await done('POST', routes, aRoute('h'))
    await done('PATCH', `${routes}/h`, { name: 'two' })
    const versions = (await server.call('GET', `${routes}/h/_versions`)).json
    assert.deepEqual(await done('POST', `${routes}/h/_versions/${versions[1].version}/_restore`), [
      'UPDATE_ROUTE',
      'routeUpdated',
    ])
    const [latest] = (await server.call('GET', `${routes}/h/_versions`)).json
    assert.deepEqual(await done('POST', `/api/history/${latest.version}/_undo`), [
      'UPDATE_ROUTE',
      'routeUpdated',
    ])
  })

  it('of an import, of its undoing and of an export are one each', async () => {
    const exported = (await read()).text
    assert.deepEqual(told(), ['FULL_OTOROSHI_EXPORT', 'OtoroshiExportAlert'])
    assert.deepEqual([emitted[1]!['event'], Object.hasOwn(emitted[1]!, 'export')], [emitted[0], false])
    await done('POST', routes, aRoute('later'))
    assert.deepEqual(await done('POST', '/api/otoroshi.json', exported), [
      'FULL_OTOROSHI_IMPORT',
      'OtoroshiImportAlert',
    ])
    assert.deepEqual(emitted[0]!['metadata'], { created: 0, updated: 0, removed: 1 })
    const [latest] = (await server.call('GET', '/api/history')).json
    assert.deepEqual(await done('POST', `/api/history/${latest.version}/_undo`), [
      'UNDO_FULL_OTOROSHI_IMPORT',
      'OtoroshiImportUndoneAlert',
    ])
    assert.deepEqual(emitted[0]!['metadata'], { undone: latest.version, created: 1, updated: 0, removed: 0 })
  })

  it('are not made of what was refused, tried only, or changes nothing, nor when nobody wants them', async () => {
    await done('POST', routes, aRoute('q'))
    emitted.length = 0
    await server.call('POST', routes, aRoute('q'))
    await server.call('PATCH', `${routes}/q`, { frontend: 1 })
    await server.call('PATCH', `${routes}/q?dry_run=true`, { name: 'x' })
    await server.call('PUT', `${routes}/q`, aRoute('q'))
    await server.call('DELETE', `${routes}/nobody`)
    await server.call('DELETE', '/api/apps-sessions?dry_run=true')
    await server.call('GET', `${routes}/q`)
    wanted = false
    await server.call('PATCH', `${routes}/q`, { name: 'y' })
    assert.deepEqual(told(), [])
  })

  it('have names for every kind in both APIs', async () => {
    const { genericNames, legacyNames } = await import('./audit-names.ts')
    for (const kind of ['Certificate', 'AuthModule', 'DataExporter', 'TcpService', 'JwtVerifier']) {
      const definition = findByName(kind)!
      assert.match(legacyNames(definition, 'update').alert!, /^[A-Z]\w+UpdatedAlert$/)
      assert.match(genericNames(definition, 'patch', false).action, /^PATCHED_[A-Z-]+$/)
    }
    assert.equal(legacyNames(findByName('Certificate')!, 'create').alert, 'CertCreatedAlert')
    assert.equal(legacyNames(findByName('AuthModule')!, 'create').action, 'CREATE_AUTH_MODULE')
    assert.equal(legacyNames(findByName('DataExporter')!, 'delete').idName, 'dataExporterConfigId')
  })
})
