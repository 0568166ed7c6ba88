import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bearerOf } from '../../identity/proofs.ts'
import {
  apikeyAttribute,
  Attributes,
  eventExtrasAttribute,
  type RouteView,
  userAttribute,
} from '../../plugin/index.ts'
import {
  apikey,
  authModule,
  clientRequest,
  fakeLogins,
  pluginServices,
  routeView,
  runPlugin,
  setUp,
  userSession,
} from '../../plugin/testing.ts'
import plugin from './apikey-calls.ts'

const key = (more: Record<string, unknown> = {}) =>
  apikey({ clientId: 'id', clientSecret: 'secret', authorizedEntities: ['group_default'], ...more })

const headers = (id: string, secret: string) => ({
  'Otoroshi-Client-Id': id,
  'Otoroshi-Client-Secret': secret,
})
const good = headers('id', 'secret')

interface Call {
  readonly key?: Record<string, unknown>
  readonly config?: Record<string, unknown>
  readonly headers?: Record<string, string>
  readonly method?: string
  readonly url?: string
  readonly route?: Partial<RouteView>
}

const call = ({ key: more, config, headers: fields = good, method = 'GET', url = '/', route }: Call = {}) =>
  runPlugin(plugin, {
    config,
    apikeys: [key(more)],
    request: { method, url, headers: fields },
    ...(route !== undefined && { route }),
  })

/** `200`, or status, reason and message. */
async function outcome(of: Call = {}): Promise<string> {
  const { status, refusal, backend } = await call(of)
  assert.equal(backend === null, refusal !== null, 'the backend is called unless the request is refused')
  return refusal === null ? String(status) : `${status} ${refusal.reason} ${refusal.message} ${refusal.cause}`
}

const MISSING = '400 apikey.missing no apikey errors.no.api.key'
const UNKNOWN = '400 apikey.unknown invalid apikey tuple errors.invalid.api.key.tuple'
const BAD = '401 apikey.bad bad apikey errors.bad.api.key'
const INVALID = '401 apikey.invalid invalid apikey errors.invalid.api.key'

describe('a call', () => {
  test('with a good key passes and leaves the key', async () => {
    const run = await call()
    assert.equal(run.status, 200)
    assert.equal(run.attributes.get(apikeyAttribute)?.clientId, 'id')
  })

  test('without a key is refused', async () => {
    assert.equal(await outcome({ headers: {} }), MISSING)
    assert.equal(await outcome({ headers: { 'Otoroshi-Client-Id': 'id' } }), MISSING)
    assert.equal(await outcome({ headers: { 'Otoroshi-Client-Secret': 'secret' } }), MISSING)
  })

  test('with an unknown key is refused, and the report names it', async () => {
    assert.equal(await outcome({ headers: headers('other', 'secret') }), UNKNOWN)
    const { refusal } = await call({ headers: headers('other', 'secret') })
    assert.equal(refusal?.detail, "apikey 'other' not found in datastore")
    const { attributes } = await call({ headers: {} })
    assert.deepEqual(attributes.get(eventExtrasAttribute), {
      apikey_rejection_reason: 'no apikey detected in the http request',
    })
    const long = await call({ headers: headers('x'.repeat(9999), 'secret') })
    assert.ok(long.refusal!.detail!.length < 300)
  })

  test('with a wrong secret is refused', async () => {
    for (const secret of ['', 'secre', 'secret2', 'SECRET', 'null', 'undefined'])
      assert.equal(await outcome({ headers: headers('id', secret) }), BAD, secret)
  })

  test('refused leaves no key behind and tells no secret', async () => {
    const run = await call({ headers: headers('id', 'guessed') })
    assert.equal(run.attributes.get(apikeyAttribute), undefined)
    assert.equal(run.headers.get('otoroshi-error-reason'), 'apikey.bad')
    assert.equal(run.headers.get('otoroshi-error-msg'), 'bad apikey')
    assert.doesNotMatch(JSON.stringify([run.text, run.refusal, [...run.headers]]), /guessed|"secret"/)
  })

  test('with a good key passes, and one without any is refused without a promise', async () => {
    const route = routeView()
    const instance = setUp(plugin, {}, pluginServices(route, [key()], []))
    const judge = (fields: Record<string, string>) =>
      instance.access!({
        request: clientRequest({ headers: fields }, true),
        startedAt: Date.now(),
        attributes: new Attributes(),
        route: routeView(),
      } as never)
    assert.equal(await judge(good), undefined)
    assert.equal((judge({}) as { reason: string }).reason, 'apikey.missing')
  })
})

describe('a key', () => {
  test('that is disabled is refused in every form, its id alone included', async () => {
    const state = { enabled: false, allowClientIdOnly: true }
    for (const fields of [
      good,
      { 'x-api-key': 'id' },
      { Authorization: `Basic ${btoa('id:secret')}` },
      { Authorization: `Bearer ${bearerOf('id', 'secret')}` },
    ])
      assert.equal(await outcome({ key: state, headers: fields }), BAD)
  })

  test('that is expired is refused in every form, its id alone included', async () => {
    const state = { validUntil: Date.now() - 1, allowClientIdOnly: true }
    assert.equal(await outcome({ key: state }), BAD)
    assert.equal(await outcome({ key: state, headers: { 'x-api-key': 'id' } }), BAD)
    assert.equal(await outcome({ key: { validUntil: Date.now() + 60_000 } }), '200')
  })

  test('is accepted by its id alone only when it allows that', async () => {
    const fields = { 'x-api-key': 'id' }
    assert.equal(await outcome({ headers: fields }), BAD)
    assert.equal(await outcome({ headers: fields, key: { allowClientIdOnly: true } }), '200')
  })

  test('that allows its id alone is refused with a wrong secret all the same', async () => {
    const open = { allowClientIdOnly: true }
    for (const fields of [
      headers('id', 'wrong'),
      { Authorization: `Basic ${btoa('id:wrong')}` },
      { Authorization: `Bearer ${bearerOf('id', 'wrong')}` },
    ])
      assert.equal(await outcome({ key: open, headers: fields }), BAD)
  })

  test('that rotates opens with both secrets, and stops with the grace', async () => {
    const rotation = { enabled: true, nextSecret: 'next' }
    assert.equal(await outcome({ key: { rotation } }), '200')
    assert.equal(await outcome({ key: { rotation }, headers: headers('id', 'next') }), '200')
    const off = { rotation: { ...rotation, enabled: false } }
    assert.equal(await outcome({ key: off, headers: headers('id', 'next') }), BAD)
    const empty = { rotation: { enabled: true, nextSecret: '' } }
    assert.equal(await outcome({ key: empty, headers: headers('id', '') }), BAD)
  })

  test('that is read-only reads', async () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS'])
      assert.equal(await outcome({ key: { readOnly: true }, method }), '200', method)
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'get'])
      assert.match(await outcome({ key: { readOnly: true }, method }), /^405 method_not_allowed/, method)
  })

  test('opens the routes it is granted on and no others', async () => {
    const granted = (entity: string, route: Partial<RouteView> = {}): Promise<string> =>
      outcome({ key: { authorizedEntities: [entity] }, route: { id: 'r', groups: ['g', 'h'], ...route } })
    const api = { metadata: { 'Otoroshi-Api-Ref': 'a' } }
    const part = { metadata: { 'otoroshi-core-original-route-id': 'whole' } }
    for (const entity of ['group_g', 'group_h', 'route_r', 'service_r', 'route-composition_r', 'api_r'])
      assert.equal(await granted(entity), '200', entity)
    assert.equal(await granted('api_a', api), '200')
    assert.equal(await granted('route-composition_whole', part), '200')
    for (const entity of ['group_r', 'route_g', 'api_a', 'group_default', 'route_', 'group_'])
      assert.equal(await granted(entity), UNKNOWN, entity)
    assert.equal(await granted('group_', { groups: [] }), UNKNOWN)
  })

  test('without any grant opens nothing', async () => {
    assert.equal(await outcome({ key: { authorizedEntities: [] } }), UNKNOWN)
  })

  test('is kept from what its restrictions forbid or hide', async () => {
    const line = (path: string, method = '*') => ({ method, path })
    const restricted = (more: Record<string, unknown>) => ({ restrictions: { enabled: true, ...more } })
    const forbids = restricted({ forbidden: [line('/admin/.*', 'POST')], notFound: [line('/hidden')] })
    assert.equal(await outcome({ key: forbids, url: '/admin/x' }), '200')
    assert.match(
      await outcome({ key: forbids, url: '/admin/x', method: 'POST' }),
      /^403 apikey.forbidden Forbidden/,
    )
    assert.match(
      await outcome({ key: forbids, url: '/hidden' }),
      /^404 apikey.hidden Not Found errors.not.found/,
    )
    const only = restricted({ allowLast: false, allowed: [line('/a/.*')] })
    assert.equal(await outcome({ key: only, url: '/a/b' }), '200')
    assert.match(await outcome({ key: only, url: '/b' }), /^404 apikey.hidden/)
  })

  test('that changes is judged anew', async () => {
    const keys = [key({ enabled: false })]
    const services = pluginServices(routeView(), [], [], { apikeys: { find: () => keys[0]! } })
    const instance = setUp(plugin, {}, services)
    const exchange = () =>
      ({
        request: clientRequest({ headers: good }, true),
        startedAt: Date.now(),
        attributes: new Attributes(),
        route: routeView(),
      }) as never
    assert.equal((instance.access!(exchange()) as { reason: string }).reason, 'apikey.bad')
    keys[0] = key()
    assert.equal(await instance.access!(exchange()), undefined)
    keys[0] = key({ clientSecret: 'changed' })
    assert.equal((instance.access!(exchange()) as { reason: string }).reason, 'apikey.bad')
    keys[0] = key({ authorizedEntities: [] })
    assert.equal((instance.access!(exchange()) as { reason: string }).reason, 'apikey.unknown')
  })
})

describe('what is asked', () => {
  const cases = { none: {}, unknown: headers('other', 'x'), bad: headers('id', 'x'), good }
  const outcomes = async (config: Record<string, unknown>): Promise<string[]> => {
    const list: string[] = []
    for (const fields of Object.values(cases)) {
      const run = await call({ config, headers: fields })
      list.push(`${run.refusal?.reason ?? run.status}${run.attributes.get(apikeyAttribute) ? ' keyed' : ''}`)
    }
    return list
  }

  test('validate and mandatory: any fault refuses', async () => {
    const expected = ['apikey.missing', 'apikey.unknown', 'apikey.bad', '200 keyed']
    assert.deepEqual(await outcomes({}), expected)
    assert.deepEqual(await outcomes({ validate: true, mandatory: true }), expected)
    assert.deepEqual(await outcomes({ validate: null, mandatory: null }), expected)
  })

  test('validate alone: no key and unknown keys pass, bad ones do not', async () => {
    assert.deepEqual(await outcomes({ mandatory: false }), ['200', '200', 'apikey.bad', '200 keyed'])
  })

  test('neither: all pass, and a good key counts', async () => {
    assert.deepEqual(await outcomes({ validate: false, mandatory: false }), [
      '200',
      '200',
      '200',
      '200 keyed',
    ])
  })

  test('mandatory alone: nothing is looked at', async () => {
    assert.deepEqual(await outcomes({ validate: false }), ['200', '200', '200', '200'])
  })

  test('a key that another plugin accepted is not asked for again', async () => {
    const other = apikey({ clientId: 'other', clientSecret: 's' })
    const run = await runPlugin(plugin, { before: e => e.attributes.set(apikeyAttribute, other) })
    assert.equal(run.status, 200)
    assert.equal(run.attributes.get(apikeyAttribute), other)
  })

  test('pass_with_user lets users in, and nobody else', async () => {
    const user = userSession({ name: 'u', email: 'u@x', realm: 'r' })
    const run = (config: object, logged: boolean) =>
      runPlugin(plugin, { config, before: e => logged && e.attributes.set(userAttribute, user) })
    assert.equal((await run({ pass_with_user: true }, true)).status, 200)
    assert.equal((await run({ pass_with_user: true }, false)).status, 400)
    assert.equal((await run({}, true)).status, 400)
  })

  test('pass_with_user takes the session of a module of the route, and of no other', async () => {
    const logins = fakeLogins({
      modules: [authModule({ id: 'm' }), authModule({ id: 'n' })],
      sessions: [userSession({ randomId: 's', authConfigId: 'm' })],
    })
    const cookie = `${authModule({ id: 'm' }).cookie}=${logins.sign('s')}::s`
    const status = async (plugins: object[], headers: Record<string, string> = { Cookie: cookie }) =>
      (
        await runPlugin(plugin, {
          config: { pass_with_user: true },
          route: { json: { plugins } },
          services: { logins },
          request: { headers },
        })
      ).status
    const guard = (auth_module: string) => ({
      plugin: 'cp:otoroshi.next.plugins.AuthModule',
      config: { auth_module },
    })
    assert.equal(await status([guard('m')]), 200)
    assert.equal(await status([guard('n')]), 400)
    assert.equal(await status([]), 400)
    assert.equal(await status([guard('m')], {}), 400)
    assert.equal(await status([guard('m')], { Cookie: cookie.replace('::s', '::t') }), 400)
  })

  test('update_quotas is a setting', async () => {
    assert.equal(await outcome({ config: { update_quotas: false } }), '200')
  })

  test('settings that make no sense do not set up', async () => {
    for (const config of [
      { mandatory: 'no' },
      { validate: 0 },
      { extractors: 'all' },
      { extractors: { basic: { enabled: 'yes' } } },
      { extractors: { jwt: { max_jwt_lifespan_sec: '60' } } },
      { extractors: { client_id: { header_name: 'x api key' } } },
      { extractors: { custom_headers: { client_secret_header_name: 'secret:' } } },
      { routing: { enabled: true, one_tag_in: 'gold' } },
      { routing: { enabled: true, oneTagIn: 'gold' } },
      { routing: { enabled: true, all_meta_in: { a: 1 } } },
    ])
      await assert.rejects(runPlugin(plugin, { config }), Error, JSON.stringify(config))
  })
})

describe('routing', () => {
  const request = (fields: Record<string, string>) => clientRequest({ headers: fields }, true)
  const matcher = (routing: object, more: Record<string, unknown> = {}) => {
    const config = { routing: { enabled: true, ...routing } }
    return setUp(plugin, config, pluginServices(routeView(), [key(more)], [])).matchRoute
  }

  test('leaves a route to keys that fit', () => {
    const matches = matcher({ one_tag_in: ['gold'] }, { tags: ['gold'] })!
    assert.ok(matches(request(good)))
    assert.ok(matches(request({})), 'without a key the route is taken, to answer that one is missing')
    assert.ok(!matches(request(headers('id', 'wrong'))))
    assert.ok(!matches(request(headers('other', 'secret'))))
    assert.ok(!matcher({ one_tag_in: ['gold'] }, { tags: ['iron'] })!(request(good)))
  })

  test('does not hide that a fitting key is restricted', () => {
    const restrictions = { enabled: true, forbidden: [{ method: '*', path: '/.*' }] }
    assert.ok(matcher({ one_tag_in: ['gold'] }, { tags: ['gold'], restrictions })!(request(good)))
  })

  test('takes part in matching only when there is something to fit', () => {
    assert.equal(matcher({}), undefined)
    assert.equal(matcher({ enabled: false, one_tag_in: ['gold'] }), undefined)
  })

  test('refuses keys that do not fit where matching was passed over', async () => {
    const config = { routing: { enabled: true, one_tag_in: ['gold'] } }
    assert.equal(await outcome({ config }), INVALID)
    assert.equal(await outcome({ config, key: { tags: ['gold'] } }), '200')
    assert.equal(await outcome({ config: { ...config, mandatory: false } }), INVALID)
  })

  test('keeps keys for constrained services from routes without constraints', async () => {
    const more = { constrainedServicesOnly: true, tags: ['gold'] }
    assert.equal(await outcome({ key: more, config: { routing: { enabled: true } } }), INVALID)
    assert.equal(
      await outcome({ key: more, config: { routing: { enabled: true, one_tag_in: ['gold'] } } }),
      '200',
    )
  })
})
