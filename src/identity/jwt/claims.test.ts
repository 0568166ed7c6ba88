import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimAt, claimHolds, claimIs, mapClaims } from './claims.ts'

test('a claim is compared as text', () => {
  const claims = {
    iss: 'a',
    level: 3,
    admin: true,
    aud: ['x', 'y'],
    list: ['a'],
    nothing: null,
    deep: { a: 1 },
  }
  assert.ok(claimIs(claims, 'iss', 'a'))
  assert.ok(claimIs(claims, 'level', '3'))
  assert.ok(claimIs(claims, 'admin', 'true'))
  assert.ok(claimIs(claims, 'aud', 'y'))
  for (const [name, expected] of [
    ['iss', 'A'],
    ['iss', ''],
    ['list', 'a'],
    ['nothing', 'null'],
    ['deep', '[object Object]'],
    ['absent', ''],
    ['absent', 'undefined'],
    ['toString', ''],
    ['aud', 'x,y'],
  ] as const)
    assert.equal(claimIs(claims, name, expected), false, `${name} ${expected}`)
})

test('a list holds every value that is asked for', () => {
  const claims = { roles: ['a', 'b', 7], text: 'a,b' }
  assert.ok(claimHolds(claims, 'roles', 'a'))
  assert.ok(claimHolds(claims, 'roles', ' a , b '))
  assert.ok(claimHolds(claims, 'roles', '7'))
  for (const [name, expected] of [
    ['roles', 'a,c'],
    ['roles', ''],
    ['roles', ','],
    ['text', 'a'],
    ['absent', 'a'],
  ] as const)
    assert.equal(claimHolds(claims, name, expected), false, `${name} ${expected}`)
})

test('claims are renamed, then set, then left out', () => {
  assert.deepEqual(
    mapClaims({ a: 1, b: 2, c: 3 }, { a: 'b', b: 'a', missing: 'x' }, { c: 4, d: 5 }, ['d', 'none']),
    { a: 2, b: 1, c: 4 },
  )
  assert.deepEqual(mapClaims({ a: 1 }, { a: 'a' }, {}, []), { a: 1 })
})

test('a dotted path leads into objects and lists, and nowhere else', () => {
  const claims = { a: { b: [{ c: 1 }] }, 'a.b': 2 }
  assert.equal(claimAt(claims, 'a.b.0.c'), 1)
  assert.equal(claimAt(claims, 'a.x'), undefined)
  assert.equal(claimAt(claims, 'constructor.name'), undefined)
})
