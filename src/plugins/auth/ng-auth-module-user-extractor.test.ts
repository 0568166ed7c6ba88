import assert from 'node:assert/strict'
import { test } from 'node:test'
import { userAttribute } from '../../plugin/index.ts'
import { authModule, fakeLogins, runPlugin, userSession } from '../../plugin/testing.ts'
import plugin from './ng-auth-module-user-extractor.ts'

const logins = fakeLogins({
  modules: [authModule({ id: 'm' })],
  sessions: [userSession({ randomId: 's', authConfigId: 'm' })],
})
const run = (config: object, headers: Record<string, string> = {}) =>
  runPlugin(plugin, { config, services: { logins }, request: { headers } })

test('a user is made known, and nobody is asked to log in', async () => {
  const known = await run({ auth_module: 'm' }, { Cookie: `oto-papps-basic-auth-m=${logins.sign('s')}::s` })
  assert.equal(known.attributes.get(userAttribute)?.id, 's')
  const nobody = await run({ auth_module: 'm' })
  assert.deepEqual([nobody.status, nobody.attributes.get(userAttribute)], [200, undefined])
})

test('a module that is not named or not there closes the route', async () => {
  assert.equal((await run({})).refusal?.reason, 'auth.module_not_named')
  assert.equal((await run({ module: 'x' })).refusal?.reason, 'auth.module_missing')
})
