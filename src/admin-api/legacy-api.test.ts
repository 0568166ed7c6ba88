import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { aRoute } from '../control/testing/entities.ts'
import { TestServer } from './testing/server.ts'

let server: TestServer

before(async () => {
  server = await TestServer.start()
})
after(() => server.stop())
beforeEach(() => server.call('DELETE', '/apis/any/v1/routes'))

test('create, read, replace, patch and delete', async () => {
  const created = await server.call('POST', '/api/routes', aRoute('r'))
  assert.equal(created.status, 201)
  assert.equal('kind' in created.json, false)
  assert.deepEqual(created.json.metadata, {}, 'no times')
  assert.equal(created.text.includes('\n'), false, 'compact')
  assert.deepEqual((await server.call('GET', '/api/routes/r')).json, created.json)
  assert.deepEqual((await server.call('GET', '/api/routes/r?fields=id,name')).json, {
    id: 'r',
    name: 'route r',
  })
  const put = await server.call('PUT', '/api/routes/r', aRoute('r', { name: 'put' }))
  assert.deepEqual([put.status, put.json.name], [200, 'put'])
  const patched = await server.call('PATCH', '/api/routes/r', [
    { op: 'replace', path: '/name', value: 'patched' },
  ])
  assert.deepEqual([patched.status, patched.json.name], [200, 'patched'])
  assert.deepEqual((await server.call('DELETE', '/api/routes/r')).json, { deleted: true })
})

test('every kind with a legacy path answers its list', async () => {
  for (const path of [
    'apikeys',
    'groups',
    'certificates',
    'error-templates',
    'tenants',
    'teams',
    'data-exporter-configs',
    'routes',
    'route-compositions',
    'backends',
    'services',
    'verifiers',
    'client-validators',
    'auths',
    'scripts',
    'tcp/services',
    'admin-sessions',
    'apps-sessions',
    'admins/simple',
    'admins/webauthn',
  ]) {
    const { status, json } = await server.call('GET', `/api/${path}`)
    assert.deepEqual([status, Array.isArray(json)], [200, true], path)
  }
})

test('errors in the words of the legacy API, with path and rule', async () => {
  const bad = await server.call('POST', '/api/routes', { id: 'r' })
  assert.deepEqual(
    [bad.status, bad.json.error, bad.json.error_description],
    [400, 'bad_format', 'Bad entity format'],
  )
  assert.ok(bad.json.faults.some((f: { path: string }) => f.path === 'name'))
  await server.call('POST', '/api/routes', aRoute('r'))
  const exists = await server.call('POST', '/api/routes', aRoute('r'))
  assert.deepEqual([exists.status, exists.json.error_description], [400, 'Entity already exists'])
  const put = await server.call('PUT', '/api/routes/r', { id: 'r' })
  assert.deepEqual([put.status, put.json.error, put.json.entity], [400, 'bad_entity', { id: 'r' }])
  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
    const body = method === 'PUT' ? aRoute('none') : method === 'PATCH' ? [] : undefined
    const { status, json } = await server.call(method, '/api/routes/none', body)
    assert.deepEqual(
      [status, json.error, json.error_description.toLowerCase()],
      [404, 'not_found', 'entity not found'],
    )
  }
  assert.equal((await server.call('DELETE', '/api/routes')).status, 405)
  assert.equal((await server.call('POST', '/api/routes/r', {})).status, 405)
})

test('lists: counts before filtering, pages, NDJSON', async () => {
  for (const id of ['a', 'b', 'c']) await server.call('POST', '/api/routes', aRoute(id))
  const list = await server.call('GET', '/api/routes?page=2&pageSize=2&filtered=name:route')
  assert.deepEqual(
    list.json.map((r: { id: string }) => r.id),
    ['c'],
  )
  assert.deepEqual(
    ['x-count', 'x-offset', 'x-page', 'x-page-size'].map(h => list.headers.get(h)),
    ['3', '2', '2', '2'],
  )
  const ndjson = await server.call('GET', '/api/routes', undefined, { Accept: 'application/x-ndjson' })
  assert.equal(ndjson.text.trim().split('\n').length, 3)
  assert.deepEqual((await server.call('GET', '/api/certificates?keypair=true')).json, [])
})

test('templates, from the query and from a body', async () => {
  const { json } = await server.call('GET', '/api/routes/_template?name=from%20query')
  assert.equal(json.name, 'from query')
  const merged = await server.call('POST', '/api/routes/_template', { frontend: { domains: ['x'] } })
  assert.deepEqual([merged.status, merged.json.frontend.domains, merged.json.name], [201, ['x'], 'New route'])
  const key = await server.call('GET', '/api/apikeys/_template?group=g')
  assert.deepEqual(key.json.authorizations, [{ kind: 'group', id: 'g' }])
  assert.equal(typeof (await server.call('GET', '/api/new/apikey')).json.clientSecret, 'string')
})

test('the global configuration, and the templates in it', async () => {
  assert.equal((await server.call('GET', '/api/globalconfig')).json.trustXForwarded, true)
  assert.deepEqual((await server.call('GET', '/api/globalconfig?fields=maxConcurrentRequests')).json, {
    maxConcurrentRequests: 1000,
  })
  const patched = await server.call('PATCH', '/api/globalconfig', {
    templates: { route: { description: 'ours' } },
  })
  assert.equal(patched.status, 200)
  assert.equal((await server.call('GET', '/api/routes/_template')).json.description, 'ours')
  const put = await server.call('PUT', '/api/globalconfig', { lines: ['prod', 'dev'] })
  assert.equal(put.status, 200)
  assert.deepEqual((await server.call('GET', '/api/lines')).json, ['prod', 'dev'])
  assert.equal((await server.call('PUT', '/api/globalconfig', { lines: 5 })).status, 400)
  assert.equal((await server.call('DELETE', '/api/globalconfig')).status, 405)
  const dry = await server.call('PATCH', '/api/globalconfig?dry_run=true', { maintenanceMode: true })
  assert.deepEqual(dry.json.diff, [{ op: 'replace', path: '/maintenanceMode', value: true }])
  assert.equal((await server.call('GET', '/api/globalconfig/_template')).json.lines[0], 'prod')
})

test('a read-only API takes no writes', async () => {
  await server.call('PATCH', '/api/globalconfig', { apiReadOnly: true })
  const refused = await server.call('POST', '/api/routes', aRoute('r'))
  assert.deepEqual([refused.status, refused.json.error], [401, "You're not authorized - POST /api/routes"])
  assert.equal((await server.call('GET', '/api/routes')).status, 200)
  assert.equal((await server.call('POST', '/api/explain', { url: '/' })).status, 200)
  const settings = server.control.list({ kind: 'GlobalConfig' } as never).at(0)!
  await server.control.change({
    definition: settings.definition,
    id: settings.id,
    transition: current => ({ action: 'write', entity: { ...current?.view(), apiReadOnly: false } }),
  })
  assert.equal((await server.call('POST', '/api/routes', aRoute('r'))).status, 201)
})

test('administrators: made, changed, removed', async () => {
  const made = await server.call('POST', '/api/admins/simple', {
    username: 'a@b.c',
    password: 'clear',
    label: 'A',
  })
  assert.deepEqual([made.status, made.json], [200, { username: 'a@b.c' }])
  const again = await server.call('POST', '/api/admins/simple', {
    username: 'a@b.c',
    password: 'x',
    label: 'A',
  })
  assert.deepEqual([again.status, again.json.error], [400, 'user already exists'])
  assert.equal((await server.call('POST', '/api/admins/simple', { username: 'x' })).status, 400)
  assert.equal((await server.call('GET', '/api/admins/simple')).json.length, 1)
  const user = (await server.call('GET', '/api/admins/simple/a@b.c')).json
  assert.equal(
    (await server.call('PUT', '/api/admins/simple/a@b.c', { ...user, label: 'B' })).json.label,
    'B',
  )
  assert.deepEqual((await server.call('DELETE', '/api/admins/simple/a@b.c')).json, { done: true })
  assert.equal((await server.call('GET', '/api/admins/simple/a@b.c')).status, 404)
})
