/** Logins of users of routes, from the first visit to the logout, as a browser and as an attacker see them. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hash } from 'bcryptjs'
import { postgresMissing, TestPostgres } from '../src/store/testing/postgres-server.ts'
import { redisMissing, startServer } from '../src/store/testing/redis-server.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { Browser, formOf, type Visited } from './support/browser.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { until } from './support/wait.ts'

const AUTH = 'cp:otoroshi.next.plugins.AuthModule'
const MULTI = 'cp:otoroshi.next.plugins.MultiAuthModule'
const PROFILE = 'cp:otoroshi.next.plugins.UserProfileEndpoint'
const COOKIE = 'oto-papps-basic-auth-staff'
const modules = '/apis/security.otoroshi.io/v1/auth-modules'

let gateway: TestGateway
let backend: Backend
let passwordHash: string

const slot = (plugin: string, config: Record<string, unknown> = {}) => ({ plugin, enabled: true, config })

function route(id: string, plugins: unknown[], more: Record<string, unknown> = {}) {
  return {
    id,
    name: `Route ${id}`,
    frontend: { domains: [`${id}.oto.tools`] },
    backend: { targets: [{ id: 't', hostname: '127.0.0.1', port: backend.port, tls: false }] },
    plugins,
    ...more,
  }
}

function staff(id: string, more: Record<string, unknown> = {}) {
  return {
    id,
    type: 'basic',
    name: `Module ${id}`,
    users: [
      { name: 'Ada', email: 'ada@example.com', password: passwordHash, metadata: { team: 'core' } },
      { name: 'Bob', email: 'bob@example.com', password: passwordHash },
    ],
    sessionCookieValues: { httpOnly: true, secure: false },
    ...more,
  }
}

async function post(to: TestGateway, path: string, entity: unknown): Promise<void> {
  const { status, text } = await to.admin('POST', path, entity)
  assert.equal(status, 201, text)
}

async function prepare(to: TestGateway): Promise<void> {
  await post(to, modules, staff('staff'))
  await post(to, modules, staff('guests'))
  await to.route(route('app', [slot(AUTH, { auth_module: 'staff' })]))
  await to.route(route('other', [slot(AUTH, { auth_module: 'guests' })]))
  await to.route(route('me', [slot(AUTH, { module: 'staff' }), slot(PROFILE)]))
}

const at = (host: string, path = '/', port = gateway.port): string => `http://${host}:${port}${path}`
const ada = { username: 'ada@example.com', password: 'correct horse' }

/** Logs Ada in at a route; answers the last page. */
async function logIn(browser: Browser, url: string, who = ada): Promise<Visited> {
  return browser.submit(await browser.open(url), who)
}

before(async () => {
  passwordHash = await hash('correct horse', 4)
  backend = await startBackend((request, response) => void response.end(`served ${request.url}`))
  gateway = await startGateway()
  await prepare(gateway)
})
after(async () => {
  await gateway?.stop()
  await backend?.close()
})

describe('a login', () => {
  it('leads from a route over the form to what was wanted, and to others without a form', async () => {
    const browser = new Browser(gateway.port)
    const form = await browser.open(at('app.oto.tools', '/deep/page?x=1&y=%20'))
    assert.equal(form.status, 200)
    assert.equal(new URL(form.url).hostname, 'privateapps.oto.tools')
    assert.match(form.body, /Route app/)
    const page = await browser.submit(form, ada)
    assert.deepEqual([page.status, page.body], [200, 'served /deep/page?x=1&y=%20'], page.url)
    assert.equal((await browser.open(at('me.oto.tools'))).json.email, 'ada@example.com')
  })

  it('tells backends who it is in the light form, and nothing of the session', async () => {
    const browser = new Browser(gateway.port)
    const page = await logIn(browser, at('me.oto.tools'))
    assert.deepEqual(page.json, {
      name: 'Ada',
      email: 'ada@example.com',
      profile: { name: 'Ada', email: 'ada@example.com', metadata: { team: 'core' }, tags: [] },
      metadata: { team: 'core' },
      tags: [],
    })
  })

  it('sets the cookie of the reference', async () => {
    const browser = new Browser(gateway.port)
    await logIn(browser, at('app.oto.tools'))
    const [field] = browser.attributes(COOKIE)
    assert.match(
      field!,
      /^oto-papps-basic-auth-staff=[0-9a-f]{64}::[a-z0-9]{64}; Path=\/; Domain=\.oto\.tools; Max-Age=86400; HttpOnly; SameSite=Lax$/,
    )
  })

  it('with a wrong password says no more than with a name nobody has', async () => {
    const wrong: string[] = []
    for (const username of ['ada@example.com', 'nobody@example.com']) {
      const browser = new Browser(gateway.port)
      const page = await browser.submit(await browser.open(at('app.oto.tools')), { username, password: 'x' })
      assert.equal(page.status, 401)
      assert.equal(page.headers['otoroshi-error-reason'], 'login.refused')
      wrong.push(/role="alert">([^<]*)/.exec(page.body)![1]!)
      assert.equal(
        (await browser.submit(page, ada)).body,
        'served /',
        'a second try is a login like the first',
      )
    }
    assert.equal(wrong[0], wrong[1])
  })

  it('has a page that runs no script, loads nothing and is framed by nobody', async () => {
    const form = await new Browser(gateway.port).open(at('app.oto.tools'))
    const policy = form.headers['content-security-policy'] as string
    assert.match(policy, /^default-src 'none'; style-src 'nonce-[\w-]{22}';.*frame-ancestors 'none'$/)
    assert.ok(policy.includes(`form-action 'self' http: https:;`))
    assert.equal(form.headers['cache-control'], 'no-store')
    assert.equal(form.headers['referrer-policy'], 'no-referrer')
    assert.doesNotMatch(form.body, /<script/i)
  })
})

describe('a session', () => {
  it('is listed by the admin API and ended by it, at once', async () => {
    const browser = new Browser(gateway.port)
    await logIn(browser, at('app.oto.tools'))
    const [, id] = browser.cookie(COOKIE, at('app.oto.tools'))!.split('::')
    const { json: listed } = await gateway.admin('GET', '/api/apps-sessions')
    const session = listed.find((s: { randomId: string }) => s.randomId === id)
    assert.deepEqual(
      [session.email, session.realm, session.authConfigId],
      ['ada@example.com', 'basic-auth-staff', 'staff'],
    )
    assert.equal(session.expiredAt - session.createdAt, 86_400_000)
    assert.equal((await gateway.admin('DELETE', `/api/apps-sessions/${id}`)).status, 200)
    const page = await browser.open(at('app.oto.tools'))
    assert.equal(new URL(page.url).hostname, 'privateapps.oto.tools')
  })

  it('of one module does not open what another guards, whatever the cookie is called', async () => {
    const browser = new Browser(gateway.port)
    await logIn(browser, at('app.oto.tools'))
    const stolen = browser.cookie(COOKIE, at('app.oto.tools'))!
    for (const headers of [{ Cookie: `oto-papps-basic-auth-guests=${stolen}` }, { 'Otoroshi-Token': stolen }])
      assert.equal((await call(gateway.port, at('other.oto.tools'), { headers })).status, 303)
    assert.equal((await call(gateway.port, at('other.oto.tools', `/?pappsToken=${stolen}`))).status, 303)
  })

  it('is shown by cookie, query or header, signed; unsigned it is nothing', async () => {
    const browser = new Browser(gateway.port)
    await logIn(browser, at('app.oto.tools'))
    const signed = browser.cookie(COOKIE, at('app.oto.tools'))!
    const [signature, id] = signed.split('::')
    const show = (headers: Record<string, string>, path = '/') =>
      call(gateway.port, at('app.oto.tools', path), { headers }).then(({ status }) => status)
    assert.equal(await show({ 'Otoroshi-Token': signed }), 200)
    assert.equal(await show({}, `/?pappsToken=${signed}`), 200)
    for (const bad of [
      id!,
      `::${id}`,
      `${signature!.replace(/^./, c => (c === '0' ? '1' : '0'))}::${id}`,
      `${signature}::x${id}`,
    ])
      assert.equal(await show({ Cookie: `${COOKIE}=${bad}` }), 303, bad)
  })

  it('is over when its time is', async () => {
    await post(gateway, modules, staff('short', { sessionMaxAge: 3 }))
    await gateway.route(route('brief', [slot(AUTH, { auth_module: 'short' })]))
    const browser = new Browser(gateway.port)
    const page = await logIn(browser, at('brief.oto.tools'))
    assert.equal(page.body, 'served /')
    const cookie = browser.cookie('oto-papps-basic-auth-short', at('brief.oto.tools'))!
    await until('the session is over', async () => {
      const headers = { Cookie: `oto-papps-basic-auth-short=${cookie}` }
      return (await call(gateway.port, at('brief.oto.tools'), { headers })).status === 303
    })
  })

  it('has another id after each login, and the one before is gone: nobody chooses the id of another', async () => {
    const attacker = new Browser(gateway.port)
    await logIn(attacker, at('app.oto.tools'), { ...ada, username: 'bob@example.com' })
    const planted = attacker.cookie(COOKIE, at('app.oto.tools'))!
    const victim = new Browser(gateway.port)
    const form = await victim.open(at('app.oto.tools'))
    victim.plant(COOKIE, planted, '.oto.tools')
    await victim.submit(form, ada)
    const own = victim.cookie(COOKIE, at('app.oto.tools'))!
    assert.notEqual(own, planted)
    const headers = { Cookie: `${COOKIE}=${planted}` }
    assert.equal((await call(gateway.port, at('app.oto.tools'), { headers })).status, 303)
  })
})

describe('a logout', () => {
  it('ends the session here and at the host of logins, and leads back', async () => {
    const browser = new Browser(gateway.port)
    await logIn(browser, at('app.oto.tools'))
    const cookie = browser.cookie(COOKIE, at('app.oto.tools'))!
    const first = await browser.request(at('app.oto.tools', '/.well-known/otoroshi/logout?redirect=/bye'))
    assert.equal(new URL(first.headers.location!).hostname, 'privateapps.oto.tools')
    const back = await browser.request(first.headers.location!)
    assert.equal(back.headers.location, at('app.oto.tools', '/bye'))
    assert.equal(browser.cookie(COOKIE, at('app.oto.tools')), undefined)
    const headers = { Cookie: `${COOKIE}=${cookie}` }
    assert.equal((await call(gateway.port, at('app.oto.tools'), { headers })).status, 303)
  })

  it('leads to no host of others, however it is asked', async () => {
    for (const path of ['/.well-known/otoroshi/logout', '/__otoroshi_private_apps_logout']) {
      const browser = new Browser(gateway.port)
      await logIn(browser, at('app.oto.tools'))
      for (const evil of [
        'https://evil.test/',
        '//evil.test/',
        'javascript:alert(1)',
        'https://oto.tools.evil.test/',
      ]) {
        const got = await browser.request(at('app.oto.tools', `${path}?redirect=${encodeURIComponent(evil)}`))
        const to = new URL(got.headers.location!).searchParams.get('redirectTo')!
        assert.equal(to, at('app.oto.tools'), evil)
      }
      const forged = at(
        'privateapps.oto.tools',
        '/privateapps/generic/logout?redirectTo=https://evil.test/&host=app&cp=x',
      )
      const got = await browser.request(forged)
      assert.deepEqual([got.status, got.headers.location], [200, undefined])
    }
  })

  it('signs no way to a host that only the request names: a route for any host leads to the host of logins', async () => {
    await gateway.route({
      ...route('anywhere', [slot(AUTH, { auth_module: 'staff' })]),
      frontend: { domains: ['*.test'] },
    })
    for (const path of ['/.well-known/otoroshi/logout', '/__otoroshi_private_apps_logout'])
      for (const redirect of ['', '?redirect=/', '?redirect=http://evil.test/', '?redirect=//evil.test']) {
        const got = await call(gateway.port, `http://evil.test${path}${redirect}`)
        assert.equal(got.status, 303, got.body)
        const to = new URL(got.headers.location!)
        assert.equal(to.hostname, 'privateapps.oto.tools')
        assert.equal(new URL(to.searchParams.get('redirectTo')!).hostname, 'privateapps.oto.tools')
        const last = await call(gateway.port, to.href)
        assert.equal(new URL(last.headers.location ?? to.href).hostname, 'privateapps.oto.tools')
      }
    // A host that shares the sessions is trusted whoever names it.
    const shared = await call(
      gateway.port,
      `http://evil.test/.well-known/otoroshi/logout?redirect=${encodeURIComponent(at('app.oto.tools'))}`,
    )
    assert.equal(new URL(shared.headers.location!).searchParams.get('redirectTo'), at('app.oto.tools'))
  })

  it('is nothing on a route without logins', async () => {
    await gateway.route(route('open', []))
    const got = await call(gateway.port, at('open.oto.tools', '/.well-known/otoroshi/logout'))
    assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [404, 'login.not_private'])
  })

  it('of all users of a module is one call of the admin API', async () => {
    const [one, other] = [new Browser(gateway.port), new Browser(gateway.port)]
    await logIn(one, at('app.oto.tools'))
    await logIn(other, at('app.oto.tools'), { ...ada, username: 'bob@example.com' })
    const { json } = await gateway.admin('DELETE', '/api/apps-sessions-module/staff')
    assert.deepEqual(json, { done: true })
    for (const browser of [one, other]) assert.equal((await browser.request(at('app.oto.tools'))).status, 303)
  })
})

describe('an attacker', () => {
  it('cannot make a login lead elsewhere: what is not signed is not followed', async () => {
    const browser = new Browser(gateway.port)
    const away = await browser.request(at('app.oto.tools'))
    const link = new URL(away.headers.location!)
    link.searchParams.set('redirect', Buffer.from('https://evil.test/').toString('base64url'))
    const page = await browser.submit(await browser.open(link.href), ada)
    assert.equal(new URL(page.url).href, at('privateapps.oto.tools', '/privateapps/home'))
  })

  it('gets no signature for a host of his own: a route that answers on any host sends nobody to a login', async () => {
    await gateway.route(
      route('any', [slot(AUTH, { auth_module: 'staff' })], { frontend: { domains: ['*/any-path'] } }),
    )
    const got = await call(gateway.port, 'http://evil.test/any-path')
    assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [400, 'auth.host_not_named'])
    for (const host of ['app.oto.tools:80@evil.test', 'app.oto.tools:80/@evil.test']) {
      // What is no host counts for nothing: the login leads back to where the request went.
      const headers = { 'X-Forwarded-Host': host }
      const led = await call(gateway.port, at('app.oto.tools'), { headers })
      const redirect = new URL(led.headers.location!).searchParams.get('redirect')!
      assert.equal(new URL(Buffer.from(redirect, 'base64url').toString()).hostname, 'app.oto.tools', host)
    }
    const forwarded = await call(gateway.port, at('app.oto.tools'), {
      headers: { 'X-Forwarded-Host': 'evil.test' },
    })
    assert.notEqual(forwarded.status, 303)
  })

  it('cannot send the form for somebody else: the token is of his own browser', async () => {
    const attacker = new Browser(gateway.port)
    const form = await attacker.open(at('app.oto.tools'))
    const victim = new Browser(gateway.port)
    await victim.open(at('app.oto.tools'))
    const got = await victim.submitOnly(form, { username: 'bob@example.com', password: 'correct horse' })
    assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [400, 'login.stale'])
    assert.equal(victim.cookie(COOKIE, at('app.oto.tools')), undefined)
  })

  it('cannot log somebody in as himself with the link that ends his own login', async () => {
    const attacker = new Browser(gateway.port)
    const form = await attacker.open(at('app.oto.tools'))
    const done = await attacker.submitOnly(form, { username: 'bob@example.com', password: 'correct horse' })
    const link = done.headers.location!
    const victim = new Browser(gateway.port)
    await victim.open(at('app.oto.tools'))
    const got = await victim.request(link)
    assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [400, 'login.bad_link'])
    assert.equal(victim.cookie(COOKIE, at('app.oto.tools')), undefined)
    assert.equal((await attacker.open(link)).body, 'served /', 'the link was not used up')
  })

  it('can replay neither the form nor the link', async () => {
    const browser = new Browser(gateway.port)
    const form = await browser.open(at('app.oto.tools'))
    const done = await browser.submitOnly(form, ada)
    const again = await browser.submitOnly(form, ada)
    assert.deepEqual([again.status, again.headers['otoroshi-error-reason']], [400, 'login.stale'])
    assert.equal((await browser.open(done.headers.location!)).body, 'served /')
    const replayed = await browser.request(done.headers.location!)
    assert.deepEqual([replayed.status, replayed.headers['otoroshi-error-reason']], [400, 'login.bad_link'])
  })

  it('cannot change what the link or the form carries', async () => {
    const browser = new Browser(gateway.port)
    const form = await browser.open(at('app.oto.tools'))
    const { hidden, action } = formOf(form)
    const token = hidden['token']!
    const changed = token.slice(0, 40) + (token[40] === 'A' ? 'B' : 'A') + token.slice(41)
    for (const bad of [changed, '', 'x'.repeat(200)]) {
      const body = new URLSearchParams({ ...ada, token: bad }).toString()
      const got = await browser.request(action, { method: 'POST', body })
      assert.equal(got.headers['otoroshi-error-reason'], 'login.stale', bad)
    }
    const other = new URL(action)
    other.searchParams.set('hash', '0'.repeat(64))
    const body = new URLSearchParams({ ...ada, token }).toString()
    const got = await browser.request(other.href, { method: 'POST', body })
    assert.equal(got.headers['otoroshi-error-reason'], 'login.bad_signature')
  })

  it('cannot say as a client what only the gateway says', async () => {
    const headers = {
      'Otoroshi-Private-Url': 'http://evil.test',
      'Otoroshi-Private-Token': 'x',
      'Otoroshi-Private-Client': '1.2.3.4',
      'Otoroshi-Private-Modules': '["staff"]',
    }
    const got = await call(gateway.port, at('open.oto.tools', '/.well-known/otoroshi/logout'), { headers })
    assert.equal(got.headers['otoroshi-error-reason'], 'login.not_private')
    const echoed = await new Browser(gateway.port).request(at('app.oto.tools'), { headers })
    assert.match(echoed.headers.location!, /^http:\/\/privateapps\.oto\.tools:/)
  })

  it('is slowed down when he guesses, and only he', async () => {
    const guess = async (from: string, password: string) => {
      const browser = new Browser(gateway.port)
      const form = await browser.open(at('other.oto.tools'))
      const { action, hidden } = formOf(form)
      const body = new URLSearchParams({ ...hidden, username: 'bob@example.com', password }).toString()
      return browser.request(action, { method: 'POST', body, headers: { 'X-Forwarded-For': from } })
    }
    for (let i = 0; i < 5; i++) assert.equal((await guess('192.0.2.1', `guess ${i}`)).status, 401)
    const slowed = await guess('192.0.2.1', 'correct horse')
    assert.deepEqual([slowed.status, slowed.headers['otoroshi-error-reason']], [429, 'login.too_many'])
    assert.ok(Number(slowed.headers['retry-after']) >= 1)
    assert.equal((await guess('192.0.2.2', 'correct horse')).status, 303)
  })
})

describe('a choice of modules', () => {
  before(async () => {
    await gateway.route(route('multi', [slot(MULTI, { auth_modules: [], modules: ['staff', 'guests'] })]))
    await gateway.route(
      route('asked', [
        slot(MULTI, {
          modules: ['staff', 'guests'],
          use_email_prompt: true,
          users_groups: { staff: ['ada@example.com'], guests: ['*@guests.test', 'Regex(bob@.*)'] },
        }),
      ]),
    )
  })

  it('is shown, and leads to each of them', async () => {
    const browser = new Browser(gateway.port)
    const page = await browser.open(at('multi.oto.tools', '/x'))
    assert.match(page.body, /Module staff[\s\S]*Module guests/)
    const links = [...page.body.matchAll(/href="([^"]*ref=guests[^"]*)"/g)].map(([, href]) =>
      href!.replaceAll('&#38;', '&'),
    )
    const form = await browser.open(links[0]!)
    assert.equal((await browser.submit(form, ada)).body, 'served /x')
    assert.ok(browser.cookie('oto-papps-basic-auth-guests', at('multi.oto.tools')))
    assert.equal((await browser.request(at('multi.oto.tools'))).status, 200)
  })

  it('is made by email when the route says so', async () => {
    const wanted = { 'ada@example.com': 'staff', 'x@guests.test': 'guests', 'bob@anywhere.test': 'guests' }
    for (const [email, module] of Object.entries(wanted)) {
      const browser = new Browser(gateway.port)
      const prompt = await browser.open(at('asked.oto.tools'))
      const form = await browser.submit(prompt, { email })
      assert.match(form.body, /type="password"/)
      await browser.submit(form, ada)
      assert.ok(browser.cookie(`oto-papps-basic-auth-${module}`, at('asked.oto.tools')), email)
    }
    const browser = new Browser(gateway.port)
    const prompt = await browser.open(at('asked.oto.tools'))
    const again = await browser.submit(prompt, { email: 'who@nowhere.test' })
    assert.equal(again.status, 400)
    assert.match(again.body, /type="email"/)
  })
})

describe('a guard of all routes', () => {
  it('leads to the login of its module, and out again', async () => {
    const guarded = await startGateway()
    try {
      await prepare(guarded)
      await guarded.route(route('plain', []))
      const ng = [slot(AUTH, { auth_module: 'staff' })]
      const patch = [{ op: 'replace', path: '/plugins', value: { enabled: true, refs: [], config: { ng } } }]
      const { status, text } = await guarded.admin('PATCH', '/api/globalconfig', patch)
      assert.equal(status, 200, text)
      const browser = new Browser(guarded.port)
      const url = at('plain.oto.tools', '/x', guarded.port)
      assert.equal((await logIn(browser, url)).body, 'served /x')
      await browser.open(at('plain.oto.tools', '/.well-known/otoroshi/logout', guarded.port))
      assert.match((await browser.open(url)).body, /name="password"/)
      assert.equal(
        (await guarded.admin('GET', '/api/globalconfig')).status,
        200,
        'the admin API has its own guard',
      )
    } finally {
      await guarded.stop()
    }
  })
})

describe('who may in', () => {
  it('is said by lists, validators of the user and other servers', async () => {
    const judge = await startBackend((request, response) => {
      const { user, auth_module: module, route: wanted } = JSON.parse(request.body)
      const clean = !JSON.stringify(module).includes('$2') && wanted.id === 'judged-remote'
      const valid = clean && user.email !== 'bob@example.com'
      response.end(JSON.stringify({ valid, reason: { display: 'not on Mondays', internal: { a: 1 } } }))
    })
    const url = `http://127.0.0.1:${judge.port}/`
    const cases: [string, Record<string, unknown>, string][] = [
      ['allowed', { allowedUsers: ['Wildcard(ada@*)'] }, 'User not allowed'],
      ['denied', { deniedUsers: ['bob@example.com'] }, 'User not allowed'],
      [
        'shaped',
        { userValidators: [{ path: '$.profile.metadata.team', value: 'core' }] },
        'user is not valid',
      ],
      ['remote', { remoteValidators: [{ url }] }, 'not on Mondays'],
    ]
    for (const [name, rules, message] of cases) {
      await post(gateway, modules, staff(`judged-${name}`, rules))
      await gateway.route(route(`judged-${name}`, [slot(AUTH, { auth_module: `judged-${name}` })]))
      const url = at(`judged-${name}.oto.tools`)
      assert.equal((await logIn(new Browser(gateway.port), url)).body, 'served /', name)
      const bob = await logIn(new Browser(gateway.port), url, { ...ada, username: 'bob@example.com' })
      assert.equal(bob.headers['otoroshi-error-reason'], 'login.refused', name)
      assert.match(bob.body, new RegExp(message), name)
    }
    await judge.close()
  })

  it('is over, sessions included, for who is removed from the module', async () => {
    await post(gateway, modules, staff('leavers'))
    await gateway.route(route('leavers', [slot(AUTH, { auth_module: 'leavers' })]))
    const browser = new Browser(gateway.port)
    const url = at('leavers.oto.tools')
    assert.equal((await logIn(browser, url)).body, 'served /')
    const path = `${modules}/leavers`
    const { json } = await gateway.admin('GET', path)
    const others = json.users.filter(({ email }: { email: string }) => email !== 'ada@example.com')
    assert.equal((await gateway.admin('PUT', path, { ...json, users: others })).status, 200)
    for (let i = 0; i < 4; i++) assert.doesNotMatch((await browser.open(url)).body, /served/)
    assert.equal((await gateway.admin('PUT', path, json)).status, 200)
    assert.equal((await browser.open(url)).body, 'served /')
  })

  it('is nobody when a validator cannot be asked or read', async () => {
    await post(
      gateway,
      modules,
      staff('lost', { remoteValidators: [{ url: 'http://127.0.0.1:1/', timeout: 500 }] }),
    )
    await post(
      gateway,
      modules,
      staff('broken', { userValidators: [{ kind: 'unknown', path: '$', value: 1 }] }),
    )
    for (const id of ['lost', 'broken']) {
      await gateway.route(route(id, [slot(AUTH, { auth_module: id })]))
      const got = await logIn(new Browser(gateway.port), at(`${id}.oto.tools`))
      assert.equal(got.headers['otoroshi-error-reason'], 'login.refused', id)
    }
  })
})

describe('a module that asks for passkeys besides', () => {
  it('lets nobody in by the password alone', async () => {
    await post(gateway, modules, staff('two-steps', { webauthn: true, basicAuth: true }))
    await gateway.route(route('two-steps', [slot(AUTH, { auth_module: 'two-steps' })]))
    const page = await new Browser(gateway.port).open(at('two-steps.oto.tools'))
    assert.equal(page.headers['otoroshi-error-reason'], 'login.module_missing')
    await gateway.route(
      route('two-steps-basic', [
        slot('cp:otoroshi.next.plugins.BasicAuthWithAuthModule', { ref: 'two-steps' }),
      ]),
    )
    const refused = await call(gateway.port, at('two-steps-basic.oto.tools'), {
      headers: { Authorization: `Basic ${Buffer.from('ada@example.com:correct horse').toString('base64')}` },
    })
    assert.notEqual(refused.status, 200)
    assert.doesNotMatch(refused.body, /served/)
  })
})

describe('basic credentials in place of a form', () => {
  it('are asked for by the browser', async () => {
    await post(gateway, modules, staff('dialogue', { basicAuth: true }))
    await gateway.route(route('dialogue', [slot(AUTH, { auth_module: 'dialogue' })]))
    const browser = new Browser(gateway.port)
    const asked = await browser.open(at('dialogue.oto.tools'))
    assert.deepEqual(
      [asked.status, asked.headers['www-authenticate']],
      [401, 'Basic realm="basic-auth-dialogue"'],
    )
    const credentials = (pair: string) => ({ Authorization: `Basic ${Buffer.from(pair).toString('base64')}` })
    const wrong = await browser.request(asked.url, { headers: credentials('ada@example.com:x') })
    assert.equal(wrong.status, 401)
    const right = await browser.request(asked.url, { headers: credentials('ada@example.com:correct horse') })
    assert.equal(right.status, 303)
    assert.equal((await browser.open(right.headers.location!)).body, 'served /')
  })

  it('make a user known whose profile is too long for any address, and show it in none', async () => {
    const [ada] = (staff('x').users ?? []) as Record<string, unknown>[]
    const long = { ...ada, metadata: { notes: 'a long story '.repeat(3000) } }
    await post(gateway, modules, staff('long-profile', { basicAuth: true, users: [long] }))
    await gateway.route(route('long-profile', [slot(AUTH, { auth_module: 'long-profile' })]))
    const browser = new Browser(gateway.port)
    const asked = await browser.open(at('long-profile.oto.tools'))
    const Authorization = `Basic ${Buffer.from('ada@example.com:correct horse').toString('base64')}`
    const right = await browser.request(asked.url, { headers: { Authorization } })
    assert.equal(right.status, 303)
    assert.ok(right.headers.location!.length < 2000, right.headers.location!)
    assert.equal((await browser.open(right.headers.location!)).body, 'served /')
  })
})

describe('a gateway that users see over TLS', () => {
  let secured: TestGateway
  const secure = (host: string, path = '/') => `https://${host}${path}`
  // As a proxy in front says it.
  const overTls = { 'X-Forwarded-Proto': 'https' }

  class TlsBrowser extends Browser {
    override request(url: string, options: Parameters<Browser['request']>[1] = {}) {
      return super.request(url, { ...options, headers: { ...overTls, ...options.headers } })
    }
  }

  before(async () => {
    secured = await startGateway({
      env: {
        OTOROSHI_ROOT_SCHEME: 'https',
        OTOROSHI_EXPOSED_PORTS_HTTPS: '443',
        OTOROSHI_OPTIONS_ALLOW_REDIRECT_QUERY_PARAM_ON_LOGIN: 'true',
        OTOROSHI_INITIAL_ADMIN_LOGIN: 'root',
        OTOROSHI_INITIAL_ADMIN_PASSWORD: 'first password of all',
      },
    })
    await post(secured, modules, staff('staff', { sessionCookieValues: undefined }))
    await secured.route(route('app', [slot(AUTH, { auth_module: 'staff' })]))
  })
  after(() => secured?.stop())

  it('logs in with secure cookies, and sends nobody to a page without TLS', async () => {
    const browser = new TlsBrowser(secured.port)
    const form = await browser.open(secure('app.oto.tools'))
    assert.match(form.url, /^https:\/\/privateapps\.oto\.tools\/privateapps\/generic\/login\?/)
    assert.equal((await browser.submit(form, ada)).body, 'served /')
    for (const name of [COOKIE, '__Host-oto-papps-start', '__Host-oto-login'])
      assert.match(browser.attributes(name)[0]!, /; HttpOnly; Secure; SameSite=Lax$/, name)
    const plain = await call(secured.port, 'http://privateapps.oto.tools/privateapps/home')
    assert.deepEqual(
      [plain.status, plain.headers.location, plain.headers['otoroshi-redirect-to']],
      [303, 'https://privateapps.oto.tools/privateapps/home', 'https'],
    )
  })

  it('takes no cookie that a host beside can set for the secret of the browser', async () => {
    const attacker = new TlsBrowser(secured.port)
    const form = await attacker.open(secure('app.oto.tools'))
    const secret = attacker.cookie('__Host-oto-login', form.url)!
    const { action, hidden } = formOf(form)
    const sent = async (cookie: string) =>
      call(secured.port, action, {
        method: 'POST',
        headers: { ...overTls, Cookie: cookie, 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ ...hidden, ...ada }).toString(),
      })
    const planted = await sent(`oto-login=${secret}`)
    assert.deepEqual([planted.status, planted.headers['otoroshi-error-reason']], [400, 'login.stale'])
    assert.equal((await sent(`__Host-oto-login=${secret}`)).status, 303)
  })

  it('takes no cookie that a host beside can set for the session of an administrator', async () => {
    const browser = new TlsBrowser(secured.port)
    const home = secure('otoroshi.oto.tools')
    const page = await browser.submit(await browser.open(home), {
      username: 'root',
      password: 'first password of all',
    })
    assert.match(page.body, /Welcome/)
    const name = '__Host-otoroshi-session'
    assert.match(browser.attributes(name)[0]!, /; Path=\/; Max-Age=\d+; HttpOnly; Secure; SameSite=Lax$/)
    const session = browser.cookie(name, home)!
    const seen = async (cookie: string) => {
      const got = await call(secured.port, home, { headers: { ...overTls, Cookie: cookie } })
      return got.headers.location ?? got.status
    }
    assert.equal(await seen(`${name}=${session}`), 200)
    assert.notEqual(await seen(`otoroshi-session=${session}`), 200)
  })

  it('lets a request say where its login leads when that is allowed, on hosts of the route', async () => {
    const asked = async (to: string) => {
      const browser = new TlsBrowser(secured.port)
      const url = secure('app.oto.tools', `/?redirect=${encodeURIComponent(to)}`)
      return { browser, page: await logIn(browser, url), url }
    }
    assert.equal((await asked('/there')).page.body, 'served /there')
    const evil = await asked('https://evil.test/')
    assert.equal(evil.page.url, evil.url)
  })

  it('shows programs without a browser a token that is good', async () => {
    const browser = new TlsBrowser(secured.port)
    const page = await logIn(browser, secure('app.oto.tools', '/?redirect=urn:ietf:wg:oauth:2.0:oob'))
    const token = /<code>([^<]*)<\/code>/.exec(page.body)![1]!
    const headers = { ...overTls, 'Otoroshi-Token': token }
    assert.equal((await call(secured.port, secure('app.oto.tools'), { headers })).status, 200)
  })
})

/** A store that two gateways share: how to reach it, how long it keeps a key (seconds), and its end. */
interface SharedStore {
  readonly env: Record<string, string>
  ttl(key: string): Promise<number>
  stop(): Promise<void>
}

async function oneRedis(): Promise<SharedStore> {
  const server = await startServer({ config: [] })
  return {
    env: { OTOROSHI_STORAGE: 'redis', REDIS_HOST: '127.0.0.1', REDIS_PORT: String(server.port) },
    async ttl(key) {
      const { Redis } = await import('ioredis')
      const raw = new Redis({ port: server.port })
      return raw.ttl(key).finally(() => raw.disconnect())
    },
    stop: () => server.remove(),
  }
}

async function onePostgres(): Promise<SharedStore> {
  const server = await TestPostgres.start()
  return {
    env: { OTOROSHI_STORAGE: 'postgresql', PG_URI: server.uri },
    async ttl(key) {
      const [row] = await server.sql(
        `SELECT extract(epoch FROM ttl_starting_at + ttl - now()) AS left FROM otoroshi.entities WHERE key = '${key}'`,
      )
      return Number(row?.['left'])
    },
    stop: () => server.stop(),
  }
}

for (const [kind, skip, begin] of [
  ['Redis', redisMissing, oneRedis],
  ['PostgreSQL', postgresMissing, onePostgres],
] as const)
  describe(`two gateways on one ${kind}`, { skip }, () => {
    let server: SharedStore
    let a: TestGateway
    let b: TestGateway

    before(async () => {
      server = await begin()
      const { env } = server
      a = await startGateway({ env })
      b = await startGateway({ env })
      await prepare(a)
      await until(
        'b knows the routes',
        async () => (await call(b.port, 'http://me.oto.tools/')).status === 303,
      )
    })
    after(async () => {
      await a?.stop()
      await b?.stop()
      await server?.stop()
    })

    it('share a login: begun at one, finished at the other, good on both, ended on both', async () => {
      // Routes are asked on a, the pages of the login on b.
      const browser = new Browser(url => (url.hostname === 'privateapps.oto.tools' ? b.port : a.port))
      const page = await logIn(browser, at('app.oto.tools', '/', a.port))
      assert.equal(page.body, 'served /')
      const cookie = browser.cookie(COOKIE, at('app.oto.tools'))!
      const headers = { Cookie: `${COOKIE}=${cookie}` }
      const status = async (of: TestGateway) =>
        (await call(of.port, 'http://app.oto.tools/', { headers })).status
      await until('b knows the session', async () => (await status(b)) === 200)
      const [, id] = cookie.split('::')
      assert.equal((await a.admin('DELETE', `/api/apps-sessions/${id}`)).status, 200)
      assert.equal(await status(a), 303)
      await until('the session is over on b', async () => (await status(b)) === 303)
    })

    it('count a form and a link once together', async () => {
      let form = true
      const browser = new Browser(() => (form ? a.port : b.port))
      const page = await browser.open(at('app.oto.tools', '/', a.port))
      const done = await browser.submitOnly(page, ada)
      assert.equal(done.status, 303)
      form = false
      const again = await browser.submitOnly(page, ada)
      assert.equal(again.headers['otoroshi-error-reason'], 'login.stale')
    })

    it('keep a session in the store as long as it lasts', async () => {
      const browser = new Browser(a.port)
      await logIn(browser, at('app.oto.tools', '/', a.port))
      const [, id] = browser.cookie(COOKIE, at('app.oto.tools'))!.split('::')
      const left = await server.ttl(`otoroshi:users:private:${id}`)
      assert.ok(left > 86_000 && left <= 86_400, String(left))
    })
  })
