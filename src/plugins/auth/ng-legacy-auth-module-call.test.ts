import assert from 'node:assert/strict'
import { test } from 'node:test'
import { userAttribute } from '../../plugin/index.ts'
import { authModule, fakeLogins, runPlugin, setUp, userSession } from '../../plugin/testing.ts'
import plugin from './ng-legacy-auth-module-call.ts'

const logins = fakeLogins({
  modules: [authModule({ id: 'm' })],
  sessions: [userSession({ randomId: 's', authConfigId: 'm' })],
})
const session = { Cookie: `oto-papps-basic-auth-m=${logins.sign('s')}::s` }
const config = { auth_module: 'm', public_patterns: ['/app/.*'], private_patterns: ['/app/api/.*'] }
const run = (url: string, headers: Record<string, string>, metadata: Record<string, string> = {}) =>
  runPlugin(plugin, { config, services: { logins }, route: { metadata }, request: { url, headers } })

test('public paths are for users who are logged in', async () => {
  assert.equal((await run('/app/x', session)).status, 200)
  assert.equal((await run('/app/x', {})).status, 303)
})

test('on others a user is made known, and the rest is left to the plugin of keys behind it', async () => {
  for (const url of ['/other', '/app/api/x']) {
    assert.equal((await run(url, session)).attributes.get(userAttribute)?.id, 's')
    assert.equal((await run(url, {})).status, 200)
  }
  assert.deepEqual(setUp(plugin, config).expand?.(), [
    {
      plugin: 'cp:otoroshi.next.plugins.NgLegacyApikeyCall',
      config: { public_patterns: ['/app/.*'], private_patterns: ['/app/api/.*'] },
    },
  ])
})

test('on strictly private routes no user is made known in place of a key', async () => {
  const strict = { 'otoroshi-core-strictly-private': 'true' }
  assert.equal((await run('/other', session, strict)).attributes.get(userAttribute), undefined)
})

test('a pattern that cannot be read is named', async () => {
  await assert.rejects(runPlugin(plugin, { config: { public_patterns: ['('] } }), /public_patterns\.0/)
})
