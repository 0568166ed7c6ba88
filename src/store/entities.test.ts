import assert from 'node:assert/strict'
import { test } from 'node:test'
import { globalConfig } from '../model/kinds/global-config.ts'
import { organization, tenant } from '../model/kinds/organization.ts'
import { route } from '../model/kinds/route.ts'
import { serviceGroup } from '../model/kinds/service-group.ts'
import { team } from '../model/kinds/team.ts'
import { StoreConflict } from './contract.ts'
import { EntityStore } from './entities.ts'
import { createMemoryStore } from './memory.ts'

const fresh = () => new EntityStore(createMemoryStore())
const group = (id: string) => serviceGroup.template(id)

test('writes under the keys of upstream and reads back', async () => {
  const entities = fresh()
  await entities.put(route, route.template('r:1'))
  await entities.put(globalConfig, globalConfig.template('x'))
  await entities.put(team, { ...team.template(''), id: 't', tenant: 'acme' })
  const { store } = entities
  for (const key of ['otoroshi:routes:r:1', 'otoroshi:config:global', 'otoroshi:teams:acme:t'])
    assert.notEqual(await store.get(key), null, key)
  const found = await entities.get(route, 'r:1')
  assert.equal(found?.key, 'otoroshi:routes:r:1')
  assert.deepEqual(found?.read(), { ok: true, value: route.template('r:1') })
  assert.equal(await entities.get(route, 'other'), null)
  assert.equal((await entities.get(globalConfig, 'global'))?.id, 'global')
  assert.equal(await entities.get(globalConfig, 'other'), null)
  assert.equal(new EntityStore(store, 'mine').keyOf(route, 'r'), 'mine:routes:r')
})

test('creates only once and replaces only what was seen', async () => {
  const entities = fresh()
  const first = await entities.put(serviceGroup, group('g'), { expected: null })
  await assert.rejects(entities.put(serviceGroup, group('g'), { expected: null }), StoreConflict)
  const second = await entities.put(serviceGroup, { ...group('g'), name: 'two' }, { expected: first.json })
  await assert.rejects(entities.put(serviceGroup, group('g'), { expected: first.json }), StoreConflict)
  assert.equal((await entities.get(serviceGroup, 'g'))?.json, second.json)
  await assert.rejects(entities.commit([entities.prepareRemoval(first)]), StoreConflict)
  assert.equal((await entities.remove(serviceGroup, 'g'))?.json, second.json)
  assert.equal(await entities.remove(serviceGroup, 'g'), null)
})

test('several changes are one commit, and tell what the data plane must hear', async () => {
  const entities = fresh()
  const old = await entities.put(serviceGroup, group('old'))
  const delta = await entities.commit([
    entities.preparePut(route, route.template('r'), { expected: null }),
    entities.preparePut(organization, { ...organization.template(''), id: 'o' }),
    entities.prepareRemoval(old),
  ])
  assert.deepEqual(delta, {
    writes: [{ kind: 'Route', id: 'r', json: (await entities.get(route, 'r'))?.json }],
    removals: [{ kind: 'ServiceGroup', id: 'old' }],
  })
  const conflict = entities.commit([
    entities.preparePut(serviceGroup, group('new')),
    entities.preparePut(route, route.template('r'), { expected: null }),
  ])
  await assert.rejects(conflict, StoreConflict)
  assert.equal(await entities.get(serviceGroup, 'new'), null)
})

test('lists a kind in key order and nothing of its neighbours', async () => {
  const entities = fresh()
  await entities.store.commit(
    ['otoroshi:routes2:x', 'otoroshi:routes', 'other:routes:x', 'otoroshi:routesets:x'].map(key => ({
      key,
      value: '{}',
    })),
  )
  for (const id of ['b', 'a', 'a:b', '%', 'é']) await entities.put(route, route.template(id))
  assert.deepEqual(
    (await entities.list(route)).map(entity => entity.id),
    ['%', 'a', 'a:b', 'b', 'é'],
  )
})

test('every entity of every kind comes once, in batches', async () => {
  const entities = fresh()
  const changes = Array.from({ length: 2500 }, (_, i) => entities.preparePut(serviceGroup, group(`g${i}`)))
  await entities.commit(changes)
  await entities.put(organization, { ...organization.template(''), id: 'o' })
  await entities.put(globalConfig, globalConfig.template('x'))
  const counts = new Map<string, number>()
  let batches = 0
  for await (const batch of entities.all()) {
    batches++
    for (const { definition } of batch) counts.set(definition.kind, (counts.get(definition.kind) ?? 0) + 1)
  }
  assert.deepEqual(Object.fromEntries(counts), { ServiceGroup: 2500, Organization: 1, GlobalConfig: 1 })
  assert.ok(batches >= 5)
})

test('an entity that is not valid any more stays listed, with its faults', async () => {
  const entities = fresh()
  await entities.store.commit([
    { key: 'otoroshi:routes:broken', value: '{"id":"broken","name":1}' },
    { key: 'otoroshi:routes:cut', value: '{"id":"cut","secret' },
    { key: 'otoroshi:routes:other', value: JSON.stringify(route.template('stolen')) },
  ])
  const faults = (await entities.list(route)).map(entity => {
    const parsed = entity.read()
    assert.equal(parsed, entity.read(), 'validated once')
    return parsed.ok ? [entity.id] : [entity.id, ...parsed.faults.map(fault => fault.path)]
  })
  assert.deepEqual(faults, [
    ['broken', 'name', 'backend'],
    ['cut', ''],
    ['other', 'id'],
  ])
})

test('teams are found by their id, by organization and id, and as the generic API of upstream wrote them', async () => {
  const entities = fresh()
  const acme = { ...team.template(''), id: 'ops', tenant: 'acme' }
  await entities.put(team, acme)
  await entities.store.commit([
    { key: 'otoroshi:teams:bare', value: JSON.stringify({ ...acme, id: 'bare' }) },
  ])
  assert.equal((await entities.get(team, 'ops'))?.key, 'otoroshi:teams:acme:ops')
  assert.equal((await entities.get(team, 'acme:ops'))?.id, 'ops')
  assert.equal((await entities.get(team, 'bare'))?.id, 'bare')
  assert.equal(await entities.get(team, 'dev'), null)
  await entities.remove(team, 'ops')
  assert.equal(await entities.get(team, 'ops'), null)
})

test('aliases share the entities of their kind', async () => {
  const entities = fresh()
  await entities.put(tenant, { ...tenant.template(''), id: 'o' })
  assert.equal((await entities.get(organization, 'o'))?.key, 'otoroshi:tenants:o')
})

test('keys tell their entity', () => {
  const entities = fresh()
  const cases: Record<string, string | null> = {
    'otoroshi:routes:a:b': 'Route a:b',
    'otoroshi:routes:': null,
    'otoroshi:teams:acme:ops': 'Team ops',
    'otoroshi:config:global': 'GlobalConfig global',
    'otoroshi:config:global:x': null,
    'otoroshi:apikey:coll:k': 'Apikey k',
    'otoroshi:tenants:o': 'Organization o',
    'other:routes:a': null,
  }
  for (const [key, expected] of Object.entries(cases)) {
    const place = entities.identify(key)
    assert.equal(place && `${place.definition.kind} ${place.id}`, expected, key)
  }
})

test('an entity without id cannot be written', async () => {
  const entities = fresh()
  assert.throws(() => entities.preparePut(serviceGroup, { ...group('g'), id: '' }), TypeError)
})
