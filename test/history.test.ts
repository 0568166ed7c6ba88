/** Versions and audit events over a running gateway: every way to write, who may see what, undo, restore, restart. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type AdminAnswer, startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { until } from './support/wait.ts'

const routes = '/apis/proxy.otoroshi.io/v1/routes'
const ndjson = { 'Content-Type': 'application/x-ndjson' }
const folder = mkdtempSync(join(tmpdir(), 'otoroshi-history-'))
const dataDir = join(folder, 'data')
const eventsFile = join(folder, 'audit.log')
let gateway: TestGateway

const aRoute = (id: string, more: Record<string, unknown> = {}) => ({
  id,
  name: id,
  frontend: { domains: [`${id}.test`] },
  backend: { targets: [{ hostname: '127.0.0.1', port: 1 }] },
  ...more,
})

interface Change {
  readonly version: number
  readonly action: string
  readonly kind: string | null
  readonly id: string | null
  readonly client_id: string | null
}

const get = async (path: string) => (await gateway.admin('GET', path)).json
const versionsOf = (id: string): Promise<Change[]> => get(`${routes}/${id}/_versions`)

/** A call as a user with these rights. */
function as(rights: unknown, method: string, path: string, body?: unknown): Promise<AdminAnswer> {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const user = JSON.stringify({ name: 'Ada', email: 'ada@acme.test', rights })
  const signed = `${part({ alg: 'HS512', typ: 'JWT' })}.${part({ user })}`
  const signature = createHmac('sha512', 'admin-api-apikey-secret').update(signed).digest('base64url')
  const headers = { 'Otoroshi-Tenant': 'acme', 'Otoroshi-BackOffice-User': `${signed}.${signature}` }
  return gateway.admin(method, path, body, headers)
}

async function ok(answer: Promise<AdminAnswer>): Promise<AdminAnswer> {
  const { status, text } = await answer
  assert.ok(status < 300, text)
  return answer
}

const start = (): Promise<TestGateway> => startGateway({ dataDir, threads: 1 })

before(async () => {
  gateway = await start()
})
after(async () => {
  await gateway.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('versions', () => {
  it('are there of what the first start made', async () => {
    const all: Change[] = await get('/api/history?pageSize=500')
    for (const kind of [
      'GlobalConfig',
      'Organization',
      'Team',
      'ServiceGroup',
      'Apikey',
      'SimpleAdminUser',
      'Route',
    ])
      assert.ok(
        all.some(change => change.kind === kind && change.action === 'create' && change.client_id === null),
        kind,
      )
    const settings = await get('/apis/config.otoroshi.io/v1/global-configs/global/_versions')
    assert.equal(settings.length, 1)
    const undone = await gateway.admin('POST', `/api/history/${settings[0].version}/_undo`)
    assert.equal(undone.status, 405, 'there is always a global configuration')
    const admin = all.find(({ kind }) => kind === 'SimpleAdminUser')!
    assert.doesNotMatch((await gateway.admin('GET', `/api/history/${admin.version}`)).text, /\$2[aby]/)
  })

  it('are left by every way to write', async () => {
    const line = (value: unknown) => `${JSON.stringify(value)}\n`
    await ok(gateway.admin('POST', routes, aRoute('w')))
    await ok(gateway.admin('PUT', `${routes}/w`, aRoute('w', { name: 'put' })))
    await ok(gateway.admin('PATCH', `${routes}/w`, { name: 'patched' }))
    await ok(gateway.admin('PUT', '/api/routes/w', aRoute('w', { name: 'legacy' })))
    await ok(gateway.admin('PUT', `${routes}/_bulk`, line(aRoute('w', { name: 'bulk' })), ndjson))
    await ok(gateway.admin('DELETE', '/api/routes/w'))
    const versions = await versionsOf('w')
    assert.deepEqual(
      versions.map(({ action }) => action),
      ['delete', 'update', 'update', 'update', 'update', 'create'],
    )
    const [, bulk] = versions
    const one = await get(`${routes}/w/_versions/${bulk!.version}`)
    assert.deepEqual(
      [one.client_id, one.from, one.before.name, one.after.name],
      ['admin-api-apikey-id', '127.0.0.1', 'legacy', 'bulk'],
    )
    await ok(gateway.admin('PATCH', '/api/globalconfig', { maxConcurrentRequests: 900 }))
    const [settings] = await get('/api/history')
    assert.deepEqual([settings.kind, settings.action], ['GlobalConfig', 'update'])
    const group = '/apis/organize.otoroshi.io/v1/service-groups'
    await ok(
      gateway.admin(
        'POST',
        `${group}/_bulk`,
        line({ id: 'g1', name: 'g1' }) + line({ id: 'g2', name: 'g2' }),
        ndjson,
      ),
    )
    const keys = '/apis/apim.otoroshi.io/v1/apikeys'
    await ok(gateway.admin('POST', keys, { clientId: 'k', clientSecret: 's', clientName: 'k' }))
    const rights = JSON.stringify([{ tenant: 'acme', teams: ['one:r'] }])
    await ok(gateway.admin('PATCH', `${keys}/k`, { metadata: { 'otoroshi-access-rights': rights } }))
    const [change] = await get(`${keys}/k/_versions`)
    const { diff } = await get(`${keys}/k/_versions/${change.version}`)
    assert.ok(JSON.stringify(diff).includes('otoroshi-access-rights'), JSON.stringify(diff))
  })

  it('of a deletion of all are one for each, and each can be undone', async () => {
    const dashboards = '/apis/analytics.otoroshi.io/v1/user-dashboards'
    for (const id of ['t1', 't2']) await ok(gateway.admin('POST', dashboards, { id, name: id }))
    await ok(gateway.admin('DELETE', dashboards))
    const [last, before]: Change[] = await get('/api/history?kind=UserDashboard')
    assert.deepEqual([last!.action, before!.action], ['delete', 'delete'])
    await ok(gateway.admin('POST', `/api/history/${before!.version}/_undo`))
    assert.equal((await get(dashboards)).length, 1)
  })

  it('are restored, and what is served follows', async () => {
    await ok(gateway.admin('POST', routes, aRoute('r')))
    const asked = () => call(gateway.port, 'http://r.test/').then(({ status }) => status)
    assert.equal(await asked(), 502)
    await ok(gateway.admin('PATCH', `${routes}/r`, { enabled: false }))
    assert.equal(await asked(), 404)
    const first = (await versionsOf('r')).at(-1)!.version
    const { diff } = await get(`${routes}/r/_versions/${first}/_diff`)
    assert.ok(diff.some((operation: { path: string }) => operation.path === '/enabled'))
    const tried = await gateway.admin('POST', `${routes}/r/_versions/${first}/_restore?dry_run=true`)
    assert.equal(tried.json.would, 'update')
    assert.equal(await asked(), 404)
    await ok(gateway.admin('POST', `${routes}/r/_versions/${first}/_restore`))
    assert.equal(await asked(), 502)
  })

  it('are not undone over what somebody made since under the same id', async () => {
    await ok(gateway.admin('POST', routes, aRoute('taken', { name: 'first life' })))
    await ok(gateway.admin('DELETE', `${routes}/taken`))
    const deletion = (await versionsOf('taken'))[0]!.version
    await ok(gateway.admin('POST', routes, aRoute('taken', { name: 'second life' })))
    const refused = await gateway.admin('POST', `/api/history/${deletion}/_undo`)
    assert.deepEqual([refused.status, refused.json.reason], [409, 'admin.changed_since'])
    assert.match(refused.json.error_description, /created anew/)
    assert.equal((await get(`${routes}/taken`)).name, 'second life')
    const forced = await ok(gateway.admin('POST', `/api/history/${deletion}/_undo?force=true`))
    assert.equal(forced.json.name, 'first life')
    assert.equal((await versionsOf('taken')).length, 4, 'nothing is lost: the second life has its version')
  })

  it('belong to who may read the entity; bringing one back needs the right to write it', async () => {
    const reader = [{ tenant: 'acme', teams: ['one:r'] }]
    const stranger = [{ tenant: 'acme', teams: ['two'] }]
    await ok(gateway.admin('POST', routes, aRoute('owned', { _loc: { tenant: 'acme', teams: ['one'] } })))
    await ok(gateway.admin('PATCH', `${routes}/owned`, { name: 'two' }))
    const [latest, first] = await versionsOf('owned')
    const undo = `/api/history/${latest!.version}/_undo`
    const restore = `${routes}/owned/_versions/${first!.version}/_restore`
    assert.equal((await as(reader, 'GET', `${routes}/owned/_versions`)).json.length, 2)
    for (const path of [undo, restore]) {
      assert.equal((await as(reader, 'POST', path)).status, 401, path)
      assert.equal((await as(stranger, 'POST', path)).status, 404, path)
    }
    for (const path of [`${routes}/owned/_versions`, `${routes}/owned/_versions/${first!.version}`])
      assert.equal((await as(stranger, 'GET', path)).status, 404, path)
    assert.equal((await as(reader, 'GET', '/api/history?id=owned')).json.length, 2)
    assert.deepEqual((await as(stranger, 'GET', '/api/history')).json, [])
    assert.equal((await versionsOf('owned')).length, 2)
  })
})

describe('an import', () => {
  it('is one entry, and is taken back as one', async () => {
    await ok(gateway.admin('POST', routes, aRoute('before')))
    const exported = (await gateway.admin('GET', '/api/otoroshi.json')).json
    const others = exported.routes.filter(({ id }: Change) => id !== 'before')
    const content = { ...exported, routes: [...others, aRoute('imported')] }
    const dry = await ok(gateway.admin('POST', '/api/otoroshi.json?dry_run=true', content))
    assert.equal(dry.json.would, 'import', dry.text)
    const last = (await get('/api/history'))[0].version
    await ok(gateway.admin('POST', '/api/otoroshi.json', content))
    const [entry, older]: Change[] = await get('/api/history')
    assert.deepEqual([entry!.action, entry!.kind, older!.version], ['import', null, last])
    const shown = await get(`/api/history/${entry!.version}`)
    assert.deepEqual([shown.created, shown.removed], [1, 1])
    assert.deepEqual(shown.entities.map(({ kind, id, action }: Change) => `${kind} ${id} ${action}`).sort(), [
      'Route before delete',
      'Route imported create',
    ])
    const [deletion] = await versionsOf('before')
    assert.deepEqual([deletion!.version, deletion!.action], [entry!.version, 'delete'])

    await ok(gateway.admin('PATCH', `${routes}/imported`, { name: 'changed since' }))
    const refused = await gateway.admin('POST', `/api/history/${entry!.version}/_undo`)
    assert.deepEqual([refused.status, refused.json.reason], [409, 'admin.changed_since'])
    assert.deepEqual(refused.json.changed, [{ kind: 'Route', id: 'imported' }])
    const undone = await ok(gateway.admin('POST', `/api/history/${entry!.version}/_undo?force=true`))
    assert.deepEqual([undone.json.changed, undone.json.created, undone.json.removed], [true, 1, 1])
    assert.equal((await gateway.admin('GET', `${routes}/before`)).status, 200)
    assert.equal((await gateway.admin('GET', `${routes}/imported`)).status, 404)
    const [latest] = await get('/api/history')
    assert.deepEqual([latest.action, latest.undid], ['import', entry!.version])
    const stranger = [{ tenant: 'acme', teams: ['two'] }]
    assert.equal((await as(stranger, 'GET', `/api/history/${entry!.version}`)).status, 404)
    assert.equal((await as(stranger, 'POST', `/api/history/${entry!.version}/_undo`)).status, 404)
  })
})

describe('the history', () => {
  it('survives a restart', async () => {
    const before = await get('/api/history?pageSize=500')
    await gateway.stopKeeping()
    gateway = await start()
    assert.deepEqual(await get('/api/history?pageSize=500'), before)
    const created = (await versionsOf('r')).at(-1)!
    await ok(gateway.admin('DELETE', `${routes}/r`))
    const restored = await gateway.admin('POST', `${routes}/r/_versions/${created.version}/_restore`)
    assert.equal(restored.status, 201)
  })

  it('holds large entities, and its lists do not read them', async () => {
    const templates = '/apis/proxy.otoroshi.io/v1/error-templates'
    const page = (text: string) => ({
      serviceId: 'large',
      name: 'large',
      template40x: text.repeat(1_000_000),
    })
    await ok(gateway.admin('POST', templates, page('a')))
    for (const text of ['b', 'c', 'd']) await ok(gateway.admin('PUT', `${templates}/large`, page(text)))
    const list = await gateway.admin('GET', `${templates}/large/_versions`)
    assert.equal(list.json.length, 4)
    assert.ok(list.text.length < 5_000, 'no state is in it')
    const first = list.json.at(-1).version
    const restored = await ok(gateway.admin('POST', `${templates}/large/_versions/${first}/_restore`))
    assert.equal(restored.json.template40x, 'a'.repeat(1_000_000))
  })
})

describe('a data exporter', () => {
  const events = (): Record<string, unknown>[] =>
    existsSync(eventsFile)
      ? readFileSync(eventsFile, 'utf8')
          .split('\r\n')
          .filter(line => line !== '')
          .map(line => JSON.parse(line))
      : []

  it('gets the audit event and the alert of every write', async () => {
    const exporter = {
      id: 'audit',
      name: 'audit',
      enabled: true,
      type: 'file',
      groupSize: 1,
      groupDuration: 20,
      filtering: { include: [{ '@type': 'AuditEvent' }, { '@type': 'AlertEvent' }], exclude: [] },
      projection: {},
      config: { path: eventsFile, maxFileSize: 100_000_000 },
    }
    await ok(gateway.admin('POST', '/apis/events.otoroshi.io/v1/data-exporters', exporter))
    await ok(as([{ tenant: '*', teams: ['*'] }], 'POST', '/api/routes', aRoute('audited')))
    await ok(gateway.admin('PATCH', `${routes}/audited`, { name: 'again' }))
    const [latest] = await versionsOf('audited')
    await ok(gateway.admin('POST', `/api/history/${latest!.version}/_undo`))
    await ok(gateway.admin('PATCH', '/api/globalconfig', { maxConcurrentRequests: 901 }))
    const found = await until('all of them are exported', () => {
      const all = events()
      return all.some(({ alert }) => alert === 'GlobalConfigModification') ? all : null
    })
    const created = found.find(({ action }) => action === 'CREATE_ROUTE')!
    const { user, apiKey, metadata, ...plain } = created
    assert.deepEqual(user, { name: 'Ada', email: 'ada@acme.test' })
    const key = apiKey as Record<string, unknown>
    assert.deepEqual([key['clientId'], key['clientSecret']], ['admin-api-apikey-id', '***'])
    assert.equal((metadata as Record<string, unknown>)['id'], 'audited')
    assert.deepEqual(
      [
        plain['@type'],
        plain['audit'],
        plain['from'],
        plain['@service'],
        plain['@serviceId'],
        plain['@product'],
      ],
      ['AuditEvent', 'AdminApiEvent', '127.0.0.1', 'Otoroshi', '--', 'otoroshi'],
    )
    assert.ok(typeof plain['@timestamp'] === 'number' && typeof plain['@id'] === 'string')
    assert.equal(plain['instance-name'] !== undefined, true, 'it is enriched like any event')
    const alert = found.find(event => event['alert'] === 'RouteCreatedAlert')!
    assert.equal((alert['audit_payload'] as Record<string, unknown>)['@id'], created['@id'])
    assert.deepEqual([alert['adminApiAlert'], alert['user']], [true, user])
    assert.deepEqual(
      found.flatMap(event => (typeof event['action'] === 'string' ? [event['action']] : [])).slice(-4),
      ['CREATE_ROUTE', 'PATCHED_ROUTE', 'UPDATE_ROUTE', 'UPDATE_GLOBAL_CONFIG'],
    )
    assert.ok(!JSON.stringify(found).includes('admin-api-apikey-secret'))
    const { exporters } = await get('/api/events/_ledger')
    assert.deepEqual(exporters.audit.dropped, {})
  })
})
