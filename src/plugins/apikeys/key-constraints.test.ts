import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apikey } from '../../plugin/testing.ts'
import { keyConstraints } from './key-constraints.ts'

const key = apikey({
  clientId: 'id',
  clientSecret: 's',
  tags: ['a', 'b'],
  metadata: { env: 'prod', team: 'x' },
})
const fits = (settings: Record<string, unknown>): boolean => keyConstraints(settings)!(key)

test('constraints that say nothing are none', () => {
  assert.equal(keyConstraints({}), null)
  assert.equal(keyConstraints({ one_tag_in: [], all_meta_in: {}, none_meta_keys_in: null }), null)
})

test('tags', () => {
  assert.ok(fits({ one_tag_in: ['b', 'z'] }))
  assert.ok(!fits({ one_tag_in: ['z'] }))
  assert.ok(fits({ all_tags_in: ['a', 'b'] }))
  assert.ok(!fits({ all_tags_in: ['a', 'z'] }))
  assert.ok(fits({ none_tag_in: ['z'] }))
  assert.ok(!fits({ none_tag_in: ['z', 'a'] }))
})

test('metadata', () => {
  assert.ok(fits({ one_meta_in: { env: 'prod', team: 'y' } }))
  assert.ok(!fits({ one_meta_in: { env: 'dev' } }))
  assert.ok(fits({ all_meta_in: { env: 'prod', team: 'x' } }))
  assert.ok(!fits({ all_meta_in: { env: 'prod', team: 'y' } }))
  assert.ok(fits({ none_meta_in: { env: 'dev' } }))
  assert.ok(!fits({ none_meta_in: { env: 'prod' } }))
})

test('names of metadata', () => {
  assert.ok(fits({ one_meta_key_in: ['env', 'z'] }))
  assert.ok(!fits({ one_meta_key_in: ['z'] }))
  assert.ok(fits({ all_meta_keys_in: ['env', 'team'] }))
  assert.ok(!fits({ all_meta_keys_in: ['env', 'z'] }))
  assert.ok(fits({ none_meta_keys_in: ['z'] }))
  assert.ok(!fits({ none_meta_keys_in: ['env'] }))
})

test('what every object has is no metadata', () => {
  assert.ok(!fits({ one_meta_key_in: ['constructor', 'toString', '__proto__'] }))
})

test('all constraints must hold', () => {
  assert.ok(fits({ one_tag_in: ['a'], all_meta_in: { env: 'prod' } }))
  assert.ok(!fits({ one_tag_in: ['a'], all_meta_in: { env: 'dev' } }))
})

test('older spellings count, and never let more in than the new one', () => {
  assert.ok(!fits({ none_tagIn: ['a'] }))
  assert.ok(!fits({ noneTagIn: ['a'] }))
  assert.ok(!fits({ none_tag_in: ['z'], noneTagIn: ['a'] }))
  assert.ok(fits({ oneTagIn: ['a'] }))
  assert.ok(!fits({ one_tag_in: ['z'], oneTagIn: ['a'] }))
  for (const older of [
    { oneTagIn: ['z'] },
    { allTagsIn: ['z'] },
    { noneMetaIn: { env: 'prod' } },
    { oneMetaIn: { env: 'dev' } },
    { allMetaIn: { env: 'dev' } },
    { noneMetaKeysIn: ['env'] },
    { oneMetaKeyIn: ['z'] },
    { allMetaKeysIn: ['z'] },
  ])
    assert.ok(!fits(older), JSON.stringify(older))
  assert.throws(() => keyConstraints({ oneTagIn: 'a' }))
})
