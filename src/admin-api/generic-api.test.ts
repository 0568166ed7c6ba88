import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { aRoute } from '../control/testing/entities.ts'
import { TestServer } from './testing/server.ts'

const routes = '/apis/proxy.otoroshi.io/v1/routes'
let server: TestServer

before(async () => {
  server = await TestServer.start()
})
after(() => server.stop())
beforeEach(() => server.call('DELETE', routes))

const create = (id: string, more: Record<string, unknown> = {}) =>
  server.call('POST', routes, aRoute(id, more))

test('create: 201 with the whole entity, its kind last, its time and its tag', async () => {
  const { status, json, headers } = await create('r1')
  assert.equal(status, 201)
  assert.equal(json.id, 'r1')
  assert.equal(json.enabled, true, 'defaults are filled')
  assert.equal(Object.keys(json).at(-1), 'kind')
  assert.equal(json.kind, 'proxy.otoroshi.io/Route')
  assert.ok(Math.abs(Date.parse(json.metadata.created_at) - Date.now()) < 60_000)
  assert.match(headers.get('etag') ?? '', /^"[\w-]{22}"$/)
  assert.equal(headers.get('x-pages'), '-1')
  assert.equal(server.audience.replica.has('Route/r1'), true, 'served before it was answered')
})

test('create: an id is made when there is none; an id in use is 409', async () => {
  const { id: _, ...nameless } = aRoute('x')
  const made = await server.call('POST', routes, nameless)
  assert.match(made.json.id, /^route_[0-9a-f-]{36}$/)
  await create('r1')
  const again = await create('r1')
  assert.equal(again.status, 409)
  assert.equal(again.json.error_description, 'resource already exists')
  assert.equal(again.json.kind, 'proxy.otoroshi.io/Route')
})

test('a bad entity is 400 and names path and rule', async () => {
  const { status, json, headers } = await create('r1', { name: 5, enabled: 'yes' })
  assert.equal(status, 400)
  assert.equal(json.error, 'bad_request')
  assert.equal(json.reason, 'admin.invalid_entity')
  assert.equal(headers.get('otoroshi-error-reason'), 'admin.invalid_entity')
  assert.deepEqual(json.faults.map((f: { path: string }) => f.path).sort(), ['enabled', 'name'])
  assert.match(json.error_description.join(), /name: Invalid type: Expected string but received 5/)
  assert.equal(server.control.get({ kind: 'Route' } as never, 'r1'), null)
})

test('get, count and list', async () => {
  await create('r1')
  await create('r2')
  const one = await server.call('GET', `${routes}/r1`)
  assert.equal(one.status, 200)
  assert.equal(one.json.name, 'route r1')
  assert.deepEqual((await server.call('GET', `${routes}/_count`)).json, {
    count: 2,
    kind: 'proxy.otoroshi.io/Route',
  })
  const list = await server.call('GET', routes)
  assert.deepEqual(
    list.json.map((r: { id: string }) => r.id),
    ['r1', 'r2'],
  )
  assert.equal(list.headers.get('x-pages'), '1')
  for (const path of ['/apis/any/v1/Route/r1', '/apis/all/any/route/r1', '/apis/any/all/routes/r1'])
    assert.equal((await server.call('GET', path)).json.id, 'r1')
  assert.equal((await server.call('HEAD', `${routes}/r1`)).status, 200)
})

test('missing things: unknown kind, unknown entity, unknown path', async () => {
  const kind = await server.call('GET', '/apis/proxy.otoroshi.io/v1/nothings')
  assert.equal(kind.status, 404)
  assert.equal(kind.json.kind, 'proxy.otoroshi.io/Unknown')
  assert.equal(kind.json.error_description, 'resource not found')
  const entity = await server.call('GET', `${routes}/none`)
  assert.deepEqual([entity.status, entity.json.kind], [404, 'proxy.otoroshi.io/Route'])
  for (const [method, path] of [
    ['PUT', `${routes}/none`],
    ['PATCH', `${routes}/none`],
    ['DELETE', `${routes}/none`],
    ['GET', '/'],
    ['GET', '/api/nothing'],
    ['GET', '/apis/a/b/c/d/e/f'],
  ] as const)
    assert.equal(
      (
        await server.call(
          method,
          path,
          method === 'PUT' ? aRoute('none') : method === 'PATCH' ? [] : undefined,
        )
      ).status,
      404,
      `${method} ${path}`,
    )
  assert.equal((await server.call('GET', '/api/%zz')).status, 400)
})

test('operations that are not offered are 405, and the answer names those that are', async () => {
  assert.equal((await server.call('PUT', routes, {})).status, 405)
  assert.equal((await server.call('POST', '/apis/any/v1/global-configs', {})).status, 405)
  assert.equal((await server.call('DELETE', '/apis/any/v1/global-configs/global')).status, 405)
  assert.equal((await server.call('DELETE', `${routes}/_count`)).status, 405)
  assert.equal((await server.call('OPTIONS', `${routes}/r1`)).status, 405)
  const allowed = async (method: string, path: string) =>
    (await server.call(method, path)).headers.get('allow')?.split(', ').sort()
  assert.deepEqual(await allowed('DELETE', `${routes}/_count`), ['GET'])
  assert.deepEqual(await allowed('OPTIONS', `${routes}/r1`), ['DELETE', 'GET', 'PATCH', 'POST', 'PUT'])
  assert.deepEqual(await allowed('OPTIONS', '/apis/any/v1/global-configs/global'), [
    'GET',
    'PATCH',
    'POST',
    'PUT',
  ])
})

test('upsert creates, updates, and leaves alone what stays the same', async () => {
  const created = await server.call('POST', `${routes}/r1`, aRoute('ignored'))
  assert.deepEqual([created.status, created.json.id], [201, 'r1'])
  const revision = server.control.revision
  const same = await server.call(
    'POST',
    `${routes}/r1`,
    aRoute('r1', { name: 'route ignored', frontend: { domains: ['ignored.oto.tools'] } }),
  )
  assert.deepEqual([same.status, same.headers.get('otoroshi-entity-updated')], [200, 'false'])
  assert.equal(server.control.revision, revision)
  const changed = await server.call('POST', `${routes}/r1`, aRoute('r1'))
  assert.deepEqual([changed.status, changed.headers.get('otoroshi-entity-updated')], [200, 'true'])
  assert.equal(server.control.revision, revision + 1)
})

test('what was read can be sent back unchanged', async () => {
  await create('r1')
  const read = await server.call('GET', `${routes}/r1`)
  const put = await server.call('PUT', `${routes}/r1`, read.json)
  assert.equal(put.status, 200)
  assert.equal(put.headers.get('etag'), read.headers.get('etag'))
  assert.equal(
    server.control
      .list({ kind: 'Route' } as never)
      .at(0)!
      .json.includes('proxy.otoroshi.io/Route'),
    false,
  )
})

test('replace keeps the time of creation and unknown fields of the body', async () => {
  const { json: first } = await create('r1')
  const { json } = await server.call('PUT', `${routes}/r1`, aRoute('r1', { new_field: { x: 1 } }))
  assert.equal(json.metadata.created_at, first.metadata.created_at)
  assert.ok(Date.parse(json.metadata.updated_at) >= Date.parse(first.metadata.created_at))
  assert.deepEqual(json.new_field, { x: 1 })
})

test('patches: JSON Patch, merge patch, by content type and by shape', async () => {
  await create('r1')
  const patch = (body: unknown, type = 'application/json') =>
    server.call('PATCH', `${routes}/r1`, body, { 'Content-Type': type })
  const ops = [{ op: 'replace', path: '/name', value: 'one' }]
  assert.equal((await patch(ops)).json.name, 'one')
  assert.equal(
    (await patch([{ op: 'add', path: '/tags/-', value: 't' }], 'application/json-patch+json')).json.tags[0],
    't',
  )
  assert.equal((await patch({ name: 'two' }, 'application/merge-patch+json')).json.name, 'two')
  assert.equal((await patch({ name: 'three', description: null })).json.name, 'three')
  assert.equal((await patch('name: four', 'application/yaml')).json.name, 'four')
  const bad = await patch([{ op: 'replace', path: '/nothing/here', value: 1 }])
  assert.deepEqual([bad.status, bad.json.reason], [400, 'admin.bad_patch'])
  assert.match(bad.json.error_description, /operation 0: there is nothing at this path/)
  assert.equal((await patch({ name: 'x' }, 'application/json-patch+json')).status, 400)
  assert.equal((await patch([{ op: 'replace', path: '/id', value: 'other' }])).status, 400)
  assert.equal((await patch([{ op: 'remove', path: '/name' }])).json.reason, 'admin.invalid_entity')
  assert.equal((await patch([{ op: 'add', path: '/__proto__/x', value: 1 }])).status, 400)
  assert.equal((await server.call('GET', `${routes}/r1`)).json.name, 'four')
})

test('concurrent patches all count', async () => {
  await create('r1')
  await Promise.all(
    Array.from({ length: 30 }, (_, i) =>
      server.call('PATCH', `${routes}/r1`, [{ op: 'add', path: '/tags/-', value: `t${i}` }]),
    ),
  )
  assert.equal((await server.call('GET', `${routes}/r1`)).json.tags.length, 30)
})

test('delete answers what was deleted; delete of all answers nothing', async () => {
  await create('r1')
  const gone = await server.call('DELETE', `${routes}/r1`)
  assert.deepEqual([gone.status, gone.json.id], [200, 'r1'])
  assert.equal(server.audience.replica.has('Route/r1'), false)
  await create('r2')
  await create('r3')
  const all = await server.call('DELETE', routes)
  assert.deepEqual([all.status, all.text], [204, ''])
  assert.deepEqual((await server.call('GET', routes)).json, [])
})

test('conditions: ETag, If-Match, If-None-Match', async () => {
  const first = await create('r1')
  const tag = first.headers.get('etag')!
  assert.equal((await server.call('GET', `${routes}/r1`, undefined, { 'If-None-Match': tag })).status, 304)
  const put = (headers: Record<string, string>, name: string) =>
    server.call('PUT', `${routes}/r1`, aRoute('r1', { name }), headers)
  assert.equal((await put({ 'If-Match': tag }, 'second')).status, 200)
  const stale = await put({ 'If-Match': tag }, 'third')
  assert.deepEqual([stale.status, stale.json.reason], [412, 'admin.precondition_failed'])
  assert.equal((await put({ 'If-Match': '*' }, 'fourth')).status, 200)
  assert.equal((await server.call('DELETE', `${routes}/r1`, undefined, { 'If-Match': tag })).status, 412)
  assert.equal(
    (await server.call('POST', `${routes}/r1`, aRoute('r1'), { 'If-None-Match': '*' })).status,
    412,
  )
  assert.equal(
    (await server.call('POST', `${routes}/r9`, aRoute('r9'), { 'If-None-Match': '*' })).status,
    201,
  )
  assert.equal((await server.call('POST', `${routes}/r8`, aRoute('r8'), { 'If-Match': '*' })).status, 412)
})

test('a dry run shows what would happen and writes nothing', async () => {
  await create('r1')
  const revision = server.control.revision
  const update = await server.call('PATCH', `${routes}/r1?dry_run=true`, [
    { op: 'replace', path: '/name', value: 'n' },
  ])
  assert.deepEqual([update.status, update.json.dry_run, update.json.would], [200, true, 'update'])
  assert.deepEqual(update.json.diff[0].op === 'add' ? update.json.diff[1] : update.json.diff[0], {
    op: 'replace',
    path: '/name',
    value: 'n',
  })
  assert.equal(update.json.entity.name, 'n')
  assert.equal((await server.call('POST', `${routes}?dry_run=true`, aRoute('r2'))).json.would, 'create')
  assert.equal((await server.call('POST', `${routes}?dry_run=true`, aRoute('r1'))).status, 409)
  assert.equal((await server.call('POST', `${routes}?dry_run=true`, { id: 'r3' })).status, 400)
  assert.equal((await server.call('DELETE', `${routes}/r1?dry_run=true`)).json.would, 'delete')
  assert.equal((await server.call('DELETE', `${routes}?dry_run=true`)).json.count, 1)
  assert.equal(server.control.revision, revision)
  assert.equal((await server.call('GET', `${routes}/r1`)).json.name, 'route r1')
})

test('template, schema and the list of kinds', async () => {
  const template = await server.call('GET', `${routes}/_template`)
  assert.equal(template.status, 200)
  assert.equal('kind' in template.json, false)
  assert.equal((await server.call('POST', routes, template.json)).status, 201, 'the template is valid')
  assert.equal((await server.call('GET', '/apis/any/v1/SimpleAdminUser/_template')).status, 404)
  assert.ok('properties' in (await server.call('GET', `${routes}/_schema`)).json)
  const kinds = await server.call('GET', '/apis/entities?schema=false')
  const route = kinds.json.resources.find((r: { kind: string }) => r.kind === 'Route')
  assert.deepEqual(route, {
    kind: 'Route',
    plural_name: 'routes',
    singular_name: 'route',
    group: 'proxy.otoroshi.io',
    version: { name: 'v1', served: true, deprecated: false, storage: true },
  })
  assert.ok('schema' in (await server.call('GET', '/apis/entities')).json.resources[0].version)
})

test('API keys show their bearer, and do not store it', async () => {
  const keys = '/apis/apim.otoroshi.io/v1/apikeys'
  const key = { clientId: 'id', clientSecret: 'secret', clientName: 'n' }
  const { json } = await server.call('POST', keys, key)
  assert.match(json.bearer, /^otoapk_id_[0-9a-f]{64}$/)
  const back = await server.call('PUT', `${keys}/id`, { ...json, clientName: 'other' })
  assert.equal(back.json.bearer, json.bearer)
  assert.equal(server.audience.replica.get('Apikey/id')!.includes('bearer'), false)
  assert.equal((await server.call('DELETE', `${keys}/id`)).status, 200)
})

test('a draft keeps the kind of what it drafts', async () => {
  const drafts = '/apis/proxy.otoroshi.io/v1/drafts'
  const { json } = await server.call('POST', drafts, { id: 'd', name: 'd', kind: 'routes', content: {} })
  assert.equal(json.kind, 'proxy.otoroshi.io/Draft')
  await server.call('PUT', `${drafts}/d`, { ...json, name: 'renamed' })
  const stored = JSON.parse(server.audience.replica.get('Draft/d')!) as Record<string, unknown>
  assert.deepEqual([stored['kind'], stored['name']], ['routes', 'renamed'])
})

test('teams of two organizations, and their removal', async () => {
  const teams = '/apis/organize.otoroshi.io/v1/teams'
  for (const tenant of ['a', 'b'])
    assert.equal((await server.call('POST', teams, { id: 't', tenant, name: tenant })).status, 201)
  assert.equal((await server.call('GET', `${teams}/b:t`)).json.tenant, 'b')
  const put = await server.call('PUT', `${teams}/b:t`, { tenant: 'b', name: 'renamed' })
  assert.deepEqual([put.status, put.json.id, put.json.name], [200, 't', 'renamed'])
  const inB = { 'Otoroshi-Tenant': 'b' }
  assert.equal((await server.call('GET', `${teams}/t`, undefined, inB)).json.tenant, 'b')
  const patched = await server.call('PATCH', `${teams}/t`, { description: 'd' }, inB)
  assert.deepEqual([patched.json.tenant, patched.json.description], ['b', 'd'])
  const made = await server.call('POST', `${teams}/c:u`, { tenant: 'c', name: 'made' })
  assert.deepEqual([made.status, made.json.id], [201, 'u'])
  assert.equal((await server.call('DELETE', `${teams}/b:t`)).json.tenant, 'b')
  assert.equal((await server.call('DELETE', teams)).status, 204)
  assert.equal((await server.call('GET', `${teams}/_count`)).json.count, 0)
})

test('the status of an entity', async () => {
  server.audience.answer = ({ revision, writes }) => [
    {
      revision,
      faults: writes
        .filter(w => w.id === 'bad')
        .map(w => ({ kind: w.kind, id: w.id, reason: 'plugin.unknown', message: 'no plugin x' })),
    },
  ]
  await create('bad')
  await create('good')
  for (const path of ['/api/routes/bad/_status', `${routes}/bad/_status`]) {
    const bad = await server.call('GET', path)
    assert.deepEqual(
      [bad.status, bad.json.healthy, bad.json.faults[0].reason],
      [200, false, 'plugin.unknown'],
    )
  }
  assert.equal((await server.call('GET', '/api/routes/good/_status')).json.healthy, true)
  assert.equal((await server.call('GET', '/api/routes/none/_status')).status, 404)
  const status = await server.call('GET', '/api/status')
  assert.equal(status.json.revision, server.control.revision)
  assert.equal(status.json.faults.length, 1)
  assert.equal(status.json.threads[0].id, 1)
})
