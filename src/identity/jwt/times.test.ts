import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifespan, timeFault } from './times.ts'

const at = (claims: Record<string, unknown>, now = 1000): string | null => timeFault(claims, now, 10)

test('a token without times is good at any time', () => {
  assert.equal(at({}), null)
})

test('a token ends, clocks that differ allowed for', () => {
  assert.equal(at({ exp: 1001 }), null)
  assert.equal(at({ exp: 990 }), null)
  assert.equal(at({ exp: 989 }), 'expired')
  assert.equal(at({ exp: 989.5 }), 'expired')
  assert.equal(at({ exp: 0 }), 'expired')
})

test('a token begins', () => {
  assert.equal(at({ nbf: 1010 }), null)
  assert.equal(at({ nbf: 1011 }), 'not yet valid')
  assert.equal(at({ iat: 1010 }), null)
  assert.equal(at({ iat: 1011 }), 'issued in the future')
})

test('a time that is no number is never good', () => {
  for (const name of ['exp', 'nbf', 'iat'])
    for (const value of ['99999999999', null, true, {}, [99999999999], Number.NaN, Number.POSITIVE_INFINITY])
      assert.equal(at({ [name]: value }), 'malformed time', `${name} ${String(value)}`)
})

test('the life of a token needs both ends', () => {
  assert.equal(lifespan({ iat: 10, exp: 70 }), 60)
  assert.equal(lifespan({ exp: 70 }), null)
  assert.equal(lifespan({ iat: 10 }), null)
  assert.equal(lifespan({ iat: '10', exp: 70 }), null)
})
