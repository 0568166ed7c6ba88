/** Session cookies and backends, and the end of sessions that are shown in other ways. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hash } from 'bcryptjs'
import { type Backend, startBackend } from './support/backend.ts'
import { Browser } from './support/browser.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'

const AUTH = 'cp:otoroshi.next.plugins.AuthModule'
const LOGOUT = 'cp:otoroshi.next.plugins.UserLogoutEndpoint'
const COOKIE = 'oto-papps-basic-auth-staff'
const ada = { username: 'ada@example.com', password: 'correct horse' }

let backend: Backend
let open: TestGateway
let hiding: TestGateway

async function prepare(gateway: TestGateway): Promise<void> {
  const module = {
    id: 'staff',
    type: 'basic',
    name: 'Staff',
    users: [{ name: 'Ada', email: ada.username, password: await hash(ada.password, 4) }],
    sessionCookieValues: { httpOnly: true, secure: false },
  }
  const { status, text } = await gateway.admin('POST', '/apis/security.otoroshi.io/v1/auth-modules', module)
  assert.equal(status, 201, text)
  for (const [id, plugins] of [
    ['app', [{ plugin: AUTH, config: { auth_module: 'staff' } }]],
    ['out', [{ plugin: AUTH, config: { auth_module: 'staff' } }, { plugin: LOGOUT }]],
    ['free', []],
  ] as const)
    await gateway.route({
      id,
      name: id,
      frontend: { domains: [`${id}.oto.tools`] },
      backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
      plugins,
    })
}

before(async () => {
  backend = await startBackend((request, response) => {
    const { 'otoroshi-token': token = '' } = request.headers
    response.setHeader('X-Seen', JSON.stringify([request.url, token]))
    response.end(request.headers.cookie ?? 'none')
  })
  open = await startGateway()
  hiding = await startGateway({ env: { OTOROSHI_PRIVATEAPPS_SESSION_HIDE_FROM_BACKENDS: 'true' } })
  await Promise.all([prepare(open), prepare(hiding)])
})
after(async () => {
  await Promise.all([open?.stop(), hiding?.stop()])
  await backend?.close()
})

const at = (gateway: TestGateway, host: string, path = '/') =>
  `http://${host}.oto.tools:${gateway.port}${path}`

/** Logs Ada in; answers the value of her cookie. */
async function session(gateway: TestGateway): Promise<string> {
  const browser = new Browser(gateway.port)
  const page = await browser.submit(await browser.open(at(gateway, 'app')), ada)
  assert.equal(page.status, 200, page.body)
  return browser.cookie(COOKIE, at(gateway, 'app'))!
}

const seen = async (gateway: TestGateway, host: string, cookie: string) => {
  const { status, body } = await call(gateway.port, at(gateway, host), { headers: { Cookie: cookie } })
  assert.equal(status, 200)
  return body
}

describe('backends', () => {
  it('see session cookies as a rule, as behind an Otoroshi', async () => {
    const cookie = `a=1; ${COOKIE}=${await session(open)}; b=2`
    assert.equal(await seen(open, 'app', cookie), cookie)
  })

  it('do not see them where the instance is set so, and see all others', async () => {
    const id = await session(hiding)
    assert.equal(await seen(hiding, 'app', `a=1; ${COOKIE}=${id}; b=x%3D"y z"`), 'a=1; b=x%3D"y z"')
    assert.equal(await seen(hiding, 'app', `${COOKIE}=${id}`), 'none')
    // On routes that want no login the browser sends them too.
    assert.equal(
      await seen(
        hiding,
        'free',
        `oto-papps-start=1; __Host-oto-papps-start=2; ${COOKIE}=${id};otoroshi-session=x; __Host-otoroshi-session=y; c`,
      ),
      'c',
    )
    assert.equal(
      await seen(hiding, 'free', 'my-oto-papps-x=1; otoroshi-session2=2'),
      'my-oto-papps-x=1; otoroshi-session2=2',
    )
  })
})

describe('a session that is shown by query or header', () => {
  const shown = async (gateway: TestGateway, path: string, token: string) => {
    const { status, headers } = await call(gateway.port, at(gateway, 'app', path), {
      headers: { 'Otoroshi-Token': token },
    })
    assert.equal(status, 200)
    return JSON.parse(String(headers['x-seen']))
  }

  it('is kept from backends, too', async () => {
    const id = await session(hiding)
    assert.deepEqual(await shown(hiding, `/a?x=%20&papps%54oken=${id}&y`, ''), ['/a?x=%20&y', ''])
    assert.deepEqual(await shown(hiding, '/a', id), ['/a', ''])
    assert.deepEqual(await shown(hiding, `/a?pappsToken=${id}`, 'a.b.c'), ['/a', 'a.b.c'])
    const seen = await session(open)
    assert.deepEqual(await shown(open, `/a?pappsToken=${seen}`, 'x'), [`/a?pappsToken=${seen}`, 'x'])
  })
})

describe('a logout', () => {
  const headers = (token: string) => ({ 'Otoroshi-Token': token })
  const status = async (token: string) =>
    (await call(open.port, at(open, 'app'), { headers: headers(token) })).status

  it('ends the session that the query shows, over the endpoint of the route', async () => {
    const token = await session(open)
    assert.equal(await status(token), 200)
    const query = `?pappsToken=${encodeURIComponent(token)}`
    const first = await call(open.port, at(open, 'out', `/leave${query}&redirect=/bye`))
    assert.equal(first.status, 303, first.body)
    const way = String(first.headers.location)
    assert.match(way, /^\/\.well-known\/otoroshi\/logout\?redirect=%2Fbye&pappsToken=/)
    const left = await call(open.port, at(open, 'out', way))
    assert.equal(new URL(String(left.headers.location)).hostname, 'privateapps.oto.tools')
    assert.doesNotMatch(String(left.headers.location), new RegExp(token.slice(70)))
    assert.equal(await status(token), 303)
  })

  it('ends the session that a header shows', async () => {
    const [token, other] = [await session(open), await session(open)]
    const got = await call(open.port, at(open, 'app', '/.well-known/otoroshi/logout'), {
      headers: headers(token),
    })
    assert.equal(got.status, 303)
    assert.deepEqual([await status(token), await status(other)], [303, 200])
  })

  it('ends nothing for who cannot show it: the signature counts', async () => {
    const token = await session(open)
    const forged = `${'0'.repeat(64)}${token.slice(64)}`
    for (const target of [`?pappsToken=${encodeURIComponent(forged)}`, `?pappsToken=${token.slice(66)}`, ''])
      await call(open.port, at(open, 'app', `/.well-known/otoroshi/logout${target}`), {
        headers: headers(forged),
      })
    assert.equal(await status(token), 200)
  })
})
