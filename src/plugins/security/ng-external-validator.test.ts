import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { apikeyAttribute, CallFailed, type OutgoingCall } from '../../plugin/index.ts'
import {
  apikey,
  outgoingCalls,
  pluginServices,
  type PluginRunInput,
  routeView,
  runPlugin,
  setUp,
} from '../../plugin/testing.ts'
import plugin from './ng-external-validator.ts'

const config = { url: 'https://validator.test/check' }
const pass = () => ({ body: '{"pass":true}' })

async function asked(
  more: object,
  answer: (call: OutgoingCall) => object = pass,
  input: PluginRunInput = {},
) {
  const calls = outgoingCalls(answer)
  const run = await runPlugin(plugin, { config: { ...config, ...more }, services: { calls }, ...input })
  return { run, call: calls.asked[0] }
}

describe('a validator that is asked', () => {
  it('is told what is known of the request, and no secrets of the gateway', async () => {
    const key = apikey({ clientId: 'id', clientSecret: 'the-secret', tags: ['t'] })
    const { run, call } = await asked({ headers: { 'X-Of': '${route.id}' } }, pass, {
      request: {
        method: 'PUT',
        url: '/a?b=1',
        headers: [
          ['X', '1'],
          ['x', '2'],
        ],
      },
      route: { json: { id: 'route_test', plugins: [{ config: { password: 'the-secret' } }] } },
      before: exchange => exchange.attributes.set(apikeyAttribute, key),
    })
    assert.equal(run.status, 200)
    assert.equal(call!.method, 'POST')
    assert.ok(call!.headers!.some(([name, value]) => name === 'X-Of' && value === 'route_test'))
    const told = JSON.parse(String(call!.body))
    assert.equal(told.request.uri, '/a?b=1')
    assert.equal(told.request.headers.x, '1, 2')
    assert.equal(told.apikey.clientId, 'id')
    assert.doesNotMatch(String(call!.body), /the-secret/)
  })

  it('lets pass by 200 and `pass: true` alone', async () => {
    for (const body of [
      '{"pass":false}',
      '{}',
      '{"pass":"true"}',
      '{"pass":1}',
      '[true]',
      'true',
      'null',
      '{',
      '',
    ]) {
      const { run } = await asked({}, () => ({ body }))
      assert.equal(run.status, 403, body)
      assert.equal(run.backend, null)
      assert.equal(run.refusal?.reason, 'validator.refused')
      assert.equal(run.refusal?.cause, 'errors.failed.external.validation.pass')
    }
  })

  it('lets nothing pass when it answers otherwise, or not at all', async () => {
    for (const status of [201, 204, 302, 401, 500]) {
      const { run } = await asked({}, () => ({ status, body: '{"pass":true}' }))
      assert.equal(run.status, 403)
      assert.equal(run.refusal?.cause, 'errors.failed.external.validation.status')
    }
    const { run } = await asked({}, () => {
      throw new CallFailed('timeout', 'too slow')
    })
    assert.equal(run.refusal?.reason, 'validator.failed')
    assert.equal(run.refusal?.cause, 'errors.failed.external.validation.error')
    assert.deepEqual(JSON.parse(run.text), { 'Otoroshi-Error': 'forbidden' })
  })

  it('refuses with the status and message of the settings', async () => {
    const { run } = await asked({ error_status: 418, error_message: 'no tea' }, () => ({ body: '{}' }))
    assert.equal(run.status, 418)
    assert.deepEqual(JSON.parse(run.text), { 'Otoroshi-Error': 'no tea' })
  })

  it('is named by administrators; what clients put into its address is encoded', async () => {
    const request = { headers: { 'X-U': '../a?b#c/@evil.test' } }
    const { call } = await asked({ url: 'https://v.test/u/${req.headers.x-u}/x?d=${req.domain}' }, pass, {
      request,
    })
    assert.equal(call!.url, 'https://v.test/u/..%2Fa%3Fb%23c%2F%40evil.test/x?d=gateway.test')
    for (const url of [
      'https://${req.headers.x}/',
      'https://v.test${req.path}',
      'https://v.test:${req.query.p}/',
      '${req.headers.x}',
      'file:///etc/passwd',
      'v.test',
      '',
      null,
    ])
      assert.throws(() => setUp(plugin, { url }), String(url))
  })
})

describe('verdicts that are kept', () => {
  it('are those of the key, refusals too', async () => {
    let asks = 0
    const calls = outgoingCalls(() => ({ body: JSON.stringify({ pass: ++asks === 1 }) }))
    const services = pluginServices(routeView(), [], [], { calls })
    const instance = setUp(plugin, { ...config, cache_expression: '${req.headers.x-u}' }, services)
    const shared = { ...plugin, setup: () => instance }
    const call = async (user: string) => runPlugin(shared, { config, request: { headers: { 'X-U': user } } })
    assert.equal((await call('a')).status, 200)
    assert.equal((await call('a')).status, 200)
    assert.equal((await call('b')).refusal?.cause, 'errors.failed.external.validation.pass')
    assert.equal((await call('b')).refusal?.cause, 'errors.failed.external.validation')
    assert.equal(asks, 2)
  })

  it('are asked for once by requests that come together, and are no failures', async () => {
    let asks = 0
    const calls = outgoingCalls(() => {
      if (++asks === 1) throw new CallFailed('unreachable', 'down')
      return { body: '{"pass":true}' }
    })
    const services = pluginServices(routeView(), [], [], { calls })
    const instance = setUp(plugin, { ...config, cache_expression: 'all' }, services)
    const shared = { ...plugin, setup: () => instance }
    const call = () => runPlugin(shared, { config })
    assert.equal((await call()).status, 403)
    const together = await Promise.all([call(), call(), call()])
    assert.deepEqual(
      together.map(run => run.status),
      [200, 200, 200],
    )
    assert.equal(asks, 2)
  })

  it('are none for a life of nothing', async () => {
    const calls = outgoingCalls(pass)
    const services = pluginServices(routeView(), [], [], { calls })
    const instance = setUp(plugin, { ...config, cache_expression: 'all', ttl: 0 }, services)
    const shared = { ...plugin, setup: () => instance }
    for (let i = 0; i < 3; i++) assert.equal((await runPlugin(shared, { config })).status, 200)
    assert.equal(calls.asked.length, 3)
  })
})
