/** Izanami, SOAP services and the developer portal behind routes, driven through a running gateway. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type CallOptions, type Got } from './support/http.ts'
import { closes, pluginRoute } from './support/plugin-routes.ts'

let gateway: TestGateway
let backend: Backend
let izanami: Backend
let soap: Backend

const rules = { routes: [{ route: '/shop', variants: { b: '/v2' }, default: '/v1' }] }

before(async () => {
  gateway = await startGateway({ threads: 1 })
  backend = await startBackend()
  izanami = await startBackend((seen, response) => {
    response.setHeader('Content-Type', 'application/json')
    if (seen.url.includes('/displayed')) response.end('{"variant":{"id":"b"}}')
    else if (seen.url.startsWith('/api/configs/'))
      response.end(JSON.stringify({ value: JSON.stringify(rules) }))
    else
      response.end(
        JSON.stringify({
          url: seen.url,
          method: seen.method,
          id: seen.headers['izanami-client-id'],
          body: seen.body,
        }),
      )
  })
  soap = await startBackend((seen, response) => {
    response.setHeader('Content-Type', 'text/xml')
    const fault = '<s:Envelope xmlns:s="x"><s:Fault><code>s:Client</code></s:Fault></s:Envelope>'
    const got = /<n>(\d+)<\/n>/.exec(seen.body)?.[1]
    const sum = `<s:Envelope xmlns:s="x"><twice>${Number(got) * 2}</twice><action>${seen.headers['soapaction']}</action></s:Envelope>`
    response.end(got === undefined ? fault : sum)
  })
  const url = `http://127.0.0.1:${izanami.port}`
  const action = {
    envelope: '<Envelope>${input_body}</Envelope>',
    action: 'urn:twice',
    jq_response_filter: '.["s:Envelope"]',
  }
  const routes: [string, string, object][] = [
    ['v2', 'IzanamiV2Proxy', { url, clientId: 'id', clientSecret: 's', timeout: 5000, context: 'prod' }],
    [
      'v2-gone',
      'IzanamiV2Proxy',
      { url: 'http://127.0.0.1:1', clientId: 'id', clientSecret: 's', timeout: 5000 },
    ],
    ['v1', 'NgIzanamiV1Proxy', { izanami_url: url, client_id: 'id', timeout: 5000 }],
    ['canary', 'NgIzanamiV1Canary', { izanamiUrl: url }],
    ['canary-gone', 'NgIzanamiV1Canary', { izanamiUrl: 'http://127.0.0.1:1' }],
    ['portal', 'DaikokuProxyPlugin', {}],
  ]
  for (const [id, name, config] of routes) await gateway.route(pluginRoute(id, backend, [[name, config]]))
  await gateway.route(pluginRoute('soap', soap, [['SOAPAction', action]]))
  await gateway.route(
    pluginRoute('soap-url', backend, [
      ['SOAPAction', { ...action, url: `http://127.0.0.1:${soap.port}/svc` }],
    ]),
  )
})
after(async () => {
  await gateway.stop()
  for (const server of [backend, izanami, soap]) await server.close()
})

const ask = (id: string, path = '/', options: CallOptions = {}): Promise<Got> =>
  call(gateway.port, `http://${id}.test${path}`, options)
const post = (body: unknown): CallOptions => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'Content-Type': 'application/json' },
})

describe('Izanami', () => {
  it('of version 2 is asked within the context of the route', async () => {
    const got = await ask('v2', '/features/f?user=me')
    assert.deepEqual([got.json.url, got.json.id], ['/api/v2/features/f?user=me&context=prod', 'id'])
    assert.equal((await ask('v2', '/x', post({ a: 1 }))).json.body, '{"a":1}')
    assert.equal((await ask('v2', '/x', { method: 'DELETE' })).status, 400)
    const gone = await ask('v2-gone')
    assert.deepEqual([gone.status, gone.headers['otoroshi-error-reason']], [502, 'service.unreachable'])
  })

  it('of version 1 answers beside the backend', async () => {
    assert.equal((await ask('v1', '/api/izanami/features')).json.url, '/api/tree/features?pattern=*')
    assert.equal((await ask('v1', '/api/izanami/features', post({ user: 'u' }))).json.body, '{"user":"u"}')
    assert.equal((await ask('v1', '/other')).json.url, '/other')
  })

  it('chooses variants, which clients keep', async () => {
    const got = await ask('canary', '/shop/1?a=1')
    assert.equal(got.json.url, '/v2/1?a=1')
    const [cookie] = got.headers['set-cookie']!
    const again = await ask('canary', '/shop', { headers: { Cookie: cookie!.split(';', 1)[0] } })
    assert.equal(again.headers['set-cookie']![0]!.split(';', 1)[0], cookie!.split(';', 1)[0])
    assert.equal((await ask('canary-gone', '/shop/1')).json.url, '/shop/1')
  })
})

it('a SOAP service takes and gives JSON', async () => {
  for (const id of ['soap', 'soap-url']) {
    const got = await ask(id, '/x', post({ n: 21 }))
    assert.deepEqual([got.status, got.json], [200, { twice: 42, action: 'urn:twice' }], id)
    assert.equal(soap.seen.at(-1)?.url, id === 'soap' ? '/' : '/svc')
  }
  assert.equal((await ask('soap', '/x', post({ m: 1 }))).status, 400)
  const broken = await ask('soap', '/x', { method: 'POST', body: '</a>' })
  assert.equal(broken.headers['otoroshi-error-reason'], 'transform.bad_request_body')
})

it('a developer portal learns who calls', async () => {
  const { headers } = (await ask('portal')).json
  assert.match(headers['otoroshi-claim'], /^eyJ/)
  assert.equal(headers['x-forwarded-host'], 'portal.test')
})

it('settings that are none close the route and name the place', async () => {
  await closes(gateway, backend, 'IzanamiV2Proxy', { url: 'ftp://x' }, /url/)
  await closes(gateway, backend, 'NgIzanamiV1Proxy', { timeout: 0 }, /timeout/)
  await closes(gateway, backend, 'NgIzanamiV1Canary', { route_config: { value: 1 } }, /route_config/)
  await closes(gateway, backend, 'SOAPAction', { jq_response_filter: '{' }, /jq_response_filter/)
  await closes(gateway, backend, 'DaikokuProxyPlugin', { exclude: 'x' }, /exclude/)
})
