import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apikeyAttribute, userAttribute } from '../../plugin/index.ts'
import { apikey, authModule, fakeLogins, runPlugin, userSession } from '../../plugin/testing.ts'
import plugin from './auth-module.ts'

const module = authModule({ id: 'm' })
const session = userSession({ randomId: 's', authConfigId: 'm', email: 'a@b' })
const logins = fakeLogins({ modules: [module], sessions: [session] })
const cookie = { Cookie: `oto-papps-basic-auth-m=${logins.sign('s')}::s` }
const config = { auth_module: 'm' }
const services = { logins }
const request = { headers: cookie }

test('a session of the module passes and is the user', async () => {
  const run = await runPlugin(plugin, { config, services, request })
  assert.equal(run.status, 200)
  assert.equal(run.attributes.get(userAttribute), session)
  assert.equal((await runPlugin(plugin, { config: { module: 'm' }, services, request })).status, 200)
})

test('without one, or with one of another module, the login comes', async () => {
  assert.equal((await runPlugin(plugin, { config, services })).status, 303)
  const other = fakeLogins({
    modules: [module],
    sessions: [userSession({ randomId: 's', authConfigId: 'n' })],
  })
  const run = await runPlugin(plugin, { config, services: { logins: other }, request })
  assert.deepEqual([run.status, run.backend], [303, null])
})

test('who is known already is not asked', async () => {
  const before = (e: Parameters<NonNullable<Parameters<typeof runPlugin>[1]>['before'] & {}>[0]) =>
    e.attributes.set(userAttribute, session)
  assert.equal((await runPlugin(plugin, { config, services, before })).status, 200)
})

test('an API key passes only where the settings say so', async () => {
  const key = apikey({ clientId: 'k', clientSecret: 's' })
  const run = (pass: boolean) =>
    runPlugin(plugin, {
      config: { ...config, pass_with_apikey: pass },
      services,
      before: e => e.attributes.set(apikeyAttribute, key),
    })
  assert.equal((await run(true)).status, 200)
  assert.equal((await run(false)).status, 303)
})

test('a module that is not named or not there closes the route', async () => {
  const none = await runPlugin(plugin, { services, request })
  assert.deepEqual(
    [none.status, none.refusal?.reason, none.refusal?.cause],
    [500, 'auth.module_not_named', 'errors.auth.config.ref.not.found'],
  )
  const gone = await runPlugin(plugin, { config: { auth_module: 'x' }, services, request })
  assert.deepEqual([gone.status, gone.refusal?.reason], [500, 'auth.module_missing'])
})
