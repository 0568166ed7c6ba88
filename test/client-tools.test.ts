/** What command lines and infrastructure-as-code providers for Otoroshi ask, in their order and with their ways to read answers. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type AdminAnswer, startGateway, type TestGateway } from './support/gateway.ts'

let gateway: TestGateway

before(async () => {
  gateway = await startGateway({ threads: 1 })
})

after(() => gateway.stop())

const ask = (method: string, path: string, body?: unknown, type = 'application/json'): Promise<AdminAnswer> =>
  gateway.admin(method, path, body, { 'Content-Type': type, Accept: 'application/json' })

/** True when every field of `part` is in `whole` with the same value, at any depth; lists as a whole. */
function holds(whole: unknown, part: unknown): boolean {
  if (typeof part !== 'object' || part === null || Array.isArray(part))
    return JSON.stringify(whole) === JSON.stringify(part)
  if (typeof whole !== 'object' || whole === null) return false
  const fields = whole as Record<string, unknown>
  return Object.entries(part).every(([name, value]) => name in fields && holds(fields[name], value))
}

/** Kinds in the words of resource files, where they are served, and what a user would write. */
const kinds: readonly (readonly [string, string, Record<string, unknown>])[] = [
  ['ApiKey', '/api/apikeys', { clientId: 'mine', clientName: 'mine', authorizedEntities: [] }],
  ['Backend', '/api/backends', { id: 'mine', name: 'mine', backend: { root: '/v1' } }],
  ['AuthModule', '/api/auths', { id: 'mine', name: 'mine', type: 'basic', sessionMaxAge: 60 }],
  ['Certificate', '/api/certificates', { id: 'mine', name: 'mine' }],
  ['DataExporter', '/api/data-exporter-configs', { id: 'mine', name: 'mine', type: 'file' }],
  ['Organization', '/api/tenants', { id: 'mine', name: 'mine' }],
  ['JwtVerifier', '/api/verifiers', { id: 'mine', name: 'mine', strict: false }],
  ['Script', '/api/scripts', { id: 'mine', name: 'mine', type: 'app' }],
  [
    'Route',
    '/api/routes',
    { id: 'mine', name: 'mine', frontend: { domains: ['mine.test'] }, backend_ref: null },
  ],
  ['ServiceDescriptor', '/api/services', { id: 'mine', name: 'mine', domain: 'old.test' }],
  ['ServiceGroup', '/api/groups', { id: 'mine', name: 'mine' }],
  ['TcpService', '/api/tcp/services', { id: 'mine', name: 'mine' }],
  ['Team', '/api/teams', { id: 'mine', name: 'mine', tenant: 'default' }],
]

describe('a provider', () => {
  for (const [kind, path, fields] of kinds)
    it(`completes, creates, reads, replaces and removes: ${kind}`, async () => {
      const completed = await ask('POST', '/api/new/resources', { content: { kind, ...fields } })
      assert.equal(completed.status, 200, completed.text)
      assert.equal(completed.json.created.kind, kind)
      const { resource } = completed.json.created
      assert.ok(holds(resource, fields), JSON.stringify(resource))
      const created = await ask('POST', path, resource)
      assert.equal(created.status, 201, created.text)
      assert.ok(holds(created.json, fields), created.text)
      const id = created.json.clientId ?? created.json.id
      assert.equal(id, 'mine')
      assert.ok(holds((await ask('GET', `${path}/${id}`)).json, fields))
      const replaced = await ask('PUT', `${path}/${id}`, { ...resource, metadata: { by: 'provider' } })
      assert.equal(replaced.status, 200, replaced.text)
      assert.equal(replaced.json.metadata.by, 'provider')
      assert.equal((await ask('DELETE', `${path}/${id}`)).status, 200)
      const gone = await ask('GET', `${path}/${id}`)
      assert.deepEqual([gone.status, gone.json.error_description], [404, 'entity not found'])
    })

  it('reads and replaces the global configuration', async () => {
    const { json } = await ask('GET', '/api/globalconfig')
    assert.equal(typeof json.otoroshiId, 'string')
    const content = { kind: 'GlobalConfig', otoroshiId: json.otoroshiId, lines: ['prod', 'test'] }
    const completed = await ask('POST', '/api/new/resources', { content })
    const replaced = await ask('PUT', '/api/globalconfig', completed.json.created.resource)
    assert.equal(replaced.status, 200, replaced.text)
    assert.deepEqual((await ask('GET', '/api/globalconfig')).json.lines, ['prod', 'test'])
  })
})

describe('a command line', () => {
  it('learns about the cluster and its kinds', async () => {
    const texts = (value: Record<string, unknown>, ...names: string[]): void => {
      for (const name of names) assert.equal(typeof value[name], 'string', name)
    }
    const { json: infos } = await ask('GET', '/api/infos')
    texts(infos, 'otoroshi_cluster_id', 'otoroshi_version', 'datastore', 'env')
    texts(infos.java_version, 'version', 'vendor')
    texts(infos.os, 'name', 'version', 'arch')
    const { json: health } = await ask('GET', '/.well-known/otoroshi/monitoring/health')
    texts(health, 'otoroshi', 'datastore')
    for (const part of ['proxy', 'storage', 'eventstore', 'certificates', 'scripts'])
      texts(health[part], 'status')
    assert.equal((await ask('GET', '/.well-known/otoroshi/monitoring/metrics')).status, 200)
    const { json: entities } = await ask('GET', '/apis/entities')
    texts(entities, 'version')
    assert.ok(entities.resources.length > 30)
    for (const kind of entities.resources) {
      texts(kind, 'kind', 'plural_name', 'singular_name', 'group')
      texts(kind.version, 'name')
      for (const flag of ['served', 'deprecated', 'storage'])
        assert.equal(typeof kind.version[flag], 'boolean', flag)
    }
  })

  it('applies, lists, reads and removes entities', async () => {
    const routes = '/apis/proxy.otoroshi.io/v1/routes'
    const template = await ask('GET', `${routes}/_template`)
    assert.equal(template.status, 200)
    const first = await ask('POST', `${routes}/applied`, { ...template.json, id: 'applied', name: 'applied' })
    assert.equal(first.status, 201, first.text)
    const yaml =
      'id: applied\nname: once more\nfrontend:\n  domains:\n    - applied.test\nbackend:\n  targets: []\n'
    const again = await ask('POST', `${routes}/applied`, yaml, 'application/yaml')
    assert.equal(again.status, 200, again.text)
    const page = await ask('GET', `${routes}?page=1&pageSize=5&filter.name=once%20more`)
    assert.deepEqual(
      page.json.map((route: { readonly id: string }) => route.id),
      ['applied'],
    )
    const keyTemplate = (await ask('GET', '/api/apikeys/_template')).json
    const key = await ask('POST', '/api/routes/applied/apikeys', keyTemplate)
    assert.equal(key.status, 201, key.text)
    const bearer = await ask('GET', `/api/apikeys/${key.json.clientId}/bearer`)
    assert.match(bearer.json.bearer, /^otoapk_/)
    const plugins = await ask('GET', '/api/plugins/all')
    assert.ok(plugins.json.some((plugin: { readonly id: string }) => plugin.id.endsWith('.OverrideHost')))
    assert.equal((await ask('DELETE', `${routes}/applied`)).status, 200)
    assert.equal((await ask('GET', `${routes}/applied`)).status, 404)
  })
})
