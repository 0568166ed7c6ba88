import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer, FullAnswer } from '../plugin/index.ts'
import {
  clientRequest,
  fakeLogins,
  type FakeLoginsInput,
  pluginServices,
  routeView,
} from '../plugin/testing.ts'
import { loginGuard, type LoginPage } from './login-guard.ts'

const page: LoginPage = { kind: 'module', module: 'm', by: 'desc' }

function sent(url: string, domains: readonly string[], more: FakeLoginsInput = {}, headers = {}): Answer {
  const services = pluginServices(routeView({ id: 'r', domains }), [], [], { logins: fakeLogins(more) })
  return loginGuard(services).toLogin(clientRequest({ url, headers }, true), page)
}

const field = (answer: Answer, name: string): string =>
  (answer as FullAnswer).headers.find(([field]) => field === name)?.[1] ?? ''
const query = (answer: Answer): URLSearchParams => new URL(field(answer, 'Location')).searchParams
const back = (answer: Answer): string => Buffer.from(query(answer).get('redirect')!, 'base64url').toString()

test('the way to the login names the route, the way back and its signature', () => {
  const answer = sent('http://app.test:81/a?b=c', ['app.test'])
  const found = query(answer)
  assert.equal((answer as FullAnswer).status, 303)
  assert.equal(back(answer), 'http://app.test:81/a?b=c')
  assert.equal(found.get('desc'), 'r')
  assert.equal(found.get('ref'), 'm')
  assert.equal(found.get('hash'), fakeLogins().sign(`desc=r&redirect=${found.get('redirect')}`))
})

test('only hosts that the route names are led back to', () => {
  const refused = (url: string, domains: readonly string[]) => sent(url, domains).kind === 'refusal'
  assert.ok(!refused('http://a.app.test/', ['*.app.test']))
  assert.ok(!refused('http://app.test/x', ['APP.test/x']))
  assert.ok(refused('http://evil.com/', ['*']))
  assert.ok(refused('http://evil.com/', ['*.com']))
  assert.ok(refused('http://app.evil.com/', ['app.*']))
  assert.ok(refused('http://evil.com/', []))
  assert.ok(refused('http://evil.com/', ['app.test']), 'a route that was chosen otherwise than by its domain')
})

test('what only begins like a host of the route is none', () => {
  for (const host of [
    'app.test:80@evil.com',
    'app.test:@evil.com',
    'app.test:80/x',
    'app.test:1:2',
    'app.test:x',
  ])
    assert.equal(sent('http://x/', ['app.test'], {}, { Host: host }).kind, 'refusal', host)
  assert.equal(sent('http://x/', ['app.test'], {}, { Host: 'APP.test:8080' }).kind, 'full')
})

test('a client says where to go only when the setting allows it, and only on hosts of the route', () => {
  const asked = (to: string, allowRedirectParameter: boolean) =>
    back(
      sent(`http://app.test/?redirect=${encodeURIComponent(to)}`, ['app.test'], { allowRedirectParameter }),
    )
  const stays = (to: string) => `http://app.test/?redirect=${encodeURIComponent(to)}`
  assert.equal(asked('/there', false), stays('/there'))
  assert.equal(asked('/there', true), 'http://app.test/there')
  assert.equal(asked('urn:ietf:wg:oauth:2.0:oob', true), 'urn:ietf:wg:oauth:2.0:oob')
  for (const evil of ['http://evil.com/', '//evil.com/', 'javascript:alert(1)', 'http://app.test@evil.com/'])
    assert.equal(asked(evil, true), stays(evil))
})

test('the query of a very long address is left out', () => {
  assert.equal(back(sent(`http://app.test/p?x=${'y'.repeat(5000)}`, ['app.test'])), 'http://app.test/p')
})

test('the browser keeps one secret for all its logins', () => {
  const first = field(sent('http://app.test/', ['app.test']), 'Set-Cookie')
  assert.match(first, /^oto-papps-start=[\w-]{43}; Path=\/; Max-Age=900; HttpOnly; SameSite=Lax$/)
  const known = first.split(';')[0]!
  const again = field(sent('http://app.test/', ['app.test'], {}, { Cookie: known }), 'Set-Cookie')
  assert.equal(again, first)
  const planted = field(
    sent('http://app.test/', ['app.test'], {}, { Cookie: 'oto-papps-start=x' }),
    'Set-Cookie',
  )
  assert.notEqual(planted.split(';')[0], 'oto-papps-start=x')
  const secure = sent('https://app.test/', ['app.test'])
  assert.match(
    field(secure, 'Set-Cookie'),
    /^__Host-oto-papps-start=.*; Path=\/; Max-Age=900; HttpOnly; Secure; SameSite=Lax$/,
  )
})
