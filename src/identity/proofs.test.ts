import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { type ApikeyView, readApikey } from './apikey.ts'
import { bearerOf, bearerOpens, clientIdOfBearer, sameSecret, secretOpens } from './proofs.ts'

function key(more: Record<string, unknown> = {}): ApikeyView {
  const entity = { clientId: 'id', clientSecret: 'secret', clientName: 'key', ...more }
  return readApikey(JSON.stringify(entity))!
}

const rotating = (nextSecret: string | null, enabled = true): ApikeyView =>
  key({ rotation: { enabled, nextSecret } })

test('texts of different lengths are compared without an error', () => {
  assert.ok(sameSecret('a', 'a'))
  assert.ok(!sameSecret('a', 'aa'))
  assert.ok(!sameSecret('', 'a'))
})

test('a key opens with its secret, and with the next one while it rotates', () => {
  assert.ok(secretOpens(key(), 'secret'))
  assert.ok(!secretOpens(key(), 'Secret'))
  assert.ok(!secretOpens(key(), 'secret '))
  assert.ok(secretOpens(rotating('next'), 'secret'))
  assert.ok(secretOpens(rotating('next'), 'next'))
  assert.ok(!secretOpens(rotating('next', false), 'next'))
})

test('an empty secret opens nothing, even when the next secret is empty', () => {
  for (const view of [key(), rotating(null), rotating('')]) assert.ok(!secretOpens(view, ''))
  assert.ok(!bearerOpens(rotating(''), bearerOf('id', 'other')))
})

test('a bearer is otoapk, the id and an HMAC of both', () => {
  const mac = createHmac('sha256', 'secret').update('otoapk_id').digest('hex')
  assert.equal(bearerOf('id', 'secret'), `otoapk_id_${mac}`)
})

test('a bearer opens the key it was made for, with either secret', () => {
  assert.ok(bearerOpens(key(), bearerOf('id', 'secret')))
  assert.ok(bearerOpens(rotating('next'), bearerOf('id', 'next')))
  assert.ok(!bearerOpens(key(), bearerOf('id', 'next')))
  assert.ok(!bearerOpens(key(), bearerOf('other', 'secret')))
  assert.ok(!bearerOpens(key(), bearerOf('id', 'secret').toUpperCase()))
  assert.ok(!bearerOpens(key(), 'otoapk_id_'))
})

test('the id in a bearer may hold underscores', () => {
  assert.equal(clientIdOfBearer('otoapk_my_id_00ff'), 'my_id')
  for (const none of ['otoapk_', 'otoapk_id', 'otoapk__', 'OTOAPK_id_00', 'id', ''])
    assert.equal(clientIdOfBearer(none), null, none)
})
