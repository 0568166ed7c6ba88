import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { OutgoingCall } from '../../plugin/index.ts'
import { authModule, fakeLogins, outgoingCalls, runPlugin, setUp } from '../../plugin/testing.ts'
import plugin from './oauth2-auth-module-caller.ts'
import caller from './oauth2-caller.ts'

const module = (more: object = {}) =>
  authModule({
    id: 'idp',
    type: 'oauth2',
    clientId: 'gateway',
    clientSecret: 'my secret',
    tokenUrl: 'https://idp.test/token',
    scope: 'api',
    mtlsConfig: { mtls: true, certs: ['c'] },
    ...more,
  })

type Run = (services: object) => ReturnType<typeof runPlugin>

async function asked(
  config: object,
  more: object = {},
  run: Run = services => runPlugin(plugin, { config, services }),
) {
  const calls = outgoingCalls(() => ({ body: '{"access_token":"t0","expires_in":60}' }))
  const logins = fakeLogins({ modules: [module(more), authModule({ id: 'staff' })] })
  return { run: await run({ calls, logins }), call: calls.asked[0] as OutgoingCall | undefined }
}

const form = (call: OutgoingCall | undefined) => Object.fromEntries(new URLSearchParams(String(call!.body)))

describe('a token by an auth module', () => {
  it('is asked for with all that the module says', async () => {
    const { run, call } = await asked({ ref: 'idp', headerName: 'X-Token', headerValueFormat: 'token=%s' })
    assert.equal(run.backend!.headers.get('x-token'), 'token=t0')
    assert.deepEqual([call!.method, call!.url], ['POST', 'https://idp.test/token'])
    assert.deepEqual(form(call), {
      grant_type: 'client_credentials',
      client_id: 'gateway',
      client_secret: 'my secret',
      scope: 'api',
    })
    assert.deepEqual((call!.tls as { certs: string[] }).certs, ['c'])
  })

  it('is asked for in the way in which the module shows itself', async () => {
    const { call } = await asked(
      { ref: 'idp', jsonPayload: true },
      { clientAuthentication: 'client_secret_basic' },
    )
    const fields = JSON.parse(String(call!.body))
    assert.deepEqual(fields, { grant_type: 'client_credentials', scope: 'api' })
    assert.ok(call!.headers!.some(([name, value]) => name === 'Authorization' && value.startsWith('Basic ')))
    const blank = await asked({ ref: 'idp' }, { clientSecret: ' ' })
    assert.equal('client_secret' in form(blank.call), false)
  })

  it('is asked for by OAuth2Caller of the kind auth_module as well', async () => {
    const config = { kind: 'auth_module', authModRef: 'idp' }
    const { run, call } = await asked({}, {}, services => runPlugin(caller, { config, services }))
    assert.equal(run.backend!.headers.get('authorization'), 'Bearer t0')
    assert.equal(call!.url, 'https://idp.test/token')
  })

  it('is none without a module of OAuth 2: the backend is not called', async () => {
    for (const ref of [null, 'nobody', 'staff']) {
      const { run, call } = await asked({ ref })
      assert.equal(run.status, 400)
      assert.deepEqual(JSON.parse(run.text), { error: 'auth. module not found or not an OAuth2 module' })
      assert.equal(run.headers.get('otoroshi-error-reason'), 'caller.bad_config')
      assert.deepEqual([run.backend, call], [null, undefined])
    }
    assert.equal((await asked({ ref: 'idp' }, { clientAuthentication: 'private_key_jwt' })).run.status, 400)
  })

  it('needs settings that can be used', () => {
    for (const more of [{ headerName: 'a b' }, { cacheTokenSeconds: -1 }, { ref: 7 }])
      assert.throws(() => setUp(plugin, more), JSON.stringify(more))
  })
})
