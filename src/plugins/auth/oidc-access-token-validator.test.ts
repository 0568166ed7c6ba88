import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OutgoingCall } from '../../plugin/index.ts'
import {
  authModule,
  fakeLogins,
  jwtServices,
  outgoingCalls,
  type PluginRun,
  pluginServices,
  routeView,
  runPlugin,
  setUp,
} from '../../plugin/testing.ts'
import { oauthFields, token } from '../testing/tokens.ts'
import plugin from './oidc-access-token-validator.ts'

const active = () => ({ body: '{"active":true}' })

async function call(
  config: object,
  text: string | null,
  more: { url?: string; answer?: (call: OutgoingCall) => object; calls?: number } = {},
) {
  const calls = outgoingCalls(more.answer ?? active)
  const services = pluginServices(routeView(), [], [], {
    logins: fakeLogins({
      modules: [
        authModule(oauthFields()),
        authModule(oauthFields({ id: 'no-keys', jwtVerifier: null })),
        authModule({ id: 'basic' }),
      ],
    }),
    jwt: jwtServices(),
    calls,
  })
  const instance = setUp(plugin, config, services)
  let run: PluginRun | undefined
  for (let i = 0; i < (more.calls ?? 1); i++)
    run = await runPlugin(
      { ...plugin, setup: () => instance },
      {
        request: { url: more.url ?? '/', headers: text === null ? {} : { Authorization: `Bearer ${text}` } },
      },
    )
  return { passed: run!.status === 200, run: run!, asked: calls.asked }
}
const rule = (more: object = {}) => ({ oidcConfigRef: 'idp', ...more })
const one = (more: object = {}) => ({ config: rule(more) })
const passes = async (...of: Parameters<typeof call>): Promise<boolean> => (await call(...of)).passed

test('a token that is verified and active passes', async () => {
  const { passed, asked } = await call(one(), token({ sub: 'a' }))
  assert.ok(passed)
  assert.equal(asked[0]!.url, 'https://idp.test/introspect')
  const { passed: local, asked: nobody } = await call(one({ localVerificationOnly: true }), token({}))
  assert.deepEqual([local, nobody.length], [true, 0])
})

test('anything else does not', async () => {
  const { run } = await call(one(), null)
  assert.deepEqual(
    [run.status, run.refusal!.message, run.refusal!.reason],
    [400, 'bad request', 'oauth.refused'],
  )
  assert.equal(await passes(one(), token({}, 'forged')), false)
  assert.equal(await passes(one(), token({}), { answer: () => ({ body: '{"active":false}' }) }), false)
  assert.equal(await passes(one(), token({}), { answer: () => ({ status: 500 }) }), false)
  for (const oidcConfigRef of ['none', 'basic', 'no-keys', null])
    assert.equal(await passes(one({ oidcConfigRef }), token({})), false)
  assert.equal(await passes({}, token({})), false, 'the module of the default does not exist')
})

test('scopes and roles must all be there', async () => {
  const local = { localVerificationOnly: true }
  const scoped = one({ ...local, scopes: ['read', 'write'] })
  assert.ok(await passes(scoped, token({ scope: 'write read x' })))
  assert.ok(await passes(scoped, token({ scope: ['read', 'write'] })))
  assert.equal(await passes(scoped, token({ scope: 'read writes' })), false)
  assert.equal(await passes(scoped, token({})), false)
  const roles = one({ ...local, roles: ['a', 'b'], rolesPath: ['realm.roles', 'more'] })
  assert.ok(await passes(roles, token({ realm: { roles: ['a'] }, more: ['b'] })))
  assert.equal(await passes(roles, token({ realm: { roles: ['a'] }, roles: ['b'] })), false)
  assert.ok(await passes(one({ ...local, roles: ['a'] }), token({ roles: ['a'] })))
})

test('paths that are excluded need no token, whole paths only', async () => {
  const config = one({ excludedPatterns: ['/public/.*'] })
  assert.ok(await passes(config, null, { url: '/public/a?x=1' }))
  assert.equal(await passes(config, null, { url: '/x/public/a' }), false)
  assert.equal(await passes(config, null, { url: '/x?/public/a' }), false)
  assert.throws(() => setUp(plugin, one({ excludedPatterns: ['(?=a)'] })))
})

test('all rules must be fulfilled, or one of them', async () => {
  const config = [rule({ localVerificationOnly: true }), rule({ localVerificationOnly: true, scopes: ['x'] })]
  assert.equal(await passes({ config }, token({})), false)
  assert.ok(await passes({ config, atLeastOne: true }, token({})))
  assert.ok(await passes({ config }, token({ scope: 'x' })))
  for (const atLeastOne of [true, false])
    for (const nothing of [[], [rule({ enabled: false })]])
      assert.equal(await passes({ config: nothing, atLeastOne }, token({})), false)
  assert.ok(await passes({ enabled: false }, null))
})

test('what the provider says is believed as long as the settings allow', async () => {
  const exp = Math.floor(Date.now() / 1000) + 600
  assert.equal((await call(one(), token({ exp }), { calls: 3 })).asked.length, 3)
  assert.equal((await call(one({ ttl: 60_000 }), token({ exp }), { calls: 3 })).asked.length, 1)
  const ended = {
    answer: () => ({ body: `{"active":true,"exp":${Math.floor(Date.now() / 1000)}}` }),
    calls: 3,
  }
  assert.equal((await call(one({ ttl: 60_000 }), token({}), ended)).asked.length, 3, 'not beyond its end')
  const no = { calls: 3, answer: () => ({ body: '{"active":false}' }) }
  assert.equal((await call(one({ ttl: 60_000 }), token({ exp }), no)).asked.length, 3)
})
