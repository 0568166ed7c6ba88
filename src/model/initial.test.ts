import assert from 'node:assert/strict'
import { test } from 'node:test'
import { initialEntities, type InitialSettings } from './initial.ts'
import { readEntityText } from './read.ts'

const settings: InitialSettings = {
  domain: 'oto.tools',
  httpPort: 8080,
  adminApi: {
    exposedSubdomain: 'otoroshi-api',
    targetSubdomain: 'otoroshi-admin-internal-api',
    exposedDomains: ['otoroshi-api.oto.tools', 'API.example.com'],
    groupId: 'admin-api-group',
    routeId: 'admin-api-service',
    clientId: 'admin-api-apikey-id',
    clientSecret: 'secret',
  },
  hashPassword: async password => `hash of ${password.length} characters`,
}

interface Looked {
  [field: string]: unknown
}

async function made(changes: Partial<InitialSettings> = {}) {
  const { entities, admin } = await initialEntities({ ...settings, ...changes })
  const of = (kind: string) =>
    entities.filter(({ definition }) => definition.kind === kind).map(({ entity }) => entity as Looked)
  return { entities, admin, of }
}

test('makes what upstream makes, all of it valid', async () => {
  const { entities, of } = await made()
  for (const { definition, entity } of entities) {
    const parsed = readEntityText(definition, JSON.stringify(entity))
    assert.deepEqual(parsed, { ok: true, value: entity })
  }
  assert.deepEqual(
    of('ServiceGroup').map(group => group['id']),
    ['default', 'admin-api-group'],
  )
  assert.equal(of('Organization')[0]?.['id'], 'default')
  assert.equal(of('Team')[0]?.['tenant'], 'default')
  assert.equal(of('GlobalConfig').length, 1)
  assert.match(String(of('GlobalConfig')[0]?.['otoroshiId']), /^[0-9a-f-]{36}$/)
})

test('the admin route answers on its hosts, asks for a key and names the internal host', async () => {
  const [route] = (await made()).of('Route')
  const { id, groups, frontend, backend, plugins } = route as Looked & {
    frontend: Looked
    backend: { targets: Looked[] }
    plugins: Looked[]
  }
  assert.equal(id, 'admin-api-service')
  assert.deepEqual(groups, ['admin-api-group'])
  assert.deepEqual(frontend['domains'], [
    'otoroshi-api.oto.tools',
    'otoroshi-api.localhost',
    'api.example.com',
  ])
  const [target] = backend.targets
  assert.equal(target?.['hostname'], 'otoroshi-admin-internal-api.oto.tools')
  assert.equal(target?.['ip_address'], '127.0.0.1')
  assert.equal(target?.['port'], 8080)
  assert.deepEqual(
    plugins.map(slot => slot['plugin']),
    ['cp:otoroshi.next.plugins.OverrideHost', 'cp:otoroshi.next.plugins.ApikeyCalls'],
  )
  assert.ok(plugins.every(slot => slot['enabled'] === true))
})

test('the admin key is the configured one; the default key is random each time', async () => {
  const first = (await made()).of('Apikey')
  const second = (await made()).of('Apikey')
  const [admin, other] = first
  assert.equal(admin?.['clientId'], 'admin-api-apikey-id')
  assert.equal(admin?.['clientSecret'], 'secret')
  assert.equal(admin?.['throttlingQuota'], 10000)
  assert.deepEqual(admin?.['authorizations'], [{ kind: 'group', id: 'admin-api-group' }])
  assert.equal(other?.['clientName'], 'default-apikey')
  assert.deepEqual(other?.['authorizations'], [{ kind: 'group', id: 'default' }])
  assert.match(String(other?.['clientSecret']), /^[a-z0-9]{64}$/)
  assert.notEqual(other?.['clientSecret'], second[1]?.['clientSecret'])
  assert.notEqual(other?.['clientId'], second[1]?.['clientId'])
})

test('the first administrator has the given or a generated password, never stored in clear', async () => {
  const { admin, of } = await made()
  assert.equal(admin.username, 'admin@otoroshi.io')
  assert.match(admin.generatedPassword ?? '', /^[A-Za-z0-9]{32}$/)
  const [user] = of('SimpleAdminUser')
  assert.equal(user?.['username'], 'admin@otoroshi.io')
  assert.equal(user?.['password'], 'hash of 32 characters')
  assert.deepEqual(user?.['rights'], [{ tenant: '*', teams: ['*'] }])
  const chosen = await made({ adminLogin: 'me', adminPassword: 'opensesame' })
  assert.deepEqual(chosen.admin, { username: 'me', generatedPassword: null })
  assert.equal(chosen.of('SimpleAdminUser')[0]?.['password'], 'hash of 10 characters')
  assert.ok(!JSON.stringify(chosen.entities.map(({ entity }) => entity)).includes('opensesame'))
})

test('a setting that cannot be part of an entity is named', async () => {
  const adminApi = { ...settings.adminApi, clientId: ' ' }
  await assert.rejects(initialEntities({ ...settings, adminApi }), {
    name: 'TypeError',
    message: 'initial Apikey: clientId: Must not be blank',
  })
})
