import assert from 'node:assert/strict'
import { it } from 'node:test'
import { attribute, Attributes } from './attributes.ts'

it('attributes are set, replaced and deleted, each by itself', () => {
  const attributes = new Attributes()
  const keys = Array.from({ length: 5 }, (_, i) => attribute<number>(`same-name-${i % 2}`))
  attributes.delete(keys[0]!)
  assert.equal(attributes.get(keys[0]!), undefined)
  for (const [i, key] of keys.entries()) attributes.set(key, i)
  const all = () => keys.map(key => attributes.get(key))
  assert.deepEqual(all(), [0, 1, 2, 3, 4])
  attributes.set(keys[2]!, 20)
  attributes.delete(keys[1]!)
  attributes.delete(keys[4]!)
  assert.deepEqual(all(), [0, undefined, 20, 3, undefined])
  attributes.set(keys[1]!, 10)
  assert.deepEqual(all(), [0, 10, 20, 3, undefined])
})

it('a value may be a key', () => {
  const attributes = new Attributes()
  const [key, other] = [attribute<unknown>('key'), attribute<number>('other')]
  attributes.set(key, other)
  assert.equal(attributes.get(other), undefined)
  attributes.set(other, 1)
  assert.equal(attributes.get(key), other)
})
