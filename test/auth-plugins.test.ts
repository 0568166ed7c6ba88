/** Plugins about users, through a running gateway: each with its defaults and with settings that tell. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hash } from 'bcryptjs'
import { type Backend, startBackend } from './support/backend.ts'
import { Browser } from './support/browser.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'

let gateway: TestGateway
let backend: Backend
let signedId: string

const slot = (name: string, config: object = {}) => ({
  plugin: `cp:otoroshi.next.plugins.${name}`,
  enabled: true,
  config,
})
const at = (id: string, path = '/') => `http://${id}.oto.tools:${gateway.port}${path}`
const basic = (pair: string) => ({ Authorization: `Basic ${Buffer.from(pair).toString('base64')}` })
const get = (id: string, headers: Record<string, string> = {}, path = '/') =>
  call(gateway.port, at(id, path), { headers })
const status = async (id: string, headers: Record<string, string> = {}, path = '/') =>
  (await get(id, headers, path)).status

async function route(id: string, ...plugins: object[]): Promise<void> {
  await gateway.route({
    id,
    name: id,
    frontend: { domains: [`${id}.oto.tools`] },
    backend: { targets: [{ id: 't', hostname: '127.0.0.1', port: backend.port, tls: false }] },
    plugins,
  })
}

const asUser = () => ({ Cookie: `oto-papps-basic-auth-people=${signedId}` })

before(async () => {
  backend = await startBackend()
  gateway = await startGateway()
  const password = await hash('correct horse', 4)
  for (const id of ['people', 'others']) {
    const module = {
      id,
      type: 'basic',
      name: id,
      users: [
        { name: 'Ada', email: 'ada@example.com', password },
        { name: 'Out', email: 'out@example.com', password },
      ],
      deniedUsers: ['out@example.com'],
      sessionCookieValues: { httpOnly: true, secure: false },
    }
    const made = await gateway.admin('POST', '/apis/security.otoroshi.io/v1/auth-modules', module)
    assert.equal(made.status, 201, made.text)
  }
  const sso = { id: 'sso', type: 'oauth2', name: 'sso' }
  const made = await gateway.admin('POST', '/apis/security.otoroshi.io/v1/auth-modules', sso)
  assert.equal(made.status, 201, made.text)
  await route('login', slot('AuthModule', { auth_module: 'people' }))
  const browser = new Browser(gateway.port)
  await browser.submit(await browser.open(at('login')), {
    username: 'ada@example.com',
    password: 'correct horse',
  })
  signedId = browser.cookie('oto-papps-basic-auth-people', at('login'))!
  assert.ok(signedId)
})
after(async () => {
  await gateway?.stop()
  await backend?.close()
})

describe('basic credentials of an auth module', () => {
  before(() =>
    route('bawam', slot('BasicAuthWithAuthModule', { ref: 'people' }), slot('UserProfileEndpoint')),
  )

  it('make the user known', async () => {
    const got = await get('bawam', basic('ada@example.com:correct horse'))
    assert.deepEqual([got.status, got.json.email], [200, 'ada@example.com'])
    assert.equal((await gateway.admin('GET', '/api/apps-sessions')).json.length, 1, 'no session is made')
  })

  it('do not pass with another password because the right one has just passed', async () => {
    assert.equal(await status('bawam', basic('ada@example.com:correct horse')), 200)
    const wrong = await get('bawam', basic('ada@example.com:wrong'))
    assert.deepEqual([wrong.status, wrong.json], [401, { error: 'forbidden' }])
    assert.equal(wrong.headers['www-authenticate'], 'Basic realm="bawam-basic-auth-people"')
  })

  it('are judged by the rules of the module', async () => {
    assert.equal(await status('bawam', basic('out@example.com:correct horse')), 401)
  })

  it('are asked anew when the module changes: a new password counts at once', async () => {
    const { json } = await gateway.admin('GET', '/apis/security.otoroshi.io/v1/auth-modules/people')
    const changed = {
      ...json,
      users: [{ ...json.users[0], password: await hash('new password', 4) }, json.users[1]],
    }
    const put = await gateway.admin('PUT', '/apis/security.otoroshi.io/v1/auth-modules/people', changed)
    assert.equal(put.status, 200, put.text)
    assert.equal(await status('bawam', basic('ada@example.com:correct horse')), 401)
    assert.equal(await status('bawam', basic('ada@example.com:new password')), 200)
  })

  it('want a module that has passwords', async () => {
    await route('nobawam', slot('BasicAuthWithAuthModule'))
    await route('ssobawam', slot('BasicAuthWithAuthModule', { ref: 'sso', add_authenticate_header: false }))
    const none = await get('nobawam', basic('a:b'))
    assert.deepEqual([none.status, none.json.error_description], [500, 'auth. module not found'])
    const other = await get('ssobawam', basic('a:b'))
    assert.deepEqual([other.status, other.json.error_description], [500, 'unsupported auth. module kind'])
    assert.equal((await get('ssobawam')).headers['www-authenticate'], undefined)
  })

  it('that are guessed slow the guesser down', async () => {
    const guess = (password: string) =>
      status('bawam', { ...basic(`eve@example.com:${password}`), 'X-Forwarded-For': '192.0.2.9' })
    const seen: number[] = []
    for (let i = 0; i < 7; i++) seen.push(await guess(`guess ${i}`))
    assert.deepEqual(seen.slice(0, 5), [401, 401, 401, 401, 401])
    assert.ok(seen.includes(429), String(seen))
  })
})

describe('basic credentials of the settings', () => {
  it('are good in clear and hashed, and nothing else is', async () => {
    const users = { plain: 'in clear', hashed: await hash('kept as hash', 4) }
    await route('simple', slot('SimpleBasicAuth', { realm: 'back room', users }))
    await route('nosimple', slot('SimpleBasicAuth'))
    assert.equal(await status('simple', basic('plain:in clear')), 200)
    assert.equal(await status('simple', basic('hashed:kept as hash')), 200)
    for (const pair of ['plain:x', 'hashed:x', `hashed:${users.hashed}`, 'nobody:x'])
      assert.equal(await status('simple', basic(pair)), 401, pair)
    assert.equal((await get('simple')).headers['www-authenticate'], 'Basic realm="back room"')
    assert.equal(
      (await get('nosimple', basic('a:b'))).headers['www-authenticate'],
      'Basic realm="authentication"',
    )
  })

  it('that are guessed slow the guesser down, in clear and hashed', async () => {
    const users = { plain: 'in clear', hashed: await hash('kept as hash', 4) }
    await route('guessed', slot('SimpleBasicAuth', { users }))
    for (const name of ['plain', 'hashed', 'nobody']) {
      const from = { 'X-Forwarded-For': `192.0.2.${name.length}` }
      const seen: number[] = []
      // Each thread counts those in clear for itself.
      for (let i = 0; i < 24; i++) seen.push(await status('guessed', { ...basic(`${name}:x${i}`), ...from }))
      assert.deepEqual([...new Set(seen)].toSorted(), [401, 429], `${name}: ${seen.join()}`)
      const { headers } = await get('guessed', { ...basic(`${name}:again`), ...from })
      assert.match(String(headers['retry-after']), /^\d+$/, name)
    }
    assert.equal(await status('guessed', basic('plain:in clear')), 200)
  })

  it('that are right may come many at once', async () => {
    const users = { often: await hash('right', 8) }
    await route('often', slot('SimpleBasicAuth', { users }))
    const all = await Promise.all(Array.from({ length: 60 }, () => status('often', basic('often:right'))))
    assert.deepEqual([...new Set(all)], [200])
  })

  it('are those of the global configuration, too, as it is now', async () => {
    const users = { simple_basic_auth_global_users: { everywhere: 'global' } }
    assert.equal(await status('nosimple', basic('everywhere:global')), 401)
    const { json } = await gateway.admin('GET', '/api/globalconfig')
    const config = { ...json, plugins: { ...json.plugins, config: { ...json.plugins.config, ...users } } }
    assert.equal((await gateway.admin('PUT', '/api/globalconfig', config)).status, 200)
    assert.equal(await status('nosimple', basic('everywhere:global')), 200)
    assert.equal((await gateway.admin('PUT', '/api/globalconfig', json)).status, 200)
    assert.equal(await status('nosimple', basic('everywhere:global')), 401)
  })
})

describe('users that are known', () => {
  it('are expected, extracted, told and sent away', async () => {
    const extract = slot('NgAuthModuleUserExtractor', { auth_module: 'people' })
    await route('expected', extract, slot('NgAuthModuleExpectedUser'))
    await route('elsewhere', extract, slot('NgAuthModuleExpectedUser', { only_from: ['others'] }))
    await route('profile', extract, slot('UserProfileEndpoint'))
    await route('consumer', extract, slot('ConsumerEndpoint'))
    await route('out', extract, slot('UserLogoutEndpoint'))
    assert.deepEqual([await status('expected', asUser()), await status('expected')], [200, 401])
    assert.equal(await status('elsewhere', asUser()), 401)
    assert.equal((await get('profile', asUser())).json.name, 'Ada')
    assert.equal((await get('profile')).status, 401)
    assert.equal((await get('consumer', asUser())).json.access_type, 'session')
    assert.deepEqual((await get('consumer')).json, { access_type: 'public' })
    assert.equal((await get('out')).status, 204)
    const out = await get('out', asUser(), '/?redirect=/bye')
    assert.deepEqual(
      [out.status, out.headers.location],
      [303, '/.well-known/otoroshi/logout?redirect=%2Fbye'],
    )
  })

  it('or keys pass where services had both', async () => {
    const config = { auth_module: 'people', public_patterns: ['/pages/.*'] }
    await route('legacy', slot('NgLegacyAuthModuleCall', config))
    const key = {
      clientId: 'legacy-key',
      clientSecret: 's',
      clientName: 'k',
      authorizedEntities: ['route_legacy'],
    }
    assert.equal((await gateway.admin('POST', '/apis/apim.otoroshi.io/v1/apikeys', key)).status, 201)
    const withKey = { 'Otoroshi-Client-Id': 'legacy-key', 'Otoroshi-Client-Secret': 's' }
    assert.equal(await status('legacy', asUser(), '/pages/x'), 200)
    assert.equal(await status('legacy', {}, '/pages/x'), 303)
    assert.equal(await status('legacy', asUser(), '/api'), 200)
    assert.equal(await status('legacy', withKey, '/api'), 200)
    assert.equal(await status('legacy', {}, '/api'), 400)
  })

  it('pass with an API key in place of a user only where that is said', async () => {
    const key = {
      clientId: 'mixed-key',
      clientSecret: 's',
      clientName: 'k',
      authorizedEntities: ['route_mixed', 'route_users-only'],
    }
    assert.equal((await gateway.admin('POST', '/apis/apim.otoroshi.io/v1/apikeys', key)).status, 201)
    const keys = slot('ApikeyCalls', { mandatory: false })
    await route('mixed', keys, slot('AuthModule', { auth_module: 'people', pass_with_apikey: true }))
    await route('users-only', keys, slot('AuthModule', { auth_module: 'people' }))
    const withKey = { 'Otoroshi-Client-Id': 'mixed-key', 'Otoroshi-Client-Secret': 's' }
    assert.deepEqual([await status('mixed', withKey), await status('users-only', withKey)], [200, 303])
  })
})

describe('settings that are wrong', () => {
  it('close the route and name the place', async () => {
    const wrong: [string, object, RegExp][] = [
      ['AuthModule', { auth_module: 1 }, /auth_module/],
      ['MultiAuthModule', { auth_modules: 'people' }, /auth_modules/],
      ['MultiAuthModule', { users_groups: { people: 'x' } }, /users_groups\.people/],
      ['NgLegacyAuthModuleCall', { public_patterns: ['('] }, /public_patterns\.0/],
      ['NgAuthModuleUserExtractor', { auth_module: [] }, /auth_module/],
      ['NgAuthModuleExpectedUser', { only_from: {} }, /only_from/],
      ['BasicAuthWithAuthModule', { add_authenticate_header: 'yes' }, /add_authenticate_header/],
      ['SimpleBasicAuth', { users: { a: 1 } }, /users\.a/],
    ]
    for (const [i, [name, config, place]] of wrong.entries()) {
      const id = `wrong-${i}`
      await route(id, slot(name, config))
      const got = await get(id)
      assert.deepEqual(
        [got.status, got.headers['otoroshi-error-reason']],
        [503, `plugin.invalid_config; plugin="cp:otoroshi.next.plugins.${name}"`],
      )
      const { text } = await gateway.admin('GET', `/apis/proxy.otoroshi.io/v1/routes/${id}/_status`)
      assert.match(text, place, `${name}: ${text}`)
    }
  })

  it('of a module that is not there answer as upstream', async () => {
    await route('none', slot('AuthModule'))
    await route('gone', slot('AuthModule', { auth_module: 'gone' }))
    assert.equal((await get('none')).headers['otoroshi-error-reason'], 'auth.module_not_named')
    assert.deepEqual(
      [(await get('gone')).status, (await get('gone')).headers['otoroshi-error-reason']],
      [500, 'auth.module_missing'],
    )
  })
})
