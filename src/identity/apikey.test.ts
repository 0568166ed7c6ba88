import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readApikey } from './apikey.ts'

const entity = { clientId: 'id', clientSecret: 'secret', clientName: 'name' }
const read = (more: object) => readApikey(JSON.stringify({ ...entity, ...more }))!

test('grants are the union of the three spellings', () => {
  const key = read({
    authorizedGroup: 'group_old',
    authorizedEntities: ['route_r', 'service_s', 'route-composition_c', 'api_a', 'plain', 'group_g'],
    authorizations: [
      { kind: 'route', id: 'r2' },
      { kind: 'unheard-of', id: 'u' },
    ],
  })
  const granted: [Parameters<typeof key.grantedOn>[0], string][] = [
    ['group', 'old'],
    ['route', 'r'],
    ['service', 's'],
    ['route-composition', 'c'],
    ['api', 'a'],
    ['group', 'plain'],
    ['group', 'g'],
    ['route', 'r2'],
    ['group', 'u'],
  ]
  for (const [kind, id] of granted) assert.ok(key.grantedOn(kind, id), `${kind} ${id}`)
  assert.ok(!key.grantedOn('route', 'old'))
  assert.ok(!key.grantedOn('group', 'r'))
  assert.ok(!key.grantedOn('group', 'group_g'))
})

test('a key is usable while it is enabled and before its end', () => {
  assert.ok(read({}).usableAt(1))
  assert.ok(!read({ enabled: false }).usableAt(1))
  assert.ok(read({ validUntil: 1000 }).usableAt(999))
  assert.ok(!read({ validUntil: 1000 }).usableAt(1000))
})

test('the secret to come counts only while the key rotates', () => {
  assert.equal(read({ rotation: { enabled: true, nextSecret: 'n' } }).nextSecret, 'n')
  assert.equal(read({ rotation: { enabled: false, nextSecret: 'n' } }).nextSecret, null)
  assert.equal(read({}).nextSecret, null)
})

test('the light form holds no secret', () => {
  const light = read({ tags: ['t'], metadata: { a: 'b' } }).light()
  assert.deepEqual(light, { clientId: 'id', clientName: 'name', metadata: { a: 'b' }, tags: ['t'] })
})

test('what is no valid key opens nothing', () => {
  for (const text of ['', '{', 'null', '[]', '{}', JSON.stringify({ ...entity, clientSecret: ' ' })])
    assert.equal(readApikey(text), null, text)
})
