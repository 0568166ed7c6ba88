import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inputTokenAttribute, userAttribute } from '../../plugin/index.ts'
import { authModule, fakeLogins, jwtServices, type PluginRun, runPlugin } from '../../plugin/testing.ts'
import { oauthFields, token } from '../testing/tokens.ts'
import plugin from './oidc-jwt-verifier.ts'

const bearer = (text: string) => ({ Authorization: `Bearer ${text}` })

function call(
  config: object,
  headers: Record<string, string> = {},
  { module = {}, url = '/' }: { readonly module?: object; readonly url?: string } = {},
): Promise<PluginRun> {
  const modules = [authModule(oauthFields(module as Record<string, unknown>)), authModule({ id: 'basic' })]
  return runPlugin(plugin, {
    config: { ref: 'idp', ...config },
    services: { logins: fakeLogins({ modules }), jwt: jwtServices() },
    request: { url, headers },
  })
}
const outcome = ({ status, text, refusal }: PluginRun): string => `${status} ${refusal?.reason ?? text}`

describe('a token of the provider', () => {
  test('lets in from where it usually stands', async () => {
    const text = token({ sub: 'a' })
    const run = await call({}, bearer(text))
    assert.equal(run.status, 200)
    assert.equal(run.attributes.get(inputTokenAttribute)!.raw, text)
    assert.equal((await call({}, {}, { url: `/?access_token=${text}` })).status, 200)
    assert.equal(run.attributes.get(userAttribute), undefined)
  })

  test('lets in from where the settings say, and from nowhere else', async () => {
    const source = { type: 'InHeader', name: 'X-Token', remove: '' }
    assert.equal((await call({ source }, { 'X-Token': token({}) })).status, 200)
    assert.equal(outcome(await call({ source }, bearer(token({})))), '400 {"error":"token not found"}')
  })

  test('makes its bearer the user when that is asked for', async () => {
    const exp = Math.floor(Date.now() / 1000) + 60
    const claims = { sub: 's', name: 'Ada', email: 'ada@x.test', exp }
    const user = (await call({ user: true }, bearer(token(claims)))).attributes.get(userAttribute)!
    assert.deepEqual([user.name, user.email, user.authConfigId, user.id], ['Ada', 'ada@x.test', 'idp', ''])
    assert.equal(user.expiredAt, exp * 1000)
    const refused = await call({ user: true }, bearer(token(claims)), {
      module: { deniedUsers: ['Wildcard(*@x.test)'] },
    })
    assert.equal(outcome(refused), '401 oauth.refused')
    assert.equal(refused.refusal!.message, 'User not allowed')
  })
})

describe('without a good token', () => {
  test('nobody passes', async () => {
    assert.equal(outcome(await call({})), '400 {"error":"token not found"}')
    assert.equal(outcome(await call({}, bearer(token({}, 'other')))), '400 jwt.bad')
    assert.equal(outcome(await call({}, bearer(token({ exp: 1 })))), '400 jwt.bad')
    const both = { Authorization: `Bearer ${token({}, 'forged')}` }
    assert.equal(outcome(await call({}, both, { url: `/?access_token=${token({})}` })), '400 jwt.bad')
  })

  test('everybody passes when it is not mandatory, without user', async () => {
    const config = { mandatory: false, user: true }
    for (const headers of [{}, bearer('x'), bearer(token({}, 'other'))]) {
      const run = await call(config, headers as Record<string, string>)
      assert.equal(run.status, 200)
      assert.equal(run.attributes.get(userAttribute), undefined)
    }
  })

  test('the settings may give the answer', async () => {
    const run = await call({ custom_response: true })
    assert.deepEqual([run.status, run.text], [401, '{"error":"unauthorized"}'])
  })
})

test('without a fitting module nobody passes', async () => {
  const good = bearer(token({}))
  assert.equal(outcome(await call({ ref: null }, good)), '400 {"error":"no auth. module setup"}')
  assert.equal(outcome(await call({ ref: 'none' }, good)), '400 {"error":"auth. module not found"}')
  const unfit = '400 {"error":"auth. module not an oidc module or does not have jwt verification settings"}'
  assert.equal(outcome(await call({ ref: 'basic' }, good)), unfit)
  assert.equal(outcome(await call({}, good, { module: { jwtVerifier: null } })), unfit)
  assert.equal((await call({ mandatory: false, ref: 'basic' }, good)).status, 200)
})
