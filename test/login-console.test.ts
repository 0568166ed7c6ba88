/** Logins of administrators: the host of the console, its cookie, and calls of the admin API with it. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { hash } from 'bcryptjs'
import { Browser } from './support/browser.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { until } from './support/wait.ts'

const COOKIE = 'otoroshi-session'
const ROUTES = '/bo/api/proxy/apis/proxy.otoroshi.io/v1/routes'

let gateway: TestGateway

const root = { username: 'root', password: 'first password of all' }
const at = (path: string): string => `http://otoroshi.oto.tools:${gateway.port}${path}`

async function logIn(who = root): Promise<Browser> {
  const browser = new Browser(gateway.port)
  const page = await browser.submit(await browser.open(at('/')), who)
  assert.equal(page.status, 200, page.body)
  return browser
}

/** A call of the pages of the console. */
function api(
  browser: Browser,
  method: string,
  path: string,
  entity?: object,
  headers: Record<string, string> = {},
) {
  return browser.request(at(path), {
    method,
    headers: {
      Accept: 'application/json',
      Origin: at('/').slice(0, -1),
      ...(entity !== undefined && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(entity !== undefined && { body: JSON.stringify(entity) }),
  })
}

async function admin(username: string, rights: unknown): Promise<void> {
  const password = await hash('their password', 4)
  const entity = { username, label: username, password, rights }
  const { status, text } = await gateway.admin('POST', '/apis/security.otoroshi.io/v1/admins', entity)
  assert.equal(status, 201, text)
}

before(async () => {
  const env = { OTOROSHI_INITIAL_ADMIN_LOGIN: root.username, OTOROSHI_INITIAL_ADMIN_PASSWORD: root.password }
  gateway = await startGateway({ env })
})
after(() => gateway?.stop())

describe('a local administrator', () => {
  it('logs in with the password of the first start, sees who he is, and logs out', async () => {
    const browser = new Browser(gateway.port)
    const form = await browser.open(at('/'))
    assert.equal(new URL(form.url).pathname, '/bo/simple/login')
    const page = await browser.submit(form, root)
    assert.equal(new URL(page.url).pathname, '/')
    assert.match(page.body, /Welcome[\s\S]*root[\s\S]*Everything/)
    assert.match(
      browser.attributes(COOKIE)[0]!,
      /^otoroshi-session=[0-9a-f]{64}::bousr=[a-z0-9]{64}; Path=\/; Max-Age=86400; HttpOnly; SameSite=Lax$/,
    )
    const out = await browser.submit(page, {})
    assert.equal(new URL(out.url).pathname, '/bo/simple/login')
    assert.equal(browser.cookie(COOKIE, at('/')), undefined)
  })

  it('has the rights that are stored for him now, and none when he was removed', async () => {
    const everything = [{ tenant: '*:rw', teams: ['*:rw'] }]
    await admin('leaver', everything)
    const browser = await logIn({ username: 'leaver', password: 'their password' })
    const write = (id: string) =>
      api(browser, 'POST', ROUTES, {
        id,
        name: id,
        frontend: { domains: [`${id}.test`] },
        backend: { targets: [{ hostname: '127.0.0.1', port: 1 }] },
      })
    assert.equal((await write('of-a-writer')).status, 201)
    const path = '/api/admins/simple/leaver'
    const { json } = await gateway.admin('GET', path)
    const reading = { ...json, rights: [{ tenant: '*:r', teams: ['*:r'] }] }
    assert.equal((await gateway.admin('PUT', path, reading)).status, 200)
    assert.equal((await write('of-a-reader')).json.reason, 'admin.unauthorized')
    assert.equal((await api(browser, 'GET', ROUTES)).status, 200)
    assert.equal((await gateway.admin('DELETE', path)).status, 200)
    const gone = await api(browser, 'GET', ROUTES)
    assert.deepEqual([gone.status, gone.headers['otoroshi-error-reason']], [401, 'login.no_session'])
  })

  it('logs in with JSON as well, as upstream’s console does', async () => {
    const browser = new Browser(gateway.port)
    const got = await api(browser, 'POST', '/bo/simple/login', root)
    assert.deepEqual([got.status, got.json], [200, { username: 'root' }])
    assert.match((await browser.open(at('/'))).body, /Welcome/)
    const wrong = await api(new Browser(gateway.port), 'POST', '/bo/simple/login', { ...root, password: 'x' })
    assert.deepEqual([wrong.status, wrong.json], [401, { error: 'not authorized' }])
    const nobody = await api(new Browser(gateway.port), 'POST', '/bo/simple/login', {
      ...root,
      username: 'x',
    })
    assert.deepEqual([nobody.status, nobody.json], [401, { error: 'not authorized' }])
  })

  it('is not told whether a name exists', async () => {
    const texts: string[] = []
    for (const username of ['root', 'nobody']) {
      const browser = new Browser(gateway.port)
      const page = await browser.submit(await browser.open(at('/')), { username, password: 'wrong' })
      assert.equal(page.status, 401)
      texts.push(/role="alert">([^<]*)/.exec(page.body)![1]!)
    }
    assert.equal(texts[0], texts[1])
  })

  it('who has no rights does not get in', async () => {
    await admin('without-rights', null)
    const browser = new Browser(gateway.port)
    const page = await browser.submit(await browser.open(at('/')), {
      username: 'without-rights',
      password: 'their password',
    })
    assert.equal(page.headers['otoroshi-error-reason'], 'login.refused')
    assert.equal(browser.cookie(COOKIE, at('/')), undefined)
  })
})

describe('calls of the admin API with the cookie', () => {
  it('are made with the rights of the administrator, and written to the history under his name', async () => {
    const browser = await logIn()
    const route = {
      id: 'by-console',
      name: 'by console',
      frontend: { domains: ['x.test'] },
      backend: { targets: [{ id: 't', hostname: 'localhost', port: 1, tls: false }] },
    }
    const created = await api(browser, 'POST', ROUTES, route)
    assert.equal(created.status, 201, created.body)
    const { json: history } = await gateway.admin('GET', '/api/history')
    assert.match(JSON.stringify(history), /"name":"Otoroshi Admin","email":"root"/)

    await admin('team-a', [{ tenant: 'default:rw', teams: ['team-a:rw'] }])
    const other = await logIn({ username: 'team-a', password: 'their password' })
    assert.equal((await api(other, 'GET', `${ROUTES}/by-console`)).status, 401)
    assert.equal((await api(other, 'DELETE', `${ROUTES}/by-console`)).status, 401)
    assert.equal((await api(browser, 'DELETE', `${ROUTES}/by-console`)).status, 200)
  })

  it('without a session, or with one that was ended, are refused', async () => {
    assert.equal((await api(new Browser(gateway.port), 'GET', ROUTES)).status, 401)
    const browser = await logIn()
    const [, id] = browser.cookie(COOKIE, at('/'))!.split('bousr=')
    const { json } = await gateway.admin('GET', '/api/admin-sessions')
    const session = json.find((s: { randomId: string }) => s.randomId === id)
    assert.deepEqual([session.email, session.simpleLogin], ['root', true])
    assert.equal((await api(browser, 'GET', ROUTES)).status, 200)
    assert.equal((await gateway.admin('DELETE', `/api/admin-sessions/${id}`)).status, 200)
    assert.equal((await api(browser, 'GET', ROUTES)).status, 401)
  })

  it('that change something come from a page of the console: no other site can make one', async () => {
    const browser = await logIn()
    const write = (headers: Record<string, string>) =>
      browser.request(at('/bo/api/proxy/api/admins/simple/nobody'), {
        method: 'DELETE',
        headers: { Accept: 'application/json', ...headers },
      })
    const others: Record<string, string>[] = [
      {},
      { Origin: 'https://evil.test' },
      { Origin: 'null' },
      { Referer: 'https://evil.test/otoroshi.oto.tools' },
      { Origin: at('/').slice(0, -1), 'Sec-Fetch-Site': 'same-site' },
      { Origin: `http://app.oto.tools:${gateway.port}` },
    ]
    for (const headers of others) {
      const got = await write(headers)
      assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [417, 'login.bad_origin'])
    }
    assert.equal((await write({ Origin: at('/').slice(0, -1) })).status, 404)
    const out = await browser.request(at('/backoffice/auth0/logout'), {
      headers: { 'Sec-Fetch-Site': 'cross-site' },
    })
    assert.equal(out.headers['otoroshi-error-reason'], 'login.bad_origin')
    assert.match((await browser.open(at('/'))).body, /Welcome/)
  })

  it('with the session of a user, or a cookie nobody signed, are refused', async () => {
    const browser = await logIn()
    const cookie = browser.cookie(COOKIE, at('/'))!
    const [signature, rest] = cookie.split('::')
    for (const bad of [rest!, `${'0'.repeat(64)}::${rest}`, `${signature}::bousr=other`, 'x']) {
      const got = await call(gateway.port, at(ROUTES), { headers: { Cookie: `${COOKIE}=${bad}` } })
      assert.equal(got.status, 401, bad)
    }
    assert.equal(
      (await call(gateway.port, at(ROUTES), { headers: { Cookie: `${COOKIE}=${cookie}` } })).status,
      200,
    )
  })

  it('lead nowhere but to the admin API', async () => {
    const browser = await logIn()
    for (const path of [
      '/bo/api/proxy/privateapps/home',
      '/bo/api/proxy/',
      '/bo/api/proxy/apifoo',
      '/api/routes',
    ])
      assert.equal((await api(browser, 'GET', path)).status, 404, path)
  })
})

describe('whoever exports events', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otoroshi-login-'))
  const path = join(folder, 'events.ndjson')
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('hears of logins and logouts, and no password', async () => {
    const exporter = {
      id: 'logins',
      name: 'logins',
      enabled: true,
      type: 'file',
      groupSize: 1,
      groupDuration: 20,
      config: { path, maxFileSize: 10_000_000 },
      filtering: { include: [], exclude: [] },
    }
    const made = await gateway.admin('POST', '/apis/events.otoroshi.io/v1/data-exporters', exporter)
    assert.equal(made.status, 201, made.text)
    const told = () => (existsSync(path) ? readFileSync(path, 'utf8') : '')
    await until('logins are told', async () => {
      const browser = await logIn()
      await browser.submit(await browser.open(at('/')), {})
      return /AdminLoggedInAlert[\s\S]*AdminLoggedOutAlert/.test(told())
    })
    const alert = told()
      .split('\n')
      .filter(line => line.includes('"AdminLoggedInAlert"'))
      .map(line => JSON.parse(line))[0]
    assert.deepEqual([alert.userEmail, alert.provider, alert.from], ['root', 'local', '127.0.0.1'])
    for (const secret of [root.password, encodeURIComponent(root.password)])
      assert.ok(!told().includes(secret) && !gateway.output.includes(secret))
  })
})

describe('administrators of an auth module', () => {
  before(async () => {
    const password = await hash('their password', 4)
    const rights = [{ tenant: 'default:rw', teams: ['*:rw'] }]
    const module = {
      id: 'admins',
      type: 'basic',
      name: 'Administrators',
      users: [
        { name: 'Ann', email: 'ann@example.com', password, rights },
        { name: 'Ben', email: 'ben@example.com', password },
      ],
      deniedUsers: ['out@example.com'],
    }
    const made = await gateway.admin('POST', '/apis/security.otoroshi.io/v1/auth-modules', module)
    assert.equal(made.status, 201, made.text)
    const { json: config } = await gateway.admin('GET', '/api/globalconfig')
    const put = await gateway.admin('PUT', '/api/globalconfig', { ...config, backOfficeAuthRef: 'admins' })
    assert.equal(put.status, 200, put.text)
  })

  const byModule = async (username: string) => {
    const browser = new Browser(gateway.port)
    const choice = await browser.open(at('/'))
    assert.match(choice.body, /Administrators[\s\S]*Local administrator/)
    const form = await browser.open(at('/backoffice/auth0/login'))
    return { browser, page: await browser.submit(form, { username, password: 'their password' }) }
  }

  it('log in through it with the rights it gives them', async () => {
    const { browser, page } = await byModule('ann@example.com')
    assert.match(page.body, /Welcome, Ann/)
    const { json } = await gateway.admin('GET', '/api/admin-sessions')
    const session = json.find((s: { email: string }) => s.email === 'ann@example.com')
    assert.deepEqual(
      [session.authConfigId, session.simpleLogin, session.rights],
      ['admins', false, [{ tenant: 'default:rw', teams: ['*:rw'] }]],
    )
    assert.equal((await api(browser, 'GET', ROUTES)).status, 200)
    assert.equal((await api(browser, 'GET', '/bo/api/proxy/api/otoroshi.json')).status, 403)
  })

  it('who has no rights there does not get in', async () => {
    const { browser, page } = await byModule('ben@example.com')
    assert.equal(page.headers['otoroshi-error-reason'], 'login.refused')
    assert.equal(browser.cookie(COOKIE, at('/')), undefined)
  })

  it('have the rights that the module gives them now, and are out when it does not know them any more', async () => {
    const path = '/apis/security.otoroshi.io/v1/auth-modules/admins'
    const { browser } = await byModule('ann@example.com')
    const { json: before } = await gateway.admin('GET', path)
    const { json: config } = await gateway.admin('GET', '/api/globalconfig')
    const reason = async (): Promise<string> => {
      const got = await api(browser, 'GET', ROUTES)
      return got.status === 200 ? '200' : String(got.headers['otoroshi-error-reason'])
    }
    const put = async (to: string, entity: object): Promise<void> => {
      const answer = await gateway.admin('PUT', to, entity)
      assert.equal(answer.status, 200, answer.text)
    }
    const users = (change: (user: { email: string }) => object | null) => ({
      ...before,
      users: before.users.map(change).filter((user: object | null) => user !== null),
    })
    const isAnn = ({ email }: { email: string }): boolean => email === 'ann@example.com'
    assert.equal(await reason(), '200')
    await put(
      path,
      users(user => (isAnn(user) ? { ...user, rights: [{ tenant: 'other:rw', teams: ['*'] }] } : user)),
    )
    assert.equal((await api(browser, 'GET', ROUTES)).json.length, 0, 'nothing of another organization')
    await put(
      path,
      users(user => (isAnn(user) ? null : user)),
    )
    assert.equal(await reason(), 'login.no_session')
    await put(path, before)
    assert.equal(await reason(), '200')
    await put('/api/globalconfig', { ...config, backOfficeAuthRef: null })
    assert.equal(await reason(), 'login.no_session')
    await put('/api/globalconfig', config)
    assert.equal(await reason(), '200')
  })

  it('cannot use a form of routes for the console', async () => {
    const browser = new Browser(gateway.port)
    const form = await browser.open(at('/bo/simple/login'))
    const page = await browser.open(at('/backoffice/auth0/login'))
    const swapped = {
      ...page,
      body: page.body.replace(/name="token" value="[^"]*"/, /name="token" value="[^"]*"/.exec(form.body)![0]),
    }
    const got = await browser.submitOnly(swapped, { username: 'ann@example.com', password: 'their password' })
    assert.equal(got.headers['otoroshi-error-reason'], 'login.stale')
  })
})
