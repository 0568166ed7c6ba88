import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCookies, sessionDomain } from './cookies.ts'
import { html } from './pages/html.ts'
import { BadLoginRequest } from './request.ts'
import { fakeRequest } from './testing/fake-visit.ts'

test('the address is what the data plane says of it, and must be a host and a port', () => {
  const request = fakeRequest('GET', '/a?b=c', '', {}, 'https://app.test:8443')
  assert.deepEqual(
    [request.url.href, request.host, request.path, request.query.get('b'), request.secure, request.from],
    ['https://app.test:8443/a?b=c', 'app.test', '/a', 'c', true, '192.0.2.1'],
  )
})

test('an address that leads elsewhere is refused', () => {
  for (const base of [
    'http://app.test@evil.test',
    'http://app.test/x',
    'ftp://app.test',
    'app.test',
    '',
    'http://a\\b',
  ])
    assert.throws(() => fakeRequest('GET', '/', '', { 'x-url': base }, base), BadLoginRequest, base)
})

test('only forms are read as forms, and only objects as JSON', async () => {
  const form = { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' }
  const read = await fakeRequest('POST', '/', 'a=1&b=%C3%BC', form).form()
  assert.deepEqual(
    [...read],
    [
      ['a', '1'],
      ['b', 'ü'],
    ],
  )
  assert.equal((await fakeRequest('POST', '/', 'a=1', { 'Content-Type': 'text/plain' }).form()).size, 0)
  assert.deepEqual(await fakeRequest('POST', '/', '{"a":1}', {}).json(), { a: 1 })
  for (const body of ['[1]', 'null', '{', '"a"'])
    await assert.rejects(fakeRequest('POST', '/', body, {}).json(), BadLoginRequest, body)
  await assert.rejects(fakeRequest('POST', '/', 'x'.repeat(300_000), form).form(), /too large/)
})

test('the first of equal cookies counts', () => {
  const found = readCookies(['a=1; b=2', 'a=3; =x; c'])
  assert.deepEqual(
    [...found],
    [
      ['a', '1'],
      ['b', '2'],
    ],
  )
})

test('a session is shared below its domain, and elsewhere belongs to the host', () => {
  assert.equal(sessionDomain('app.oto.tools', '.oto.tools'), '.oto.tools')
  assert.equal(sessionDomain('oto.tools', '.oto.tools'), '.oto.tools')
  assert.equal(sessionDomain('evil-oto.tools', '.oto.tools'), 'evil-oto.tools')
  assert.equal(sessionDomain('app.example.com', '.oto.tools'), 'app.example.com')
})

test('what is put into a page is text, whatever it is', () => {
  const { text } = html`<p title="${'"><x y=\'`&'}">${[html`<b>${'<'}</b>`, null]}${null}${1}</p>`
  assert.equal(text, '<p title="&#34;&#62;&#60;x y=&#39;&#96;&#38;"><b>&#60;</b>1</p>')
})
