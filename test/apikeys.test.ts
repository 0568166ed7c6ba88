import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type Got } from './support/http.ts'

const KEYS = '/apis/apim.otoroshi.io/v1/apikeys'
const plugin = (config: object = {}) => ({ plugin: 'cp:otoroshi.next.plugins.ApikeyCalls', config })

let gateway: TestGateway
let backend: Backend

const key = {
  clientId: 'reader',
  clientSecret: 'reader-secret',
  clientName: 'Reader',
  authorizedEntities: ['route_keyed'],
}

async function put(more: object): Promise<void> {
  const answer = await gateway.admin('PUT', `${KEYS}/reader`, { ...key, ...more })
  assert.equal(answer.status, 200, answer.text)
}

before(async () => {
  gateway = await startGateway({ threads: 2 })
  backend = await startBackend()
  const route = (id: string, plugins: object[]) => ({
    id,
    name: id,
    frontend: { domains: [`${id}.test`] },
    backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
    plugins,
  })
  await gateway.route(route('keyed', [plugin()]))
  await gateway.route(route('other', [plugin()]))
  assert.equal((await gateway.admin('POST', KEYS, key)).status, 201)
})
after(async () => {
  await gateway.stop()
  await backend.close()
})

const basic = (id: string, secret: string) => ({
  Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})
const keyed = (headers: Record<string, string>, path = '/'): Promise<Got> =>
  call(gateway.port, `http://keyed.test${path}`, { headers })
const reason = ({ status, headers }: Got): string => `${status} ${headers['otoroshi-error-reason']}`
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a route with keys', () => {
  it('lets the key in and keeps its secret from the backend', async () => {
    const secret = { 'Otoroshi-Client-Id': 'reader', 'Otoroshi-Client-Secret': 'reader-secret' }
    const query = `/a?b=1&basic_auth=${encodeURIComponent(Buffer.from('reader:reader-secret').toString('base64'))}`
    for (const got of [
      await keyed(basic('reader', 'reader-secret'), '/a?b=1'),
      await keyed(secret, '/a?b=1'),
      await keyed({}, query),
    ]) {
      assert.equal(got.status, 200, got.body)
      assert.equal(got.json.url, '/a?b=1')
      assert.doesNotMatch(got.body, /reader|cmVhZGVy/)
    }
  })

  it('lets in the bearer that the admin API shows', async () => {
    const { json } = await gateway.admin('GET', `${KEYS}/reader`)
    const got = await keyed({ Authorization: `Bearer ${json.bearer}` })
    assert.equal(got.status, 200, got.body)
    assert.equal(got.json.headers.authorization, undefined)
  })

  it('lets nobody else in', async () => {
    assert.equal(reason(await keyed({})), '400 apikey.missing')
    assert.equal(reason(await keyed(basic('nobody', 'x'))), '400 apikey.unknown')
    assert.equal(reason(await keyed(basic('reader', 'x'))), '401 apikey.bad')
    assert.equal(
      reason(await keyed(basic('admin-api-apikey-id', 'admin-api-apikey-secret'))),
      '400 apikey.unknown',
    )
    const got = await call(gateway.port, 'http://other.test/', { headers: basic('reader', 'reader-secret') })
    assert.equal(reason(got), '400 apikey.unknown')
    assert.deepEqual(got.json, { 'Otoroshi-Error': 'invalid apikey tuple' })
  })

  it('knows a changed key at once, on every thread', async () => {
    const headers = basic('reader', 'reader-secret')
    const outcomes = async (): Promise<string[]> => {
      const all = await Promise.all(Array.from({ length: 20 }, () => keyed(headers).then(reason)))
      return [...new Set(all)]
    }
    await put({ enabled: false })
    assert.deepEqual(await outcomes(), ['401 apikey.bad'])
    await put({ clientSecret: 'other' })
    assert.deepEqual(await outcomes(), ['401 apikey.bad'])
    await put({ rotation: { enabled: true, nextSecret: 'reader-secret' }, clientSecret: 'other' })
    assert.deepEqual(await outcomes(), ['200 undefined'])
    await put({ authorizedEntities: [] })
    assert.deepEqual(await outcomes(), ['400 apikey.unknown'])
    assert.equal((await gateway.admin('DELETE', `${KEYS}/reader`)).status, 200)
    assert.deepEqual(await outcomes(), ['400 apikey.unknown'])
    assert.equal((await gateway.admin('POST', KEYS, key)).status, 201)
    assert.deepEqual(await outcomes(), ['200 undefined'])
  })

  it('lets in tokens signed with a stored key pair, until it is revoked', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const certificate = {
      id: 'signer',
      domain: 'signer',
      name: 'signer',
      description: 'signs tokens',
      chain: publicKey.export({ type: 'spki', format: 'pem' }),
      keypair: true,
    }
    const path = '/apis/pki.otoroshi.io/v1/certificates'
    const created = await gateway.admin('POST', path, certificate)
    assert.equal(created.status, 201, created.text)
    const text = `${part({ alg: 'RS256', kid: 'signer' })}.${part({ iss: 'reader' })}`
    const signature = sign('sha256', Buffer.from(text), privateKey).toString('base64url')
    const headers = { Authorization: `Bearer ${text}.${signature}` }
    assert.equal((await keyed(headers)).status, 200)
    const confused = createHmac('sha256', certificate.chain).update(text).digest('base64url')
    assert.equal(reason(await keyed({ Authorization: `Bearer ${text}.${confused}` })), '401 apikey.bad')
    assert.equal(
      (await gateway.admin('PUT', `${path}/signer`, { ...certificate, revoked: true })).status,
      200,
    )
    assert.equal(reason(await keyed(headers)), '401 apikey.bad')
  })
})

describe('routes that share a frontend', () => {
  it('are chosen by the key', async () => {
    const shared = (id: string, routing: object) => ({
      id,
      name: id,
      frontend: { domains: ['shared.test'] },
      backend: { root: `/${id}/`, targets: [{ hostname: '127.0.0.1', port: backend.port }] },
      plugins: [plugin({ routing: { enabled: true, ...routing } })],
    })
    await gateway.route(shared('gold', { one_tag_in: ['gold'] }))
    await gateway.route(shared('iron', { none_tag_in: ['gold'], all_meta_in: { plan: 'iron' } }))
    for (const [clientId, more] of [
      ['g', { tags: ['gold'] }],
      ['i', { metadata: { plan: 'iron' } }],
      ['n', {}],
    ] as const)
      await gateway.admin('POST', KEYS, {
        clientId,
        clientSecret: 's',
        clientName: clientId,
        authorizedEntities: ['route_gold', 'route_iron'],
        ...more,
      })
    const got = (id: string, secret = 's'): Promise<Got> =>
      call(gateway.port, 'http://shared.test/x', { headers: basic(id, secret) })
    assert.equal((await got('g')).json.url, '/gold/x')
    assert.equal((await got('i')).json.url, '/iron/x')
    assert.equal(reason(await got('n')), '404 route.not_found')
    assert.equal(reason(await got('g', 'wrong')), '404 route.not_found')
    assert.equal(reason(await call(gateway.port, 'http://shared.test/x')), '400 apikey.missing')
  })
})

describe('the admin API', () => {
  it('wants its key', async () => {
    const admin = (headers: Record<string, string>): Promise<Got> =>
      call(gateway.port, 'http://otoroshi-api.oto.tools/apis/apim.otoroshi.io/v1/apikeys', { headers })
    assert.equal(reason(await admin({})), '400 apikey.missing')
    assert.equal(reason(await admin(basic('reader', 'reader-secret'))), '400 apikey.unknown')
    assert.equal(reason(await admin(basic('admin-api-apikey-id', 'wrong'))), '401 apikey.bad')
    assert.equal((await admin(basic('admin-api-apikey-id', 'admin-api-apikey-secret'))).status, 200)
  })
})
