/** The plugins of the family `cookies`, driven through a running gateway. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type Got } from './support/http.ts'
import { closes, pluginRoute } from './support/plugin-routes.ts'

let gateway: TestGateway
let backend: Backend

before(async () => {
  gateway = await startGateway({ threads: 1 })
  backend = await startBackend((seen, response) => {
    response.setHeader('Set-Cookie', ['kept=1; Path=/', 'gone=2', 'own=3'])
    response.end(JSON.stringify({ cookie: seen.headers.cookie ?? null }))
  })
  const routes: [string, string, object?][] = [
    ['add', 'AdditionalCookieIn'],
    ['add-own', 'AdditionalCookieIn', { name: 'path', value: '${req.path}' }],
    ['missing', 'MissingCookieIn', { name: 'a', value: 'new' }],
    ['remove', 'RemoveCookiesIn', { names: ['a'] }],
    ['set', 'AdditionalCookieOut'],
    [
      'set-own',
      'AdditionalCookieOut',
      { name: 'id', value: '${req.query.v}', maxAge: 60, secure: true, httpOnly: true, sameSite: 'None' },
    ],
    ['set-missing', 'MissingCookieOut', { name: 'own', value: 'new' }],
    ['unset', 'RemoveCookiesOut', { names: ['gone'] }],
    ['valid', 'CookiesValidation'],
    ['valid-own', 'CookiesValidation', { cookies: { team: 'blue' } }],
  ]
  for (const [id, name, config] of routes) await gateway.route(pluginRoute(id, backend, [[name, config]]))
})
after(async () => {
  await gateway.stop()
  await backend.close()
})

const get = (id: string, cookie?: string, path = '/'): Promise<Got> =>
  call(gateway.port, `http://${id}.test${path}`, { headers: cookie === undefined ? {} : { Cookie: cookie } })
const sent = async (id: string, cookie?: string, path?: string) => (await get(id, cookie, path)).json.cookie
const set = async (id: string, path?: string) => (await get(id, undefined, path)).headers['set-cookie']

describe('cookies of requests', () => {
  it('are added, and added where they are missing', async () => {
    assert.equal(await sent('add', 'a=1'), 'a=1; cookie=value')
    assert.equal(await sent('add-own', undefined, '/x;y'), 'path=/x%3By')
    assert.equal(await sent('missing', 'a=1'), 'a=1')
    assert.equal(await sent('missing', 'b=1'), 'b=1; a=new')
  })

  it('are removed', async () => {
    assert.equal(await sent('remove', 'a=1; b=2; a=3'), 'b=2')
    assert.equal(await sent('remove', 'a=1'), null)
  })

  it('are asked for', async () => {
    assert.equal((await get('valid')).status, 200)
    assert.equal((await get('valid-own', 'x=1; team=blue')).status, 200)
    const refused = await get('valid-own', 'team=red')
    assert.equal(refused.status, 400)
    assert.equal(refused.headers['otoroshi-error-reason'], 'cookie.refused')
    assert.deepEqual(refused.json, { 'Otoroshi-Error': 'bad request' })
  })
})

describe('cookies of answers', () => {
  const given = ['kept=1; Path=/', 'gone=2', 'own=3']

  it('are added, and added where they are missing', async () => {
    assert.deepEqual(await set('set'), [...given, 'cookie=value'])
    assert.deepEqual(await set('set-own', '/?v=a%3B%20Domain=evil.test'), [
      ...given,
      'id=a%3B%20Domain=evil.test; Max-Age=60; Secure; HttpOnly; SameSite=None',
    ])
    assert.deepEqual(await set('set-missing'), given)
  })

  it('are removed', async () => {
    assert.deepEqual(await set('unset'), ['kept=1; Path=/', 'own=3'])
  })
})

it('settings that are none close the route and name the place', async () => {
  await closes(gateway, backend, 'AdditionalCookieIn', { name: 'a b' }, /name/)
  await closes(gateway, backend, 'AdditionalCookieOut', { sameSite: 'x' }, /sameSite/)
  await closes(gateway, backend, 'MissingCookieIn', { value: 'a;b' }, /value/)
  await closes(gateway, backend, 'MissingCookieOut', { path: '/;x' }, /path/)
  await closes(gateway, backend, 'RemoveCookiesIn', { names: 'a' }, /names/)
  await closes(gateway, backend, 'RemoveCookiesOut', { names: [1] }, /names/)
  await closes(gateway, backend, 'CookiesValidation', { cookies: { a: 1 } }, /cookies/)
})
