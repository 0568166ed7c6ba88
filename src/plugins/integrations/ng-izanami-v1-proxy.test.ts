import assert from 'node:assert/strict'
import { it } from 'node:test'
import { apikeyAttribute, CallFailed } from '../../plugin/index.ts'
import { apikey, outgoingCalls, runPlugin } from '../../plugin/testing.ts'
import plugin from './ng-izanami-v1-proxy.ts'

async function asked(method: string, url: string, config: object = {}, body = '') {
  const calls = outgoingCalls(() => ({ body: '{"f":true}' }))
  const run = await runPlugin(plugin, {
    config,
    request: { method, url, ...(body !== '' && { body }) },
    services: { calls },
    before: exchange =>
      exchange.attributes.set(apikeyAttribute, apikey({ clientId: 'key', clientSecret: 'hidden' })),
  })
  return { run, call: calls.asked[0] }
}

it('answers features and configurations, and nothing else', async () => {
  const { run, call } = await asked('GET', '/api/izanami/features')
  assert.deepEqual(
    [run.text, call?.method, call?.url],
    ['{"f":true}', 'GET', 'https://izanami.foo.bar/api/tree/features?pattern=*'],
  )
  assert.ok(
    call!.headers!.some(
      ([name, value]) => name === 'Authorization' && value === 'Basic Y2xpZW50OnNlY3JldA==',
    ),
  )
  const posted = await asked('POST', '/api/izanami/features', {}, '{"user":1}')
  assert.deepEqual([posted.call?.method, String(posted.call?.body)], ['POST', '{"user":1}'])
  assert.notEqual((await asked('GET', '/api/izanami/configs')).run.backend, null)
  const configs = await asked('GET', '/flags/configs', {
    configuration_enabled: true,
    path: '/flags/',
    config_pattern: 'a:*&b',
  })
  assert.equal(configs.call?.url, 'https://izanami.foo.bar/api/tree/configs?pattern=a%3A*%26b')
  for (const [method, path] of [
    ['DELETE', '/api/izanami/features'],
    ['GET', '/api/izanami'],
    ['GET', '/other'],
  ] as const)
    assert.notEqual((await asked(method, path)).run.backend, null, path)
})

it('asks as the caller when wanted, without its secret', async () => {
  const { call } = await asked('GET', '/api/izanami/features', { auto_context: true })
  assert.equal(call?.method, 'POST')
  const context = JSON.parse(String(call?.body))
  assert.deepEqual([context.user, context.apikey.clientId], [null, 'key'])
  assert.doesNotMatch(String(call?.body), /hidden/)
})

it('says that the server is gone', async () => {
  const calls = outgoingCalls(() => {
    throw new CallFailed('timeout', 'too slow')
  })
  const { status } = await runPlugin(plugin, {
    request: { url: '/api/izanami/features' },
    services: { calls },
  })
  assert.equal(status, 502)
})
