import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CallFailed, type OutgoingCall } from '../../plugin/index.ts'
import {
  authModule,
  fakeLogins,
  jwtServices,
  outgoingCalls,
  pluginServices,
  type PluginRun,
  routeView,
  runPlugin,
  setUp,
} from '../../plugin/testing.ts'
import { oauthFields, token } from '../testing/tokens.ts'
import plugin from './oauth2-token-exchange.ts'

type Answer = (call: OutgoingCall) => { readonly status?: number; readonly body?: string }
const given: Answer = () => ({ body: '{"access_token":"for-the-backend","expires_in":60}' })
const bearer = (text: string) => ({ Authorization: `Bearer ${text}` })

async function call(
  config: object,
  headers: Record<string, string>,
  {
    answer = given,
    module = {},
    url = '/',
  }: { readonly answer?: Answer; readonly module?: object; readonly url?: string } = {},
): Promise<PluginRun & { readonly asked: readonly OutgoingCall[] }> {
  const calls = outgoingCalls(answer)
  const modules = [authModule(oauthFields(module as Record<string, unknown>)), authModule({ id: 'basic' })]
  const run = await runPlugin(plugin, {
    config: { ref: 'idp', ...config },
    services: { logins: fakeLogins({ modules }), jwt: jwtServices(), calls },
    request: { url, headers },
  })
  return { ...run, asked: calls.asked }
}
const outcome = ({ status, text, refusal }: PluginRun): string => `${status} ${refusal?.reason ?? text}`
const form = (asked: readonly OutgoingCall[]): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(String(asked[0]!.body)))

describe('the token of the call', () => {
  test('is exchanged for one for the backend', async () => {
    const text = token({ sub: 'a' })
    const exchange = { audience: 'orders', scope: 'read ${req.headers.x-more}', resource: '' }
    const run = await call({ exchange }, { ...bearer(text), 'X-More': 'a&b=c' })
    assert.equal(run.backend!.headers.get('authorization'), 'Bearer for-the-backend')
    assert.equal(run.asked[0]!.url, 'https://idp.test/token')
    assert.deepEqual(form(run.asked), {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: text,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: 'orders',
      scope: 'read a&b=c',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      client_id: 'gateway',
      client_secret: 'of the gateway',
    })
  })

  test('is exchanged by the client as the module says it shows itself', async () => {
    const ask = (module: object, config = {}) => call(config, bearer(token({})), { module })
    const basic = await ask({ clientAuthentication: 'client_secret_basic' })
    const pair = Buffer.from('gateway:of+the+gateway').toString('base64')
    assert.ok(
      basic.asked[0]!.headers!.some(([name, value]) => name === 'Authorization' && value === `Basic ${pair}`),
    )
    assert.equal(form(basic.asked)['client_secret'], undefined)
    assert.equal(form((await ask({ clientAuthentication: 'none' })).asked)['client_secret'], undefined)
    const signing = await ask({ clientAuthentication: 'private_key_jwt' })
    assert.deepEqual([signing.asked.length, signing.status >= 400], [0, true])
    const client_credentials_override = { client_id: 'other', client_secret: 's' }
    const other = await ask({ clientAuthentication: 'private_key_jwt' }, { client_credentials_override })
    assert.equal(form(other.asked)['client_secret'], 's')
  })

  test('goes to no address that nobody has given', async () => {
    const module = { oidConfig: 'https://idp.test/.well-known/openid-configuration' }
    const run = await call({}, bearer(token({})), {
      module: { ...module, tokenUrl: 'http://localhost:8082/oauth/token' },
    })
    assert.deepEqual([run.asked.length, run.status >= 400], [0, true])
  })

  test('is taken away wherever it stood', async () => {
    const run = await call({}, {}, { url: `/?a=1&access_token=${token({})}` })
    assert.equal(run.backend!.path, '/?a=1')
    assert.equal(run.backend!.headers.get('authorization'), 'Bearer for-the-backend')
  })

  test('that is there twice is refused: the backend might read the one that nobody judged', async () => {
    const twice = await call({}, bearer(token({})), { url: `/?access_token=${token({ sub: 'other' })}` })
    assert.deepEqual([twice.status, twice.asked.length, twice.backend], [400, 0, null])
    // An empty one is none, and goes no further either.
    const empty = await call({}, bearer(token({})), { url: '/?access_token=&a=1' })
    assert.equal(empty.backend!.path, '/?a=1')
  })

  test('is verified first when the module says how', async () => {
    const run = await call({}, bearer(token({}, 'forged')))
    assert.equal(outcome(run), '400 jwt.bad')
    assert.equal(run.asked.length, 0)
    const opaque = await call({}, bearer('opaque'), { module: { jwtVerifier: null } })
    assert.equal(opaque.status, 200)
    assert.equal(form(opaque.asked)['subject_token'], 'opaque')
  })

  test('names no kind of actor where there is no actor', async () => {
    const exchange = { actor_token: '${req.headers.x-actor:}' }
    const { actor_token: token_, actor_token_type: type } = form(
      (await call({ exchange }, bearer(token({})))).asked,
    )
    assert.deepEqual([token_, type], [undefined, undefined])
  })

  test('may come with an actor and other credentials', async () => {
    const run = await call(
      {
        exchange: { actor_token: 'actor' },
        client_credentials_override: { client_id: 'c', client_secret: '' },
      },
      bearer(token({})),
    )
    const {
      actor_token: actor,
      actor_token_type: type,
      client_id: id,
      client_secret: secret,
    } = form(run.asked)
    assert.deepEqual(
      [actor, type, id, secret],
      ['actor', 'urn:ietf:params:oauth:token-type:access_token', 'c', undefined],
    )
  })
})

describe('the new token', () => {
  const twice = async (
    config: object,
    headers: (i: number) => Record<string, string>,
    answer = given,
    module = {},
  ): Promise<number> => {
    const calls = outgoingCalls(answer)
    const services = pluginServices(routeView(), [], [], {
      logins: fakeLogins({ modules: [authModule(oauthFields(module))] }),
      jwt: jwtServices(),
      calls,
    })
    const instance = setUp(plugin, { ref: 'idp', ...config }, services)
    for (let i = 0; i < 2; i++)
      await runPlugin({ ...plugin, setup: () => instance }, { request: { headers: headers(i) } })
    return calls.asked.length
  }
  const exp = Math.floor(Date.now() / 1000) + 600

  test('is used again for the same token and the same wishes only', async () => {
    const text = token({ exp })
    const kept = { cache_ttl_ms: 60_000 }
    assert.equal(await twice(kept, () => bearer(text)), 1)
    assert.equal(await twice({}, () => bearer(text)), 2)
    assert.equal(await twice(kept, i => bearer(token({ exp, i }))), 2)
    const wish = { ...kept, exchange: { resource: '${req.headers.x-r}' } }
    assert.equal(await twice(wish, i => ({ ...bearer(text), 'X-R': `${i}` })), 2)
  })

  test('is not used beyond its end or that of the token of the call', async () => {
    const kept = { cache_ttl_ms: 60_000 }
    const short: Answer = () => ({ body: '{"access_token":"t","expires_in":1}' })
    assert.equal(await twice(kept, () => bearer(token({ exp })), short), 2)
    const written: Answer = () => ({ body: '{"access_token":"t","expires_in":"1"}' })
    assert.equal(await twice(kept, () => bearer(token({ exp })), written), 2)
    const ending = Math.floor(Date.now() / 1000) - 5
    assert.equal(await twice(kept, () => bearer(token({ exp: ending }))), 2)
    const opaque = { jwtVerifier: null }
    assert.equal(await twice(kept, () => bearer(token({ exp: ending }, 'unknown')), given, opaque), 2)
    assert.equal(await twice(kept, () => bearer('opaque'), given, opaque), 1)
  })
})

describe('what goes wrong', () => {
  test('at the provider is told without its words', async () => {
    const good = bearer(token({}))
    const no: Answer = () => ({ status: 403, body: 'secret reason' })
    assert.equal(
      outcome(await call({}, good, { answer: no })),
      '502 {"error":"token exchange failed","exchange_status":403}',
    )
    for (const body of ['', '{}', '{"access_token":7}', '{"access_token":"a\\nb"}', '[]'])
      assert.equal(
        outcome(await call({}, good, { answer: () => ({ body }) })),
        '502 {"error":"token exchange failed","exchange_status":200}',
      )
    const down: Answer = () => {
      throw new CallFailed('timeout', 'https://idp.test: too late')
    }
    const run = await call({}, good, { answer: down })
    assert.deepEqual([run.status, JSON.parse(run.text).error], [502, 'token exchange call failed'])
    assert.equal(run.headers.get('otoroshi-error-reason'), 'oauth.failed')
  })

  test('in the call or the settings is refused', async () => {
    const good = bearer(token({}))
    assert.equal(outcome(await call({}, {})), '401 {"error":"token not found"}')
    assert.equal(outcome(await call({ ref: null }, good)), '400 {"error":"no auth. module setup"}')
    assert.equal(outcome(await call({ ref: 'none' }, good)), '400 {"error":"auth. module not found"}')
    assert.equal(
      outcome(await call({ ref: 'basic' }, good)),
      '400 {"error":"auth. module is not an OAuth2/OIDC module"}',
    )
    const custom = { custom_response: true, custom_response_status: 418, custom_response_body: 'x' }
    assert.equal(outcome(await call(custom, {})), '418 x')
    assert.equal(outcome(await call({ ...custom, ref: null }, {})), '400 {"error":"no auth. module setup"}')
  })

  test('when a client could choose the module or its credentials closes the route', () => {
    for (const config of [
      { ref: '${req.headers.x}' },
      { client_credentials_override: { client_id: '${req.query.c}', client_secret: 's' } },
    ])
      assert.throws(() => setUp(plugin, config), /a client may choose/)
  })
})
