import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HeaderBlock } from '../../http/headers.ts'
import { type OutgoingCall, userAttribute } from '../../plugin/index.ts'
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
import plugin from './oidc-auth-token.ts'

type Answer = (call: OutgoingCall) => {
  readonly status?: number
  readonly headers?: HeaderBlock
  readonly body?: string
}
const ada: Answer = () => ({ body: '{"sub":"s","name":"Ada","email":"ada@x.test"}' })
const bearer = (text: string) => ({ Authorization: `Bearer ${text}` })

interface Given {
  readonly answer?: Answer
  readonly module?: Record<string, unknown>
  readonly calls?: number
}

async function call(
  config: object,
  headers: Record<string, string>,
  { answer = ada, module = {}, calls: times = 1 }: Given = {},
) {
  const calls = outgoingCalls(answer)
  const services = pluginServices(routeView(), [], [], {
    logins: fakeLogins({ modules: [authModule(oauthFields(module)), authModule({ id: 'basic' })] }),
    jwt: jwtServices(),
    calls,
  })
  const instance = setUp(plugin, { ref: 'idp', ...config }, services)
  let run: PluginRun | undefined
  for (let i = 0; i < times; i++)
    run = await runPlugin(
      { ...plugin, setup: () => instance },
      { request: { url: 'http://api.test/a', headers } },
    )
  return { ...run!, asked: calls.asked, user: run!.attributes.get(userAttribute) }
}
const outcome = ({ status, refusal }: PluginRun): string => `${status} ${refusal?.reason ?? 'passed'}`

describe('an opaque token', () => {
  test('is shown to the provider, who says who its bearer is', async () => {
    const run = await call({}, bearer('opaque'))
    assert.equal(outcome(run), '200 passed')
    assert.deepEqual(
      [run.user!.name, run.user!.email, run.user!.token],
      ['Ada', 'ada@x.test', { access_token: 'opaque' }],
    )
    const [asked] = run.asked
    assert.deepEqual(
      [asked!.method, asked!.url, asked!.body],
      ['GET', 'https://idp.test/userinfo', undefined],
    )
    const shown = ({ headers }: OutgoingCall) =>
      headers!.filter(([name]) => name === 'Authorization').map(([, value]) => value)
    assert.deepEqual(shown(asked!), ['Bearer opaque'])
    const inBody = await call({}, bearer('opaque'), { module: { userInfoMethod: 'post' } })
    assert.deepEqual(
      [inBody.asked[0]!.method, String(inBody.asked[0]!.body)],
      ['POST', 'access_token=opaque'],
    )
    assert.deepEqual(shown(inBody.asked[0]!), [], 'RFC 6750, 2: one way at a time')
  })

  test('of nobody is no token, though the provider answers', async () => {
    for (const body of ['{}', '{"sub":""}', '{"sub":7,"name":null}', '{"error":"invalid_token"}'])
      assert.equal(
        outcome(await call({}, bearer('t'), { answer: () => ({ body }) })),
        '401 oauth.refused',
        body,
      )
    const active: Answer = () => ({ body: '{"active":true}' })
    const run = await call({ use_introspection: true }, bearer('t'), { answer: active })
    assert.equal(outcome(run), '401 oauth.refused')
    const named = await call({}, bearer('t'), { answer: () => ({ body: '{"name":"Ada"}' }) })
    assert.equal(outcome(named), '200 passed')
  })

  test('may have a profile that is a token, which must be good and for this client', async () => {
    const profile =
      (text: string): Answer =>
      () => ({ headers: HeaderBlock.from([['Content-Type', 'application/jwt; charset=utf-8']]), body: text })
    const good = { sub: 's', name: 'Ada', aud: 'gateway' }
    const run = await call({}, bearer('t'), { answer: profile(token(good)) })
    assert.equal(run.user!.name, 'Ada')
    for (const text of [
      token(good, 'forged'),
      token({ ...good, aud: 'other' }),
      token({ ...good, exp: 1 }),
      'x',
    ])
      assert.equal(outcome(await call({}, bearer('t'), { answer: profile(text) })), '401 oauth.refused', text)
    const keyless = { answer: profile(token(good)), module: { jwtVerifier: null } }
    assert.equal(outcome(await call({}, bearer('t'), keyless)), '401 oauth.refused')
  })

  test('may be introspected instead, and must be active', async () => {
    const config = { use_introspection: true }
    const active = await call(config, bearer('t'), { answer: () => ({ body: '{"active":true,"sub":"s"}' }) })
    assert.equal(active.user!.name, 's')
    assert.equal(active.asked[0]!.url, 'https://idp.test/introspect')
    assert.equal(String(active.asked[0]!.body), 'token=t&client_id=gateway&client_secret=of+the+gateway')
    for (const body of ['{"active":false}', '{}', '{"active":"true"}', 'x'])
      assert.equal(
        outcome(await call(config, bearer('t'), { answer: () => ({ body }) })),
        '401 oauth.refused',
        body,
      )
  })

  test('is asked about once in a while, not each time, and a refusal each time', async () => {
    assert.equal((await call({}, bearer('t'), { calls: 3 })).asked.length, 1)
    const no: Answer = () => ({ status: 401 })
    assert.equal((await call({}, bearer('t'), { calls: 3, answer: no })).asked.length, 3)
  })

  test('that nobody is asked about is verified all the same', async () => {
    const config = { fetch_user_profile: false }
    const forged = Buffer.from('{"email":"admin@x.test"}').toString('base64url')
    assert.equal(outcome(await call(config, bearer(`e30.${forged}.x`))), '400 jwt.bad')
    assert.equal((await call(config, bearer(token({ email: 'a@x.test' })))).user!.email, 'a@x.test')
    const run = await call(config, bearer(token({})), { module: { jwtVerifier: null } })
    assert.deepEqual([run.status, run.refusal!.message], [500, 'bad jwt settings'])
  })
})

describe('a token that is verified', () => {
  test('must be good, and the provider must speak of the same person', async () => {
    assert.equal(outcome(await call({ opaque: false }, bearer(token({ sub: 's' })))), '200 passed')
    assert.equal(outcome(await call({ opaque: false }, bearer(token({ sub: 's' }, 'forged')))), '400 jwt.bad')
    assert.equal(outcome(await call({ opaque: false }, bearer(token({ sub: 'other' })))), '401 oauth.refused')
    const silent: Answer = () => ({ body: '{"name":"Ada"}' })
    const unsaid = await call({ opaque: false }, bearer(token({ sub: 's' })), { answer: silent })
    assert.equal(outcome(unsaid), '401 oauth.refused', 'a profile says whose it is')
  })

  test('may have to be meant for the address', async () => {
    const config = { opaque: false, fetch_user_profile: false, validate_audience: true }
    for (const aud of ['http://api.test', 'http://api.test/a', ['x', 'http://api.test/']])
      assert.equal(outcome(await call(config, bearer(token({ sub: 's', aud })))), '200 passed', String(aud))
    for (const aud of ['http://api.tes', 'http://other.test', '', [], 7, undefined])
      assert.equal(
        outcome(await call(config, bearer(token({ sub: 's', aud })))),
        '401 oauth.refused',
        String(aud),
      )
  })
})

test('the module says what is told of a user, and who is none', async () => {
  const module = { extraMetadata: { team: 'x' }, dataOverride: { 'ada@x.test': { level: 3 } } }
  assert.deepEqual((await call({}, bearer('t'), { module })).user!.otoroshiData, { team: 'x', level: 3 })
  const unverified: Answer = () => ({ body: '{"sub":"s","email":"ada@x.test","email_verified":false}' })
  const told = (await call({}, bearer('t'), { module, answer: unverified })).user!.otoroshiData
  assert.deepEqual(told, { team: 'x' }, 'an address nobody has verified')
  const data: Answer = () => ({ body: '{"sub":"s","app_metadata":{"otoroshi_data":{"a":1}}}' })
  assert.deepEqual((await call({}, bearer('t'), { answer: data })).user!.otoroshiData, { a: 1 })
  const refused = await call({}, bearer('t'), { module: { allowedUsers: ['eve@x.test'] } })
  assert.deepEqual([outcome(refused), refused.refusal!.message], ['401 oauth.refused', 'User not allowed'])
  // A subject that looks like an address is none: who may choose his own must not pass for somebody else.
  const boss: Answer = () => ({ body: '{"sub":"ada@x.test"}' })
  const posing = await call({}, bearer('t'), { answer: boss, module })
  assert.deepEqual([posing.user!.email, posing.user!.otoroshiData], ['no.name@oto.tools', { team: 'x' }])
  const listed = await call({}, bearer('t'), { answer: boss, module: { allowedUsers: ['ada@x.test'] } })
  assert.equal(outcome(listed), '401 oauth.refused')
})

test('without token, or without a fitting module, nobody passes', async () => {
  assert.equal(outcome(await call({}, {})), '401 oauth.refused')
  assert.equal(outcome(await call({}, bearer(''))), '401 oauth.refused')
  const basic = await call({}, { Authorization: 'Basic dTpw' })
  assert.deepEqual(
    [outcome(basic), basic.asked.length],
    ['401 oauth.refused', 0],
    'a password is shown to nobody',
  )
  assert.equal(outcome(await call({ header_name: 'X-Token' }, { 'X-Token': 't' })), '200 passed')
  for (const ref of ['', 'none', 'basic']) {
    const run = await call({ ref }, bearer('t'))
    assert.deepEqual([run.status, run.refusal!.message], [500, 'bad auth. module'])
  }
})
