import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { counterKeys, type Family, nameOf, subjectOf } from './subject.ts'

describe('subjects', () => {
  it('are counted under upstream’s keys', () => {
    const keys = (family: Family, group = '') => counterKeys('oto', subjectOf(family, 'id', group))
    assert.deepEqual(keys('apikey'), {
      window: 'oto:apikey:quotas:second:id',
      daily: 'oto:apikey:quotas:daily:id',
      monthly: 'oto:apikey:quotas:monthly:id',
      total: 'oto:apikey:quotas:global:id',
    })
    assert.equal(keys('route').window, 'oto:plugins:services-public-quotas:second:id')
    assert.equal(keys('limiter').window, 'oto:ratelimiter:quotas:window:id')
    assert.equal(keys('lua-limiter').daily, 'oto:ratelimiter:lua:{id}:daily')
    assert.deepEqual(keys('custom-quotas', 'g'), {
      window: null,
      daily: 'oto:plugins:custom-quotas:g:daily:id',
      monthly: 'oto:plugins:custom-quotas:g:monthly:id',
      total: null,
    })
    assert.equal(keys('custom-throttling', 'g').window, 'oto:plugins:custom-throttling:g:second:id')
    assert.equal(keys('address').window, 'oto:throttling:perip:id')
    assert.equal(keys('global').window, 'oto:throttling:global')
    assert.deepEqual(new Set(Object.values(keys('node'))), new Set([null]))
  })

  it('have names that no other has', () => {
    const names = [
      subjectOf('limiter', 'c', 'a b'),
      subjectOf('limiter', 'b c', 'a'),
      subjectOf('limiter', 'a b c'),
      subjectOf('lua-limiter', 'a b c'),
    ].map(nameOf)
    assert.equal(new Set(names).size, names.length)
  })

  it('have ids that a store can hold, however they were made', () => {
    const long = 'x'.repeat(513)
    const ids = [long, `${long}y`, 'a\0b', 'a\ud800b'].map(id => subjectOf('custom-quotas', id).id)
    for (const id of ids) assert.match(id, /^sha256-[0-9a-f]{64}$/)
    assert.equal(new Set(ids).size, ids.length)
    assert.equal(subjectOf('custom-quotas', long).id, ids[0])
    assert.equal(subjectOf('custom-quotas', 'plain').id, 'plain')
  })
})
