import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBasic, readBearer, readClientId, readToken } from './credential.ts'

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
  const token = (claims: unknown): string =>
    ['{"alg":"HS256"}', JSON.stringify(claims)].map(p => Buffer.from(p).toString('base64url')).join('.')
  const named = (claims: unknown): string | undefined => readToken(`${token(claims)}.c2ln`)?.clientId
  const all = { iss: 'd', cid: 'c', client_id: 'b', clientId: 'a' }
  assert.equal(named(all), 'a')
  assert.equal(named({ ...all, clientId: undefined }), 'b')
  assert.equal(named({ iss: 'd', cid: 'c' }), 'c')
  assert.equal(named({ iss: 'd' }), 'd')
  assert.equal(named({ sub: 'e' }), undefined)
  assert.equal(named({ clientId: 7, iss: 'd' }), 'd')
})
