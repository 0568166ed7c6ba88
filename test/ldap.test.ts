/** Logins through a directory (slapd), driven through a running gateway. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ADMIN, BASE, Slapd, slapdMissing } from '../src/login/testing/slapd.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { Browser } from './support/browser.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { until } from './support/wait.ts'

type Json = Readonly<Record<string, unknown>>

const AUTH = 'cp:otoroshi.next.plugins.AuthModule'
const BASIC = 'cp:otoroshi.next.plugins.BasicAuthWithAuthModule'
const PROFILE = 'cp:otoroshi.next.plugins.UserProfileEndpoint'
const modules = '/apis/security.otoroshi.io/v1/auth-modules'

describe('a directory behind a gateway', { skip: slapdMissing }, () => {
  let gateway: TestGateway
  let backend: Backend
  let slapd: Slapd

  const at = (host: string, path = '/'): string => `http://${host}:${gateway.port}${path}`

  const fields = (id: string, more: Json = {}) => ({
    id,
    type: 'ldap',
    name: `Module ${id}`,
    serverUrls: ['ldap://127.0.0.1:1', slapd.url],
    searchBase: BASE,
    userBase: 'ou=people',
    searchFilter: '(uid=${username})',
    adminUsername: ADMIN.name,
    adminPassword: ADMIN.password,
    nameField: 'cn',
    emailField: 'mail',
    sessionCookieValues: { httpOnly: true, secure: false },
    ...more,
  })

  async function module(id: string, more: Json = {}): Promise<void> {
    const made = await gateway.admin('POST', modules, fields(id, more))
    assert.equal(made.status, 201, made.text)
  }

  const route = (id: string, ...plugins: readonly Json[]) =>
    gateway.route({
      id,
      name: id,
      frontend: { domains: [`${id}.oto.tools`] },
      backend: { targets: [{ id: 't', hostname: '127.0.0.1', port: backend.port, tls: false }] },
      plugins,
    })

  const credentials = (username: string, password = `password of ${username}`) => ({
    Authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
  })
  const basic = (username: string, password?: string) =>
    call(gateway.port, at('basic.oto.tools'), { headers: credentials(username, password) })

  before(async () => {
    slapd = await Slapd.start()
    backend = await startBackend((request, response) => void response.end(`served ${request.url}`))
    gateway = await startGateway()
    await module('dir')
    await module('staff', {
      groupFilters: [{ group: '(cn=everybody)', team: 'x', tenant: 'default' }],
      nestedGroups: true,
    })
    await route('app', { plugin: AUTH, config: { auth_module: 'dir' } })
    await route('me', { plugin: AUTH, config: { auth_module: 'dir' } }, { plugin: PROFILE })
    await route('staff', { plugin: AUTH, config: { auth_module: 'staff' } })
    await route('basic', { plugin: BASIC, config: { ref: 'dir' } })
  })
  after(async () => {
    await gateway?.stop()
    await backend?.close()
    await slapd?.remove()
  })

  it('lets users in by its form, and tells backends who they are', async () => {
    const browser = new Browser(gateway.port)
    const form = await browser.open(at('app.oto.tools', '/x'))
    const wrong = await browser.submit(form, { username: 'ada', password: 'wrong' })
    assert.deepEqual([wrong.status, wrong.headers['otoroshi-error-reason']], [401, 'login.refused'])
    const page = await browser.submit(wrong, { username: 'ada', password: 'password of ada' })
    assert.equal(page.body, 'served /x')
    assert.equal((await browser.open(at('me.oto.tools'))).json.email, 'ada@example.com')
    assert.ok(browser.cookie('oto-papps-ldap-auth-dir', at('app.oto.tools')))
  })

  it('lets in members of groups in groups, and nobody else', async () => {
    const login = async (username: string) => {
      const browser = new Browser(gateway.port)
      const form = await browser.open(at('staff.oto.tools'))
      return browser.submit(form, { username, password: `password of ${username}` })
    }
    assert.equal((await login('ada')).body, 'served /')
    assert.equal((await login('bob')).headers['otoroshi-error-reason'], 'login.refused')
  })

  it('judges basic credentials, and a wrong password never passes because of a cache', async () => {
    assert.equal((await basic('ada')).body, 'served /')
    assert.equal((await basic('ada')).status, 200)
    for (const password of ['wrong', '', 'password of bob', 'password of ada ']) {
      const { status, headers, json } = await basic('ada', password)
      assert.equal(status, 401, password)
      assert.deepEqual(json, { error: 'forbidden' })
      assert.equal(headers['www-authenticate'], 'Basic realm="bawam-ldap-auth-dir"')
    }
    for (const username of ['*', 'ada)(uid=*', 'bob'])
      assert.equal((await basic(username, 'password of ada')).status, 401, username)
    assert.equal((await basic('bob')).status, 200)
  })

  it('that is down lets in who is logged in already, and nobody else', async () => {
    const browser = new Browser(gateway.port)
    const form = await browser.open(at('app.oto.tools'))
    await browser.submit(form, { username: 'cy', password: 'password of cy' })
    await slapd.kill()
    try {
      assert.equal((await browser.open(at('app.oto.tools'))).body, 'served /')
      const other = new Browser(gateway.port)
      const page = await other.submit(await other.open(at('app.oto.tools')), {
        username: 'ada',
        password: 'password of ada',
      })
      assert.deepEqual([page.status, page.headers['otoroshi-error-reason']], [500, 'login.provider_failed'])
      assert.doesNotMatch(page.body, /127\.0\.0\.1|all down/)
    } finally {
      await slapd.resume()
    }
    await until('the directory is asked again', async () => {
      const again = new Browser(gateway.port)
      const page = await again.submit(await again.open(at('app.oto.tools')), {
        username: 'ada',
        password: 'password of ada',
      })
      return page.body === 'served /'
    })
    assert.doesNotMatch(gateway.output, /password of|secret of the admin/)
  })

  it('makes administrators, with the rights of their groups', async () => {
    await module('admins', {
      groupFilters: [{ group: '(cn=staff)', team: '*', tenant: 'default:r' }],
    })
    const config = (await gateway.admin('GET', '/api/globalconfig')).json
    const set = await gateway.admin('PUT', '/api/globalconfig', { ...config, backOfficeAuthRef: 'admins' })
    assert.equal(set.status, 200, set.text)
    const browser = new Browser(gateway.port)
    const form = await browser.open(at('otoroshi.oto.tools', '/backoffice/auth0/login'))
    const page = await browser.submit(form, { username: 'ada', password: 'password of ada' })
    assert.match(page.body, /Welcome, Ada: Countess/)
    assert.equal((await browser.request(at('otoroshi.oto.tools', '/bo/api/proxy/api/routes'))).status, 200)
    const body = JSON.stringify({ id: 'x' })
    const headers = { Origin: at('otoroshi.oto.tools').slice(0, -1), 'Content-Type': 'application/json' }
    const write = await browser.request(at('otoroshi.oto.tools', '/bo/api/proxy/api/routes'), {
      method: 'POST',
      body,
      headers,
    })
    assert.ok([401, 403].includes(write.status), `${write.status} ${write.body}`)
    const check = (of: Browser, path: string, sent: unknown) =>
      of.request(at('otoroshi.oto.tools', path), { method: 'POST', body: JSON.stringify(sent), headers })
    const user = { username: 'bob', password: 'password of bob' }
    assert.equal((await check(browser, '/bo/api/auth/dir/_check', user)).status, 404, 'he may not change it')
    const all = fields('admins', { superAdmins: true })
    assert.equal((await gateway.admin('PUT', `${modules}/admins`, all)).status, 200)
    const other = new Browser(gateway.port)
    await other.submit(await other.open(at('otoroshi.oto.tools', '/backoffice/auth0/login')), {
      username: 'ada',
      password: 'password of ada',
    })
    assert.equal((await check(other, '/bo/api/auth/dir/_check', user)).json.user.email, 'bob@example.com')
    const draft = { user, config: fields('draft') }
    assert.equal((await check(other, '/bo/api/auth/_check', draft)).json.works, true)
  })

  it('of settings that cannot be used is refused when they are written, with the place of the fault', async () => {
    for (const [more, place] of [
      [{ searchBase: undefined }, 'searchBase'],
      [{ startTls: 'yes' }, 'startTls'],
      [{ groupFilters: [{ team: 'x' }] }, 'groupFilters.0.group'],
      [{ callTimeout: 0 }, 'callTimeout'],
      [{ tlsConfig: { enabled: 1 } }, 'tlsConfig.enabled'],
    ] as const) {
      const { status, text } = await gateway.admin('POST', modules, fields('bad', more))
      assert.equal(status, 400, text)
      assert.ok(text.includes(place), text)
    }
    assert.equal((await gateway.admin('GET', `${modules}/bad`)).status, 404)
  })

  it('is believed by an authority as it is stored now, and not once that is revoked', async t => {
    if (slapd.authority === null) return t.skip('openssl is not installed')
    const store = async (revoked: boolean) => {
      const authority = { id: 'ldap-ca', name: 'ldap-ca', domain: 'ldap-ca', chain: slapd.authority, revoked }
      const put = await gateway.admin('POST', '/apis/pki.otoroshi.io/v1/certificates/ldap-ca', authority)
      assert.ok(put.status < 300, put.text)
    }
    const check = async () => (await gateway.admin('POST', '/api/auths/tls/_check')).json
    const serverUrls = [`ldaps://localhost:${slapd.tlsPort}`]
    await module('tls', { serverUrls, tlsConfig: { enabled: true, trusted_certs: ['ldap-ca'] } })
    assert.match((await check()).error, /no certificate "ldap-ca"/)
    await store(true)
    assert.match((await check()).error, /no certificate "ldap-ca"/)
    await store(false)
    assert.deepEqual(await check(), { works: true })
  })

  it('is tried by administrators before users find out', async () => {
    const check = async (path: string, body?: unknown) => (await gateway.admin('POST', path, body)).json
    const config = fields('draft')
    assert.deepEqual(await check('/api/auths/_check', config), { works: true })
    const user = { username: 'ada', password: 'password of ada' }
    const known = await check('/api/auths/_check', { user, config })
    assert.deepEqual([known.works, known.user.email], [true, 'ada@example.com'])
    assert.deepEqual(known.user.rights, [{ tenant: 'default', teams: ['default'] }])
    assert.deepEqual(await check('/api/auths/_check', { user: { ...user, password: 'x' }, config }), {
      works: false,
      error: "You're not authorized here",
    })
    const wrong = await check('/api/auths/_check', fields('draft', { adminPassword: 'wrong' }))
    assert.equal(wrong.works, false)
    assert.match(wrong.error, /0x31|[Ii]nvalid/)
    const away = await check('/api/auths/_check', fields('draft', { serverUrls: ['ldap://127.0.0.1:1'] }))
    assert.match(away.error, /all down/)
    assert.deepEqual(await check('/api/auths/dir/_check'), { works: true })
    assert.equal((await check('/api/auths/dir/_check', user)).user.name, 'Ada: Countess of Lovelace')
    assert.equal((await gateway.admin('POST', '/api/auths/nobody/_check')).status, 404)
    for (const bad of [{ type: 'ldap' }, { user: { username: 1 }, config }, []])
      assert.equal((await gateway.admin('POST', '/api/auths/_check', bad)).status, 400)
  })
})
