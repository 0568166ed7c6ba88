/** Legacy endpoints of single kinds: auth modules, sessions, administrators with passkeys, services. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { definitionOf } from '../model/registry.ts'
import { notBuiltFeature } from './not-built.ts'
import { TestServer } from './testing/server.ts'

type Json = Record<string, unknown>

let server: TestServer

before(async () => {
  server = await TestServer.start()
})
after(() => server.stop())

async function login(kind: string, id: string, more: Json = {}): Promise<void> {
  const definition = definitionOf(kind)!
  await server.control.change({
    definition,
    id,
    transition: () => ({ action: 'write', entity: { ...(definition.template(id) as Json), ...more } }),
  })
}

test('auth modules: types, templates by type, lists by type', async () => {
  const types = (await server.call('GET', '/api/auths/templates')).json.templates as Json[]
  assert.deepEqual(types.map(({ type }) => type).sort(), [
    'basic',
    'ldap',
    'oauth1',
    'oauth2',
    'saml',
    'wasm',
    'workflow',
  ])
  for (const { type } of types) {
    const template = await server.call('GET', `/api/auths/_template?mod-type=${type}`)
    assert.equal(template.json.type, type)
    const made = await server.call('POST', '/api/auths', { ...template.json, id: `m-${type}` })
    assert.equal(made.status, 201, made.text)
  }
  assert.equal((await server.call('GET', '/apis/any/any/auth-modules/_template?type=saml')).json.type, 'saml')
  const some = await server.call('GET', '/api/auths?types=ldap&types=saml')
  assert.deepEqual(
    some.json.map((one: Json) => one['id']),
    ['m-ldap', 'm-saml'],
  )
  const wrong = await server.call('POST', '/api/auths', { type: 'ldap', id: 'x', name: 'x' })
  assert.deepEqual([wrong.status, wrong.json.error], [400, 'bad_format'])
  assert.ok(wrong.json.faults.some((fault: Json) => fault['path'] === 'searchBase'))
})

test('sessions: listed, ended one by one, by auth module and all together', async () => {
  for (const [path, kind, missing] of [
    ['/api/admin-sessions', 'AdminSession', 'Session not found !'],
    ['/api/apps-sessions', 'AuthModuleUser', 'Session not found'],
  ] as const) {
    for (const id of ['a', 'b', 'c']) await login(kind, id, { email: `${id}@b.c` })
    const list = await server.call('GET', `${path}?filtered=email:b@b`)
    assert.deepEqual(
      list.json.map((one: Json) => one['randomId']),
      ['b'],
    )
    assert.deepEqual((await server.call('DELETE', `${path}/b`)).json, { done: true })
    const gone = await server.call('DELETE', `${path}/b`)
    assert.deepEqual([gone.status, gone.json.error], [404, missing])
    assert.equal((await server.call('POST', path, {})).status, 405)
    assert.equal((await server.call('PUT', `${path}/a`, {})).status, 405)
    assert.deepEqual((await server.call('DELETE', path)).json, { done: true })
    assert.deepEqual((await server.call('GET', path)).json, [])
  }
  await login('AuthModuleUser', 'through', { authConfigId: 'm-basic' })
  await login('AuthModuleUser', 'other', { authConfigId: 'm-ldap' })
  assert.deepEqual((await server.call('DELETE', '/api/apps-sessions-module/m-basic')).json, { done: true })
  const left = (await server.call('GET', '/api/apps-sessions')).json as Json[]
  assert.deepEqual(
    left.map(one => one['randomId']),
    ['other'],
  )
  const unknown = await server.call('DELETE', '/api/apps-sessions-module/none')
  assert.deepEqual([unknown.status, unknown.json.error], [404, 'auth module not found'])
})

test('administrators with passkeys: credentials by id, removed with their passkey', async () => {
  const path = '/api/admins/webauthn'
  const admin = { username: 'a@b.c', password: 'clear', label: 'A', handle: 'h' }
  const credential = { keyId: { id: 'key-1' }, publicKeyCose: 'x' }
  assert.deepEqual((await server.call('POST', path, { ...admin, credential })).json, { username: 'a@b.c' })
  const { json } = await server.call('GET', `${path}/a@b.c`)
  assert.deepEqual([json.type, json.handle, json.credentials], ['WEBAUTHN', 'h', { 'key-1': credential }])
  assert.equal('credential' in json, false)
  const again = await server.call('POST', path, admin)
  assert.deepEqual([again.status, again.json.error], [400, 'user already exists'])
  for (const bad of [{ handle: '' }, { credential: {} }, { credential: { keyId: { id: '__proto__' } } }])
    assert.equal((await server.call('POST', path, { ...admin, username: 'x', ...bad })).status, 400)
  assert.equal((await server.call('GET', path)).json.length, 1)
  assert.equal((await server.call('GET', '/api/admins/simple')).json.length, 0)
  assert.deepEqual((await server.call('DELETE', `${path}/a@b.c/key-1`)).json, { done: true })
  assert.equal((await server.call('GET', `${path}/a@b.c`)).status, 404)
})

test('services: targets as texts keep what is known of them', async () => {
  const template = (await server.call('GET', '/api/new/service')).json as Json
  const targets = [{ host: 'a:443', scheme: 'https', weight: 7 }]
  const made = await server.call('POST', '/api/services', { ...template, id: 's', groups: ['g'], targets })
  assert.equal(made.status, 201, made.text)
  const path = '/api/services/s/targets'
  assert.deepEqual((await server.call('GET', path)).json, ['https://a:443'])
  const added = await server.call('POST', path, { target: 'http://b:80' })
  assert.deepEqual(added.json, ['https://a:443', 'http://b:80'])
  const patched = await server.call('PATCH', path, [{ op: 'replace', path: '/1', value: 'http://c:80' }])
  assert.deepEqual(patched.json, ['https://a:443', 'http://c:80'])
  const removed = await server.call('DELETE', path, { target: 'http://c:80' })
  assert.deepEqual(removed.json, ['https://a:443'])
  assert.equal((await server.call('GET', '/api/services/s')).json.targets[0].weight, 7)
  for (const target of [5, 'a:80', 'ftp://a', 'http:///x'])
    assert.equal((await server.call('POST', path, { target })).status, 400, String(target))
  assert.equal((await server.call('PATCH', path, [{ op: 'add', path: '/-', value: 5 }])).status, 400)
  assert.equal((await server.call('GET', '/api/services/none/targets')).status, 404)
})

test('services: their error templates, and lists by line and group', async () => {
  const path = '/api/services/s/template'
  assert.equal((await server.call('GET', path)).status, 404)
  const made = await server.call('POST', path, { name: 'T', template40x: '<b>' })
  assert.deepEqual([made.status, made.json.serviceId], [201, 's'])
  assert.equal((await server.call('PUT', path, { name: 'U' })).json.name, 'U')
  assert.equal((await server.call('GET', '/api/error-templates/s')).json.name, 'U')
  assert.deepEqual((await server.call('DELETE', path)).json, { done: true })
  const idsOf = async (at: string) => (await server.call('GET', at)).json.map((one: Json) => one['id'])
  assert.deepEqual(await idsOf('/api/lines/prod/services'), ['s'])
  assert.deepEqual(await idsOf('/api/lines/dev/services'), [])
  await server.call('POST', '/api/groups', { id: 'g', name: 'G' })
  assert.deepEqual(await idsOf('/api/groups/g/services'), ['s'])
  assert.equal((await server.call('GET', '/api/groups/none/services')).status, 404)
  assert.equal((await server.call('POST', '/api/groups/g/services', {})).status, 405)
})

test('templates under older names', async () => {
  for (const path of ['/api/tcp/_template', '/api/new/tcp/service'])
    assert.equal((await server.call('GET', path)).json.port, 4200)
})

test('what is behind a kind and not there yet stays 501', async () => {
  for (const [method, path] of [
    ['POST', '/api/auths/m-basic/register/start'],
    ['GET', '/api/services/s/route'],
    ['GET', '/api/services/s/canary'],
    ['GET', '/api/scripts/_list'],
    ['POST', '/apis/apis.otoroshi.io/v1/apis/_openapi'],
    ['POST', '/apis/apis.otoroshi.io/v1/apis/x/deployments'],
  ] as const) {
    const { status, json } = await server.call(method, path, method === 'POST' ? {} : undefined)
    assert.deepEqual([status, json.reason], [501, 'admin.not_built'], path)
    assert.notEqual(notBuiltFeature(path.split('/').slice(1)), null)
  }
})
