/** API keys by what they are granted on, bearers, and templates, over the admin API of a running gateway. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { startGateway, type TestGateway } from './support/gateway.ts'

let gateway: TestGateway

const key = (clientId: string, more: object = {}) => ({
  clientId,
  clientSecret: `${clientId}-secret`,
  clientName: clientId,
  ...more,
})
const bearer = (id: string, secret: string) => {
  const head = `otoapk_${id}`
  return `${head}_${createHmac('sha256', secret).update(head).digest('hex')}`
}
const admin = (method: string, path: string, body?: unknown, headers = {}) =>
  gateway.admin(method, path, body, headers)
async function made(method: string, path: string, body: unknown) {
  const answer = await admin(method, path, body)
  assert.equal(answer.status, 201, answer.text)
  return answer.json
}
const ids = async (path: string): Promise<string[]> => {
  const answer = await admin('GET', path)
  assert.equal(answer.status, 200, answer.text)
  return answer.json.map(({ clientId }: { clientId: string }) => clientId).sort()
}

before(async () => {
  gateway = await startGateway({ threads: 1 })
  for (const id of ['g1', 'g2']) await made('POST', '/api/groups', { id, name: id, description: id })
  await gateway.route({
    id: 'r1',
    name: 'r1',
    groups: ['g1'],
    frontend: { domains: ['r1.test'] },
    backend: { targets: [{ hostname: '127.0.0.1', port: 1 }] },
  })
  for (const [id, grant] of [
    ['of-route', 'route_r1'],
    ['of-service', 'service_r1'],
    ['of-group', 'group_g1'],
    ['of-other', 'group_g2'],
    ['of-lookalike', 'route_r11'],
  ] as const)
    await made('POST', '/api/apikeys', key(id, { authorizedEntities: [grant] }))
})
after(() => gateway.stop())

describe('API keys by what they are granted on', () => {
  it('are those that may call a route, and those of a group', async () => {
    for (const path of ['/api/routes/r1/apikeys', '/api/services/r1/apikeys'])
      assert.deepEqual(await ids(path), ['of-group', 'of-route', 'of-service'], path)
    assert.deepEqual(await ids('/api/groups/g1/apikeys'), ['of-group'])
    assert.deepEqual(await ids('/api/groups/g2/apikeys'), ['of-other'])
    const paged = await admin('GET', '/api/routes/r1/apikeys?page=2&pageSize=2')
    assert.equal(paged.json.length, 1)
    assert.equal(paged.headers.get('x-count'), '3')
    for (const path of [
      '/api/routes/none/apikeys',
      '/api/groups/none/apikeys',
      '/api/services/none/apikeys',
    ]) {
      const missing = await admin('GET', path)
      assert.deepEqual([missing.status, missing.json.reason], [404, 'admin.not_found'], path)
    }
  })

  it('are created with the grant, and with an id and a secret of their own', async () => {
    const created = await made('POST', '/api/routes/r1/apikeys', {
      clientName: 'new',
      authorizations: [{ kind: 'group', id: 'g2' }],
    })
    assert.match(created.clientId, /^[a-z0-9]{16}$/)
    assert.match(created.clientSecret, /^[a-z0-9]{64}$/)
    assert.deepEqual(created.authorizations, [
      { kind: 'group', id: 'g2' },
      { kind: 'route', id: 'r1' },
    ])
    assert.ok((await ids('/api/routes/r1/apikeys')).includes(created.clientId))
    assert.ok((await ids('/api/groups/g2/apikeys')).includes(created.clientId))
    assert.equal((await admin('POST', '/api/routes/none/apikeys', { clientName: 'x' })).status, 404)
    const bad = await admin('POST', '/api/routes/r1/apikeys', { clientName: '' })
    assert.deepEqual([bad.status, bad.json.reason], [400, 'admin.invalid_entity'])
    const again = await admin('POST', '/api/routes/r1/apikeys', key('of-route'))
    assert.deepEqual([again.status, again.json.reason], [400, 'admin.exists'])
    assert.equal((await admin('DELETE', `/api/routes/r1/apikeys/${created.clientId}`)).status, 200)
    assert.equal((await admin('GET', `/api/apikeys/${created.clientId}`)).status, 404)
  })

  it('are read and changed one by one, when they are granted there', async () => {
    const path = '/api/groups/g1/apikeys/of-group'
    const read = await admin('GET', path)
    assert.deepEqual([read.status, read.json.clientName], [200, 'of-group'])
    const patched = await admin('PATCH', path, [{ op: 'replace', path: '/clientName', value: 'patched' }])
    assert.deepEqual([patched.status, patched.json.clientName], [200, 'patched'])
    const put = await admin('PUT', path, { ...patched.json, description: 'whole' })
    assert.deepEqual([put.status, put.json.description], [200, 'whole'])
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await admin(method, '/api/groups/g1/apikeys/of-other', method === 'GET' ? undefined : {})
      assert.equal(answer.status, 404, method)
    }
    assert.equal((await admin('GET', '/api/apikeys/of-other')).status, 200)
  })

  it('are seen by those who may see the keys', async () => {
    const rights = JSON.stringify([{ tenant: 'elsewhere:rw', teams: ['*:rw'] }])
    await made(
      'POST',
      '/api/apikeys',
      key('limited', {
        authorizedEntities: ['group_admin-api-group'],
        metadata: { 'otoroshi-access-rights': rights },
      }),
    )
    const headers = { Authorization: `Basic ${Buffer.from('limited:limited-secret').toString('base64')}` }
    for (const path of [
      '/api/routes/r1/apikeys',
      '/api/routes/r1/apikeys/of-route',
      '/api/apikeys/of-route/bearer',
    ])
      assert.equal((await admin('GET', path, undefined, headers)).status, 404, path)
    assert.equal((await admin('POST', '/api/routes/r1/apikeys', { clientName: 'x' }, headers)).status, 404)
  })
})

describe('the bearers of a key', () => {
  it('are those of its secrets, and of one that is only thought of', async () => {
    const { status, json } = await admin('GET', '/api/apikeys/of-route/bearer')
    assert.equal(status, 200)
    assert.deepEqual(json, { bearer: bearer('of-route', 'of-route-secret') })
    const rotation = { enabled: true, nextSecret: 'next' }
    await made('POST', '/api/apikeys', key('turning', { rotation }))
    assert.deepEqual((await admin('GET', '/api/apikeys/turning/bearer?newSecret=maybe')).json, {
      bearer: bearer('turning', 'turning-secret'),
      bearer_next: bearer('turning', 'next'),
      bearer_new: bearer('turning', 'maybe'),
    })
    assert.equal((await admin('GET', '/api/apikeys/none/bearer')).status, 404)
  })
})

describe('templates', () => {
  it('of administrators hold the rights the caller may give, and no password that everybody knows', async () => {
    const simple = await admin('GET', '/api/admins/simple/_template')
    assert.equal(simple.status, 200)
    assert.equal(simple.json.password, '')
    assert.deepEqual(simple.json.rights, [{ tenant: '*:rw', teams: ['*:rw'] }])
    const hashed = await admin('GET', '/api/admins/webauthn/_template?rawPassword=correct-horse')
    assert.match(hashed.json.password, /^\$2[aby]\$/)
    assert.deepEqual(hashed.json.credentials, {})
    assert.equal(
      (await admin('GET', `/api/admins/simple/_template?rawPassword=${'x'.repeat(73)}`)).status,
      400,
    )
  })

  it('complete what is sent, in JSON and in YAML, and store nothing', async () => {
    const one = await admin('POST', '/api/new/resources', {
      content: { kind: 'proxy.otoroshi.io/Route', name: 'mine' },
    })
    assert.equal(one.status, 200, one.text)
    assert.equal(one.json.created.kind, 'proxy.otoroshi.io/Route')
    assert.equal(one.json.created.resource.name, 'mine')
    assert.ok(Array.isArray(one.json.created.resource.plugins))
    const spec = { name: 'theirs', backend_ref: null, backend: { client: null } }
    const armoured = await admin('POST', '/api/new/resources', { content: { kind: 'Route', spec } })
    const { name, backend_ref: reference, backend } = armoured.json.created.resource
    assert.deepEqual([name, reference, backend.client, backend.root], ['theirs', null, null, '/'])
    const content = ['kind: ServiceGroup', 'id: mine', '---', 'kind: ApiKey', 'clientName: of mine'].join(
      '\n',
    )
    const many = await admin('POST', '/api/new/resources', { content })
    assert.equal(many.json.created.length, 2)
    assert.equal(many.json.created[0].resource.id, 'mine')
    assert.equal(many.json.created[1].kind, 'ApiKey')
    assert.equal(many.json.created[1].resource.clientName, 'of mine')
    assert.match(many.json.created[1].resource.clientSecret, /^[a-z0-9]{64}$/)
    const ldap = await admin('POST', '/api/new/resources', { content: 'kind: AuthModule\ntype: ldap' })
    assert.equal(ldap.json.created.resource.type, 'ldap')
    assert.ok('serverUrls' in ldap.json.created.resource || 'serverUrl' in ldap.json.created.resource)
    assert.equal((await admin('GET', '/api/groups/mine')).status, 404)
    const unknown = await admin('POST', '/api/new/resources', {
      content: [{ kind: 'Route' }, { kind: 'Nothing' }],
    })
    assert.equal(unknown.status, 400)
    assert.match(unknown.text, /content\.1\.kind/)
    assert.equal((await admin('POST', '/api/new/resources', {})).status, 400)
    assert.equal((await admin('POST', '/api/new/resources', { content: 'a: [1' })).status, 400)
  })
})
