import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimOf, LONGEST_TOKEN, readJws, textClaim } from './jws.ts'

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const token = (header: unknown, claims: unknown, signature = 'c2ln'): string =>
  `${part(header)}.${part(claims)}.${signature}`
const HS256 = { alg: 'HS256' }

test('a token is read into its parts', () => {
  const text = token({ alg: 'HS256', kid: 'k' }, { iss: 'id' })
  const read = readJws(text)!
  assert.equal(read.alg, 'HS256')
  assert.equal(read.kid, 'k')
  assert.deepEqual(read.claims, { iss: 'id' })
  assert.equal(read.signed, text.slice(0, text.lastIndexOf('.')))
  assert.equal(read.signature.toString(), 'sig')
})

test('anything else is no token', () => {
  const good = token(HS256, { iss: 'id' })
  const bad: Record<string, string> = {
    empty: '',
    'one part': 'abc',
    'two parts': good.slice(0, good.lastIndexOf('.')),
    'no signature': token(HS256, {}, ''),
    'no header': `.${part({})}.c2ln`,
    'four parts': `${good}.c2ln`,
    'five parts, as encrypted tokens have': 'a.b.c.d.e',
    'padded base64': `${part(HS256)}.${part({})}.c2lnMQ==`,
    'the other alphabet': token(HS256, {}, 'c2l+'),
    'spaces around': ` ${good}`,
    'a line break inside': token(HS256, {}, 'c2\nln'),
    'a header that is no JSON': token('{', {}),
    'a header that is a list': token([HS256], {}),
    'claims that are a text': token(HS256, '"x"'),
    'claims that are null': token(HS256, 'null'),
    'no algorithm': token({}, {}),
    'an algorithm that is no text': token({ alg: ['HS256'] }, {}),
    'extensions nobody understands': token({ alg: 'HS256', crit: ['exp'] }, {}),
  }
  for (const [what, text] of Object.entries(bad)) assert.equal(readJws(text), null, what)
})

test('a token beyond the longest is not looked at', () => {
  const claims = { iss: 'id', fill: '' }
  const filled = (length: number): string => token(HS256, { ...claims, fill: 'x'.repeat(length) })
  const most = Math.floor(((LONGEST_TOKEN - token(HS256, claims).length) * 3) / 4)
  assert.notEqual(readJws(filled(most - 2)), null)
  assert.equal(readJws(filled(most + 2)), null)
  assert.equal(readJws(filled(10_000_000)), null)
})

test('claims nested as deep as a token can hold them are no token: nobody need fear for his stack', () => {
  const deep = '['.repeat(6000) + ']'.repeat(6000)
  assert.equal(readJws(token(HS256, deep)), null)
  assert.equal(readJws(token(HS256, `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`)), null)
  assert.notEqual(readJws(token(HS256, `{"a":${'['.repeat(60)}${']'.repeat(60)}}`)), null)
})

test('what every object has is no claim', () => {
  const { claims } = readJws(token(HS256, '{"__proto__":{"iss":"id"},"n":1,"e":""}'))!
  assert.equal(claimOf(claims, 'constructor'), undefined)
  assert.equal(textClaim(claims, 'iss'), null)
  assert.equal(textClaim(claims, 'n'), null)
  assert.equal(textClaim(claims, 'e'), null)
})
