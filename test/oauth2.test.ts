/** Logins by OAuth 2 and OpenID Connect through a running gateway, with a provider that is right, and one that is wrong. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hash } from 'bcryptjs'
import { FaultyProvider } from '../src/login/testing/faulty-provider.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { Browser, type Visited } from './support/browser.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { until } from './support/wait.ts'

type Json = Readonly<Record<string, unknown>>

const AUTH = 'cp:otoroshi.next.plugins.AuthModule'
const PROFILE = 'cp:otoroshi.next.plugins.UserProfileEndpoint'
const modules = '/apis/security.otoroshi.io/v1/auth-modules'
const COOKIE = 'oto-papps-global-oauth-idp'

let gateway: TestGateway
let backend: Backend
let server: Backend
let idp: FaultyProvider

const at = (host: string, path = '/'): string => `http://${host}:${gateway.port}${path}`
const browser = (): Browser => new Browser(url => (url.hostname === '127.0.0.1' ? server.port : gateway.port))

const fields = (id: string, more: Json = {}) => ({
  id,
  type: 'oauth2',
  name: `Module ${id}`,
  clientId: 'gateway',
  clientSecret: 'secret of the gateway',
  callbackUrl: at('privateapps.oto.tools', '/privateapps/generic/callback'),
  oidConfig: `${idp.origin}/.well-known/openid-configuration`,
  pkce: { enabled: true, algorithm: 'S256' },
  sessionCookieValues: { httpOnly: true, secure: false },
  ...more,
})

async function module(id: string, more: Json = {}): Promise<void> {
  const made = await gateway.admin('POST', modules, fields(id, more))
  assert.equal(made.status, 201, made.text)
  for (const [name, plugins] of [
    [id, []],
    [`me-${id}`, [{ plugin: PROFILE }]],
  ] as const)
    await gateway.route({
      id: name,
      name,
      frontend: { domains: [`${name}.oto.tools`] },
      backend: { targets: [{ id: 't', hostname: '127.0.0.1', port: backend.port, tls: false }] },
      plugins: [{ plugin: AUTH, config: { auth_module: id } }, ...plugins],
    })
}

/** The provider is what it is at first, and `change` made it something else. */
function provider(change: (provider: FaultyProvider) => void = () => {}): void {
  idp.broken.clear()
  Object.assign(idp, { tokenIssuer: null, claims: {}, tokens: {}, twist: (token: string) => token })
  change(idp)
}

const why = (page: Visited): unknown => [page.status, page.headers['otoroshi-error-reason']]

before(async () => {
  backend = await startBackend((request, response) => void response.end(`served ${request.url}`))
  server = await startBackend((request, response) => {
    const headers = request.headers as Record<string, string | undefined>
    const answer = idp.answer({ ...request, headers })
    response.writeHead(answer.status, answer.headers).end(answer.body)
  })
  idp = new FaultyProvider(`http://127.0.0.1:${server.port}`)
  gateway = await startGateway()
  await module('idp')
})
after(async () => {
  await gateway?.stop()
  await server?.close()
  await backend?.close()
})

describe('a login at a provider', () => {
  it('leads from the route over the provider to what was wanted, and tells backends who it is', async () => {
    provider()
    const user = browser()
    const page = await user.open(at('idp.oto.tools', '/deep?x=1&y=%20'))
    assert.equal(page.body, 'served /deep?x=1&y=%20', page.url)
    const me = await user.open(at('me-idp.oto.tools'))
    assert.deepEqual([me.json.name, me.json.email, me.json.profile.sub], ['Ada', 'ada@idp.test', 'ada'])
    assert.doesNotMatch(me.body, /access-|refresh-/)
  })

  it('keeps the tokens of the provider out of logs and pages', async () => {
    provider()
    const user = browser()
    await user.open(at('idp.oto.tools'))
    assert.doesNotMatch(gateway.output, /access-[0-9a-f]{16}|refresh-[0-9a-f]{16}|secret of the gateway/)
    const { json } = await gateway.admin('GET', '/api/apps-sessions')
    assert.ok(json.some((session: { realm: string }) => session.realm === 'global-oauth-idp'))
  })

  it('is of one browser: a callback that was begun elsewhere is refused, and logs nobody in as somebody else', async () => {
    provider()
    const attacker = browser()
    let hop = await attacker.request(at('idp.oto.tools'))
    while (!hop.headers.location!.includes('code=')) hop = await attacker.request(hop.headers.location!)
    const victim = browser()
    const got = await victim.open(hop.headers.location!)
    assert.deepEqual(why(got), [400, 'login.stale'])
    assert.equal(victim.cookie(COOKIE, at('idp.oto.tools')), undefined)
    assert.equal((await attacker.open(hop.headers.location!)).body, 'served /', 'the code was not used up')
    const again = await attacker.request(hop.headers.location!)
    assert.notEqual(again.status, 303, 'the same callback once more')
    const without = new URL(hop.headers.location!)
    without.searchParams.delete('state')
    assert.deepEqual(why(await attacker.open(without.href)), [400, 'login.stale'])
  })

  const wrong: [string, (provider: FaultyProvider) => void][] = [
    ['of another issuer', s => (s.tokenIssuer = 'https://evil.test')],
    ['for another audience', s => (s.claims = { aud: 'others' })],
    ['of another login', s => (s.claims = { nonce: 'another' })],
    ['with keys that are not published', s => (s.twist = token => `${token.slice(0, -4)}AAAA`)],
    ['without an algorithm', s => (s.twist = token => `eyJhbGciOiJub25lIn0.${token.split('.')[1]}.`)],
    ['that is not there', s => (s.twist = () => undefined)],
  ]
  for (const [name, change] of wrong)
    it(`with an ID token ${name} is none`, async () => {
      provider(change)
      const user = browser()
      assert.deepEqual(why(await user.open(at('idp.oto.tools'))), [400, 'login.refused'])
      assert.equal(user.cookie(COOKIE, at('idp.oto.tools')), undefined)
    })

  it('goes on when the provider has new keys', async () => {
    provider(s => s.rotate())
    assert.equal((await browser().open(at('idp.oto.tools'))).body, 'served /')
  })

  it('says that the provider is in trouble, and what kind only in the log', async () => {
    const huge = JSON.stringify({ access_token: 'x', pad: 'x'.repeat(1_000_000) })
    for (const [path, status, body] of [
      ['/token', 500, '{"error":"server_error","error_description":"private words"}'],
      ['/userinfo', 503, 'private words'],
      ['/token', 200, huge],
    ] as const) {
      provider(s => void s.broken.set(path, { status, headers: {}, body }))
      const page = await browser().open(at('idp.oto.tools'))
      assert.deepEqual(why(page), [500, 'login.provider_failed'], path)
      assert.doesNotMatch(page.body, /private words/)
    }
    assert.match(gateway.output, /auth module idp: token endpoint: status 500, server_error/)
    assert.doesNotMatch(gateway.output, /private words/)
  })

  it('does not wait for a provider that hangs', async () => {
    provider()
    const silent = await startBackend(() => {})
    await module('slow', {
      oidConfig: null,
      loginUrl: `${idp.origin}/authorize`,
      tokenUrl: `http://127.0.0.1:${silent.port}/`,
      callTimeout: 300,
    })
    assert.deepEqual(why(await browser().open(at('slow.oto.tools'))), [500, 'login.provider_failed'])
    await silent.close()
  })

  it('of a module that cannot be used is refused when it is written, with the place of the fault', async () => {
    for (const [more, place] of [
      [{ pkce: { enabled: true, algorithm: 'S1' } }, 'pkce.algorithm'],
      [{ clientAuthentication: 'magic' }, 'clientAuthentication'],
      [{ tokenUrl: 7 }, 'tokenUrl'],
      [{ callTimeout: 0 }, 'callTimeout'],
      [{ userInfoMethod: 'put' }, 'userInfoMethod'],
    ] as const) {
      const { status, text } = await gateway.admin('POST', modules, fields('bad', more))
      assert.equal(status, 400)
      assert.ok(text.includes(place), text)
    }
    assert.equal((await gateway.admin('GET', `${modules}/bad`)).status, 404)
  })
})

describe('a logout', () => {
  it('of two logins leads to the provider that one of them has', async () => {
    provider()
    const own = {
      id: 'own',
      type: 'basic',
      name: 'own',
      users: [{ name: 'Ada', email: 'ada@example.com', password: await hash('correct horse', 4) }],
      sessionCookieValues: { httpOnly: true, secure: false },
    }
    const made = await gateway.admin('POST', modules, own)
    assert.equal(made.status, 201, made.text)
    for (const [id, plugin] of [
      ['own', { plugin: AUTH, config: { auth_module: 'own' } }],
      [
        'both',
        {
          plugin: `${AUTH.replace('AuthModule', 'MultiAuthModule')}`,
          config: { auth_modules: ['idp', 'own'] },
        },
      ],
    ] as const)
      await gateway.route({
        id,
        name: id,
        frontend: { domains: [`${id}.oto.tools`] },
        backend: { targets: [{ id: 't', hostname: '127.0.0.1', port: backend.port, tls: false }] },
        plugins: [plugin],
      })
    const user = browser()
    await user.open(at('idp.oto.tools'))
    const form = await user.open(at('own.oto.tools'))
    assert.equal(
      (await user.submit(form, { username: 'ada@example.com', password: 'correct horse' })).body,
      'served /',
    )
    const out = await user.request(at('both.oto.tools', '/.well-known/otoroshi/logout'))
    assert.match(out.headers.location ?? '', new RegExp(`^${idp.origin}/logout`))
  })

  it('ends the session here and at the provider, and comes back by one address that is always the same', async () => {
    provider()
    const user = browser()
    await user.open(at('idp.oto.tools'))
    const first = await user.request(at('idp.oto.tools', '/.well-known/otoroshi/logout?redirect=/bye'))
    const there = new URL(first.headers.location!)
    assert.equal(there.origin + there.pathname, `${idp.origin}/logout`)
    const back = new URL(there.searchParams.get('post_logout_redirect_uri')!)
    assert.equal(back.href, at('privateapps.oto.tools', '/privateapps/generic/logout'))
    assert.ok(there.searchParams.get('id_token_hint')!.split('.').length === 3)
    back.searchParams.set('state', there.searchParams.get('state')!)
    const last = await user.request(back.href)
    assert.equal(last.headers.location, at('idp.oto.tools', '/bye'))
    assert.equal(user.cookie(COOKIE, at('idp.oto.tools')), undefined)
    const forged = `${at('privateapps.oto.tools', '/privateapps/generic/logout')}?state=${Buffer.from('?redirectTo=https://evil.test/&cp=x&host=y').toString('base64url')}`
    assert.equal((await user.request(forged)).headers.location, undefined)
  })
})

describe('tokens of a session', () => {
  it('are renewed while it is used, each refresh token once, and the session stays what it is', async () => {
    provider(s => (s.tokens = { expires_in: 1 }))
    await module('fresh', { refreshTokens: true })
    const user = browser()
    await user.open(at('fresh.oto.tools'))
    const session = async () => {
      const { json } = await gateway.admin('GET', '/api/apps-sessions')
      return json.find(({ authConfigId }: { authConfigId: string }) => authConfigId === 'fresh')
    }
    const before = await session()
    provider()
    const cookie = user.cookie('oto-papps-global-oauth-fresh', at('fresh.oto.tools'))!
    const headers = { Cookie: `oto-papps-global-oauth-fresh=${cookie}` }
    const renewed = await until('the tokens are renewed', async () => {
      assert.equal((await call(gateway.port, at('fresh.oto.tools'), { headers })).status, 200)
      const now = await session()
      return now.lastRefresh > before.lastRefresh && now
    })
    assert.deepEqual(
      [renewed.randomId, renewed.expiredAt, renewed.email, renewed.createdAt],
      [before.randomId, before.expiredAt, before.email, before.createdAt],
    )
    const asked = idp.asked.filter(({ body }) => body.includes('grant_type=refresh_token'))
    assert.equal(asked.length, 1)
  })
})

describe('an administrator', () => {
  it('logs in through the provider with the rights that it tells, and none without', async () => {
    await module('admins', {
      callbackUrl: at('otoroshi.oto.tools', '/backoffice/auth0/callback'),
      _loc: { tenant: 'default', teams: ['default'] },
    })
    const config = (await gateway.admin('GET', '/api/globalconfig')).json
    const set = await gateway.admin('PUT', '/api/globalconfig', { ...config, backOfficeAuthRef: 'admins' })
    assert.equal(set.status, 200, set.text)
    provider(s => (s.profile = { ...s.profile, otoroshi_rights: [{ tenant: '*:rw', teams: ['*:rw'] }] }))
    const user = browser()
    const page = await user.open(at('otoroshi.oto.tools', '/backoffice/auth0/login'))
    assert.match(page.body, /Welcome, Ada/)
    assert.equal((await user.request(at('otoroshi.oto.tools', '/bo/api/proxy/api/routes'))).status, 200)
    const { json } = await gateway.admin('GET', '/api/admin-sessions')
    const own = json.find(({ email }: { email: string }) => email === 'ada@idp.test')
    assert.deepEqual(own.token, {}, 'tokens of the provider are not kept for administrators')
    provider(s => (s.profile = { ...s.profile, otoroshi_rights: [{ tenant: 'nonsense' }] }))
    const refused = await browser().open(at('otoroshi.oto.tools', '/backoffice/auth0/login'))
    assert.deepEqual(why(refused), [400, 'login.refused'])
  })
})
