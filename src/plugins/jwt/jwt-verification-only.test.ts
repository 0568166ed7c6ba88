import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inputTokenAttribute } from '../../plugin/index.ts'
import { jwtServices, type PluginRun, runPlugin } from '../../plugin/testing.ts'
import { bySecret, token, verifier } from '../testing/tokens.ts'
import plugin from './jwt-verification-only.ts'

const transforming = verifier({
  strategy: {
    type: 'Sign',
    verificationSettings: { fields: {}, arrayFields: {} },
    algoSettings: bySecret('x'),
  },
})

function call(text: string | null, config: object = {}): Promise<PluginRun> {
  return runPlugin(plugin, {
    config: { verifier: 'v', ...config },
    services: { jwt: jwtServices({ verifiers: { v: transforming } }) },
    request: { headers: text === null ? {} : { 'X-JWT-Token': text } },
  })
}

test('the request is judged and not changed, whatever the strategy', async () => {
  const text = token({ sub: 'a' })
  const run = await call(text)
  assert.equal(run.status, 200)
  assert.equal(run.backend!.headers.get('x-jwt-token'), text)
  assert.deepEqual(run.attributes.get(inputTokenAttribute)!.claims, { sub: 'a' })
})

test('what is missing or bad is refused', async () => {
  assert.equal((await call(null)).refusal!.reason, 'jwt.missing')
  assert.equal((await call(token({}, 'other'))).refusal!.reason, 'jwt.bad')
})

test('calls without token may pass, those with a bad one may not', async () => {
  assert.equal((await call(null, { fail_if_absent: false })).status, 200)
  assert.equal((await call('bad', { fail_if_absent: false })).status, 400)
})

test('without a verifier nothing passes', async () => {
  for (const verifier of [null, '', 'none']) {
    const run = await call(token({}), { verifier })
    assert.deepEqual([run.status, run.text, run.backend], [400, '{"error":"bad request"}', null])
    assert.equal(run.headers.get('otoroshi-error-reason'), 'jwt.not_configured')
  }
})
