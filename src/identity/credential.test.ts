import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBasic, readBearer, readClientId, readToken } from './credential.ts'

const token = (claims: unknown): string =>
  ['{"alg":"HS256"}', JSON.stringify(claims)].map(p => Buffer.from(p).toString('base64url')).join('.')
const base64 = (text: string): string => Buffer.from(text).toString('base64')

test('basic credentials end the id at the first colon', () => {
  assert.deepEqual(readBasic(base64('id:se:cret')), { form: 'secret', clientId: 'id', secret: 'se:cret' })
  assert.deepEqual(readBasic(base64('id:')), { form: 'secret', clientId: 'id', secret: '' })
  assert.deepEqual(readBasic(base64('id:ÿþ?')), { form: 'secret', clientId: 'id', secret: 'ÿþ?' })
  const urlSafe = base64('id:ÿþ?').replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
  assert.deepEqual(readBasic(urlSafe), readBasic(base64('id:ÿþ?')))
})

test('what is no pair in base64 is no credential', () => {
  for (const text of [
    '',
    'id:secret',
    base64('id'),
    base64(':secret'),
    `${base64('id:secret')}!`,
    base64('id:s').repeat(2000),
  ])
    assert.equal(readBasic(text), null, text.slice(0, 20))
})

test('a bearer is told from an id that stands in the same place', () => {
  assert.equal(readClientId('otoapk_id_00ff'), null)
  assert.deepEqual(readBearer('otoapk_id_00ff'), { form: 'bearer', clientId: 'id', bearer: 'otoapk_id_00ff' })
  assert.deepEqual(readClientId('id'), { form: 'client-id', clientId: 'id' })
  assert.equal(readBearer('id'), null)
  assert.equal(readClientId(''), null)
})

test('a token names its key in the first of four claims', () => {
  const named = (claims: unknown): string | undefined => readToken(`${token(claims)}.c2ln`)?.clientId
  const all = { iss: 'd', cid: 'c', client_id: 'b', clientId: 'a' }
  assert.equal(named(all), 'a')
  assert.equal(named({ ...all, clientId: undefined }), 'b')
  assert.equal(named({ iss: 'd', cid: 'c' }), 'c')
  assert.equal(named({ iss: 'd' }), 'd')
  assert.equal(named({ sub: 'e' }), undefined)
  assert.equal(named({ clientId: 7, iss: 'd' }), 'd')
})

test('a token that comes again is the same, one that differs in its last letter is another', () => {
  const first = `${token({ iss: 'again' })}.c2ln`
  const read = readToken(first)
  assert.ok(read?.form === 'token')
  assert.equal(readToken(Buffer.from(first).toString()), read)
  assert.throws(() => {
    Object.assign(read.token.claims, { iss: 'another' })
  }, TypeError)
  const other = readToken(`${token({ iss: 'again' })}.c2lu`)
  assert.ok(other?.form === 'token' && !other.token.signature.equals(read.token.signature))
  // More of them than are remembered, and back.
  for (let i = 0; i < 1000; i++)
    assert.equal(readToken(`${token({ iss: `key-${i}` })}.c2ln`)?.clientId, `key-${i}`)
  assert.deepEqual(readToken(first), read)
})
