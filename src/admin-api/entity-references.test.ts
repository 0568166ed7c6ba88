import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { aRoute } from '../control/testing/entities.ts'
import { definitions } from '../model/registry.ts'
import { TestServer } from './testing/server.ts'

type Json = Record<string, unknown>

let server: TestServer

before(async () => {
  server = await TestServer.start()
})
after(() => server.stop())

async function made(path: string, body: Json): Promise<void> {
  const answer = await server.call('POST', path, body)
  assert.equal(answer.status, 201, answer.text)
}

const usersOf = async (path: string) =>
  ((await server.call('GET', `${path}/_references`)).json.used_by as Json[]).map(
    ({ kind, id, paths }) => `${kind}/${id} ${(paths as string[]).join(' ')}`,
  )

test('who refers to an entity, and where', async () => {
  const verifier = (await server.call('GET', '/api/verifiers/_template')).json as Json
  const slot = { plugin: 'cp:otoroshi.next.plugins.JwtVerification', config: { verifiers: ['x', 'v1'] } }
  await made('/api/verifiers', { ...verifier, id: 'v1' })
  await made('/api/backends', { id: 'b1', name: 'B', backend: {} })
  await made('/api/groups', { id: 'g1', name: 'G' })
  await made('/api/routes', aRoute('r1', { backend_ref: 'b1', groups: ['g1'], plugins: [slot] }))
  await made('/api/routes', aRoute('r2', { groups: ['g1', 'other'], description: 'speaks of v1 and b1' }))
  const composed = { backend_ref: 'b1', frontend: { domains: ['c'] }, plugins: [slot] }
  await made('/api/route-compositions', { id: 'c1', name: 'C', routes: [composed] })
  const service = (await server.call('GET', '/api/services/_template')).json as Json
  const old = { type: 'ref', ids: ['v1'], enabled: true }
  await made('/api/services', { ...service, id: 's1', groups: ['g1'], groupId: null, jwtVerifier: old })
  const key = (await server.call('GET', '/api/apikeys/_template')).json as Json
  await made('/api/apikeys', { ...key, clientId: 'k1', authorizations: [{ kind: 'route', id: 'r1' }] })
  await made('/api/apikeys', { ...key, clientId: 'k2', authorizedEntities: ['group_g1', 'route_r2'] })

  assert.deepEqual(await usersOf('/api/backends/b1'), [
    'Route/r1 backend_ref',
    'RouteComposition/c1 routes.0.backend_ref',
  ])
  assert.deepEqual(await usersOf('/apis/any/v1/jwt-verifiers/v1'), [
    'Route/r1 plugins.0.config.verifiers.1',
    'RouteComposition/c1 routes.0.plugins.0.config.verifiers.1',
    'ServiceDescriptor/s1 jwtVerifier.ids.0',
  ])
  assert.deepEqual(await usersOf('/api/groups/g1'), [
    'Route/r1 groups.0',
    'Route/r2 groups.0',
    'ServiceDescriptor/s1 groups.0',
    'Apikey/k2 authorizedEntities.0',
  ])
  assert.deepEqual(await usersOf('/api/routes/r1'), ['Apikey/k1 authorizations.0'])
  assert.deepEqual(await usersOf('/api/routes/r2'), ['Apikey/k2 authorizedEntities.1'])
  assert.equal((await server.call('GET', '/api/routes/none/_references')).status, 404)
  assert.equal((await server.call('POST', '/api/routes/r1/_references', {})).status, 405)
})

test('what an entity refers to, and whether it is there', async () => {
  const { json } = await server.call('GET', '/api/routes/r1/_references')
  const references = (json.references as Json[]).map(({ kind, id, path, found }) => [kind, id, path, found])
  assert.deepEqual(references, [
    ['ServiceGroup', 'g1', 'groups.0', true],
    ['Backend', 'b1', 'backend_ref', true],
    ['JwtVerifier', 'x', 'plugins.0.config.verifiers.0', false],
    ['JwtVerifier', 'v1', 'plugins.0.config.verifiers.1', true],
    ['Organization', 'default', '_loc.tenant', false],
    ['Team', 'default', '_loc.teams.0', false],
  ])
})

test('a deletion says what it breaks, before and after', async () => {
  const used = (answer: { headers: Headers }) => answer.headers.get('otoroshi-entity-used-by')
  const dry = await server.call('DELETE', '/apis/any/v1/backends/b1?dry_run=true')
  assert.deepEqual(
    dry.json.used_by.map((user: Json) => user['id']),
    ['r1', 'c1'],
  )
  assert.deepEqual([dry.json.would, used(dry)], ['delete', null])
  for (const path of ['/apis/any/v1/backends/b1', '/api/backends/b1']) {
    const refused = await server.call('DELETE', `${path}?unused=true`)
    assert.deepEqual([refused.status, refused.json.reason], [409, 'admin.in_use'], path)
    assert.equal(refused.json.used_by.length, 2)
  }
  assert.equal((await server.call('GET', '/api/backends/b1')).status, 200, 'still there')
  const gone = await server.call('DELETE', '/apis/any/v1/backends/b1')
  assert.deepEqual([gone.status, used(gone)], [200, 'Route/r1, RouteComposition/c1'])
  const legacy = await server.call('DELETE', '/api/verifiers/v1')
  assert.equal(used(legacy), 'Route/r1, RouteComposition/c1, ServiceDescriptor/s1')
  const alone = await server.call('DELETE', '/api/apikeys/k1?unused=true')
  assert.deepEqual([alone.status, used(alone)], [200, null])
  const { json } = await server.call('GET', '/api/routes/r1/_references')
  assert.equal((json.references as Json[]).find(({ kind }) => kind === 'Backend')?.['found'], false)
})

test('many users are counted', async () => {
  await made('/api/groups', { id: 'crowd', name: 'Crowd' })
  const lines = Array.from({ length: 30 }, (_, i) => JSON.stringify(aRoute(`m${i}`, { groups: ['crowd'] })))
  await server.call('POST', '/api/routes/_bulk', lines.join('\n'), { 'Content-Type': 'application/x-ndjson' })
  const gone = await server.call('DELETE', '/api/groups/crowd')
  const header = gone.headers.get('otoroshi-entity-used-by') ?? ''
  assert.equal(header.split(', ').length, 21)
  assert.match(header, /^Route\/m0, .*, \+10$/)
})

test('a team is used by entities of its organization only', async () => {
  await made('/apis/any/v1/teams', { id: 'ops', name: 'Ops', tenant: 'one' })
  await made('/api/backends', { id: 'o1', name: 'O', backend: {}, _loc: { tenant: 'one', teams: ['ops'] } })
  await made('/api/backends', { id: 'o2', name: 'O', backend: {}, _loc: { tenant: 'two', teams: ['ops'] } })
  assert.deepEqual(await usersOf('/apis/any/v1/teams/ops'), ['Backend/o1 _loc.teams.0'])
})

test('every kind a field names is one', () => {
  const kinds = new Set(definitions.map(({ kind }) => kind))
  let fields = 0
  for (const { references = [], kind } of definitions)
    for (const field of references)
      for (const named of field.kinds) {
        fields++
        assert.ok(kinds.has(named), `${kind}: ${named}`)
      }
  assert.ok(fields > 40)
})

test('where too many would have to be looked at, a plain deletion says so and others still look', async () => {
  const key = (await server.call('GET', '/api/apikeys/_template')).json as Json
  const entities = Array.from({ length: 5001 }, (_, i) => ({ ...key, clientId: `many-${i}` }))
  for (let i = 0; i < entities.length; i += 1000) {
    const lines = entities.slice(i, i + 1000).map(entity => JSON.stringify(entity))
    const ndjson = { 'Content-Type': 'application/x-ndjson' }
    await server.call('POST', '/api/apikeys/_bulk', lines.join('\n'), ndjson)
  }
  await made('/api/groups', { id: 'last', name: 'Last' })
  await made('/api/apikeys', { ...key, clientId: 'zz', authorizations: [{ kind: 'group', id: 'last' }] })
  assert.deepEqual(await usersOf('/api/groups/last'), ['Apikey/zz authorizations.0'])
  assert.equal((await server.call('DELETE', '/api/groups/last?unused=true')).status, 409)
  assert.equal((await server.call('DELETE', '/api/groups/last?dry_run=true')).json.used_by.length, 1)
  const gone = await server.call('DELETE', '/api/groups/last')
  assert.deepEqual([gone.status, gone.headers.get('otoroshi-entity-used-by')], [200, 'unknown'])
})
