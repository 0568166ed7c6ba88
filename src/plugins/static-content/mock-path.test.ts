import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mockPath, segmentsOf } from './mock-path.ts'

function match(pattern: string, path: string): Record<string, string> | null {
  const params = mockPath(pattern).match(segmentsOf(path))
  return params === null ? null : Object.fromEntries(params)
}

describe('the path of a mock', () => {
  it('matches whole paths only', () => {
    assert.deepEqual(match('/a/b', '/a/b'), {})
    assert.deepEqual(match('/a/b', '/a/b/'), {})
    for (const other of ['/a', '/a/b/c', '/a/bc', '/A/b', '/'])
      assert.equal(match('/a/b', other), null, other)
    assert.deepEqual(match('/', '/'), {})
  })

  it('takes parameters', () => {
    assert.deepEqual(match('/users/:id/posts/:post', '/users/1/posts/a%20b'), { id: '1', post: 'a%20b' })
    assert.deepEqual(match('/users/$id<[0-9]+>', '/users/42'), { id: '42' })
    assert.equal(match('/users/$id<[0-9]+>', '/users/42x'), null)
  })

  it('takes any text for a star, within one segment', () => {
    assert.deepEqual(match('/files/*.txt', '/files/a.b.txt'), {})
    assert.equal(match('/files/*.txt', '/files/atxt'), null)
    assert.deepEqual(match('/files/*', '/files/x'), {})
    assert.equal(match('/files/*', '/files/x/y'), null)
    assert.equal(match('/a+(b)*', '/aab'), null)
  })

  it('takes escapes for what they stand for, and broken ones as they are', () => {
    assert.deepEqual(match('/a b', '/a%20b'), {})
    assert.deepEqual(match('/é', '/%C3%A9'), {})
    assert.equal(match('/a', '/%E0%A4%A'), null)
  })

  it('orders by how much it says', () => {
    const ranks = ['/a/b', '/a/:x', '/a/*', '/:x/b', '/*/b'].map(path => mockPath(path).rank)
    assert.deepEqual(ranks, ranks.toSorted())
  })

  it('refuses expressions that are broken or not linear, and is quick with the others', () => {
    for (const path of ['/$id<[>', '/$id<(a)\\1>', '/$id<(?=a)>', '/$id<a'])
      assert.throws(() => mockPath(path), path)
    const path = mockPath('/$id<(a+)+b>')
    const start = performance.now()
    assert.equal(path.match(['a'.repeat(8000)]), null)
    assert.ok(performance.now() - start < 2000)
  })
})
