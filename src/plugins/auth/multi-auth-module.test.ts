import assert from 'node:assert/strict'
import { test } from 'node:test'
import { userAttribute } from '../../plugin/index.ts'
import { authModule, fakeLogins, runPlugin, userSession } from '../../plugin/testing.ts'
import plugin from './multi-auth-module.ts'

const logins = fakeLogins({
  modules: [authModule({ id: 'a' }), authModule({ id: 'b' })],
  sessions: [userSession({ randomId: 's', authConfigId: 'b' })],
})
const services = { logins }
const run = (config: object, headers: Record<string, string> = {}) =>
  runPlugin(plugin, { config, services, request: { headers } })
const path = async (config: object) => new URL((await run(config)).headers.get('location')!)

test('a session of any of the modules passes, a cookie that is over leaves the choice', async () => {
  const both = { auth_modules: ['a', 'b'] }
  const passed = await run(both, {
    Cookie: `oto-papps-basic-auth-a=old; oto-papps-basic-auth-b=${logins.sign('s')}::s`,
  })
  assert.deepEqual([passed.status, passed.attributes.get(userAttribute)?.id], [200, 's'])
  const over = await run(both, { Cookie: 'oto-papps-basic-auth-a=old' })
  assert.match(over.headers.get('location')!, /choose-provider/)
})

test('where the login begins depends on the settings', async () => {
  assert.equal((await path({ auth_modules: ['a', 'b'] })).pathname, '/privateapps/generic/choose-provider')
  const asked = await path({ modules: ['a', 'b'], use_email_prompt: true })
  assert.equal(asked.pathname, '/privateapps/generic/simple-login')
  const one = await path({ auth_modules: ['a'] })
  assert.equal(one.pathname, '/privateapps/generic/login')
  assert.deepEqual([one.searchParams.get('route'), one.searchParams.get('ref')], ['route_test', 'a'])
})

test('no module, or none that is there, closes the route', async () => {
  assert.equal((await run({})).refusal?.reason, 'auth.modules_not_named')
  assert.equal((await run({ auth_modules: ['x', 'y'] })).refusal?.reason, 'auth.module_missing')
})
