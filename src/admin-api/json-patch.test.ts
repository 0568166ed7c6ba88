import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { jsonCost } from '../model/json-cost.ts'
import { diffJson } from './json-diff.ts'
import { applyPatch, PatchError } from './json-patch.ts'
import { equalJson } from './json-value.ts'
import { mergePatch } from './merge-patch.ts'

/** Document, patch, result (RFC 6902, appendix A, and its edge cases). */
const good: ReadonlyArray<readonly [unknown, unknown[], unknown]> = [
  [{ foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { foo: 'bar', baz: 'qux' }],
  [{ foo: ['bar', 'baz'] }, [{ op: 'add', path: '/foo/1', value: 'q' }], { foo: ['bar', 'q', 'baz'] }],
  [{ foo: ['bar'] }, [{ op: 'add', path: '/foo/-', value: ['a'] }], { foo: ['bar', ['a']] }],
  [{ foo: 1, baz: 2 }, [{ op: 'remove', path: '/baz' }], { foo: 1 }],
  [{ foo: [1, 2, 3] }, [{ op: 'remove', path: '/foo/1' }], { foo: [1, 3] }],
  [{ foo: 1 }, [{ op: 'replace', path: '/foo', value: null }], { foo: null }],
  [{ a: { b: 1 }, c: {} }, [{ op: 'move', from: '/a/b', path: '/c/d' }], { a: {}, c: { d: 1 } }],
  [{ a: [1, 2, 3, 4] }, [{ op: 'move', from: '/a/1', path: '/a/3' }], { a: [1, 3, 4, 2] }],
  [{ a: { x: 1 } }, [{ op: 'copy', from: '/a', path: '/b' }], { a: { x: 1 }, b: { x: 1 } }],
  [{ a: { y: [1], x: 2 } }, [{ op: 'test', path: '/a', value: { x: 2, y: [1] } }], { a: { y: [1], x: 2 } }],
  [{ '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
  [{ 'a/b': 1 }, [{ op: 'remove', path: '/a~1b' }], {}],
  [{ '': 1 }, [{ op: 'replace', path: '/', value: 2 }], { '': 2 }],
  [{ a: 1 }, [{ op: 'replace', path: '', value: [1] }], [1]],
  [{ a: 1 }, [{ op: 'add', path: '', value: 'x' }], 'x'],
  [{ a: { b: 1 } }, [{ op: 'move', from: '/a', path: '' }], { b: 1 }],
  [{ a: 1 }, [{ op: 'move', from: '/a', path: '/a' }], { a: 1 }],
  [
    { constructor: { x: 1 } },
    [{ op: 'replace', path: '/constructor/x', value: 2 }],
    { constructor: { x: 2 } },
  ],
  [{ foo: 1 }, [{ op: 'add', path: '/bar', value: 1, unknown: true }], { foo: 1, bar: 1 }],
]

test('operations that apply', () => {
  for (const [document, patch, result] of good) {
    const before = structuredClone(document)
    assert.deepEqual(applyPatch(document, patch), result, JSON.stringify(patch))
    assert.deepEqual(document, before, 'the document is not changed')
  }
})

test('operations that do not apply', () => {
  const bad: ReadonlyArray<readonly [unknown, unknown]> = [
    [{}, {}],
    [{}, [null]],
    [{}, [{ op: 'spam', path: '/a' }]],
    [{}, [{ op: 'add', path: '/a' }]],
    [{}, [{ op: 'add', path: 'a', value: 1 }]],
    [{}, [{ op: 'add', path: '/a~2', value: 1 }]],
    [{}, [{ op: 'add', path: 5, value: 1 }]],
    [{}, [{ op: 'add', path: '/a/b', value: 1 }]],
    [{ a: 'text' }, [{ op: 'add', path: '/a/0', value: 1 }]],
    [{ a: [] }, [{ op: 'add', path: '/a/1', value: 1 }]],
    [{ a: [1] }, [{ op: 'add', path: '/a/01', value: 1 }]],
    [{ a: [1] }, [{ op: 'add', path: '/a/1e0', value: 1 }]],
    [{ a: [1] }, [{ op: 'replace', path: '/a/-', value: 1 }]],
    [{ a: [1] }, [{ op: 'replace', path: '/a/1', value: 1 }]],
    [{ a: [1] }, [{ op: 'remove', path: '/a/length' }]],
    [{}, [{ op: 'remove', path: '/toString' }]],
    [{}, [{ op: 'test', path: '/constructor', value: null }]],
    [{ a: 1 }, [{ op: 'test', path: '/a', value: '1' }]],
    [{ a: [1, 2] }, [{ op: 'test', path: '/a', value: { 0: 1, 1: 2 } }]],
    [{ a: {} }, [{ op: 'move', from: '/a', path: '/a/b' }]],
    [{}, [{ op: 'move', path: '/a' }]],
    [{}, [{ op: 'copy', from: '/x', path: '/a' }]],
    [{}, [{ op: 'add', path: '/__proto__', value: {} }]],
    [{}, [{ op: 'add', path: '/constructor/prototype/x', value: 1 }]],
    [{}, [{ op: 'copy', from: '/__proto__', path: '/a' }]],
    [{}, Array.from({ length: 10_001 }, () => ({ op: 'add', path: '/a', value: 1 }))],
  ]
  for (const [document, patch] of bad)
    assert.throws(() => applyPatch(document, patch), PatchError, JSON.stringify(patch).slice(0, 100))
})

test('a patch applies whole or not at all', () => {
  const document = { a: [1] }
  const patch = [
    { op: 'add', path: '/a/-', value: 2 },
    { op: 'remove', path: '/none' },
  ]
  assert.throws(() => applyPatch(document, patch), /operation 1/)
  assert.deepEqual(document, { a: [1] })
})

test('copies cannot double a document until memory is gone', () => {
  const patch = Array.from({ length: 60 }, (_, i) => ({ op: 'copy', from: '', path: `/a${i}` }))
  assert.throws(() => applyPatch({ x: [1, 2, 3] }, patch), /copies too much/)
})

test('merge patch (RFC 7396, appendix A)', () => {
  const cases: ReadonlyArray<readonly [unknown, unknown, unknown]> = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  for (const [target, patch, result] of cases) {
    const before = structuredClone(target)
    assert.deepEqual(mergePatch(target, patch), result, JSON.stringify(patch))
    assert.deepEqual(target, before)
  }
  const poisoned = mergePatch(
    {},
    JSON.parse('{"__proto__":{"x":1},"a":{"constructor":{"prototype":{"y":1}}}}'),
  )
  assert.equal((poisoned as Record<string, unknown>)['x'], undefined)
  assert.equal(({} as Record<string, unknown>)['y'], undefined)
})

const json = fc.jsonValue({ maxDepth: 4 }).filter(value => !JSON.stringify(value).includes('__proto__'))

test('a difference applied to the first value gives the second', () => {
  fc.assert(
    fc.property(json, json, (a, b) => {
      const [before, after] = [JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b))]
      assert.deepEqual(applyPatch(before, diffJson(before, after)), after)
      assert.deepEqual(diffJson(before, before), [])
    }),
    { numRuns: 500 },
  )
})

test('a difference is as small as the change', () => {
  const before = { list: [1, 2, 3, 4, 5], same: { x: 1 }, text: 'a' }
  const after = { list: [1, 2, 9, 3, 4, 5], same: { x: 1 }, text: 'b' }
  assert.deepEqual(diffJson(before, after), [
    { op: 'add', path: '/list/2', value: 9 },
    { op: 'replace', path: '/text', value: 'b' },
  ])
})

test('equality of JSON ignores the order of keys and nothing else', () => {
  fc.assert(
    fc.property(json, json, (a, b) => {
      assert.equal(equalJson(a, JSON.parse(JSON.stringify(a))), true)
      const [x, y] = [JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b))]
      let same = true
      try {
        assert.deepEqual(x, y)
      } catch {
        same = false
      }
      assert.equal(equalJson(x, y), same)
    }),
  )
})

test('the cost of a text is known before it is parsed', () => {
  const cost = (text: string) => jsonCost(Buffer.from(text), 100, 1000)
  assert.deepEqual(cost('{"a":[1,2,{"b":"],[{\\""}]}'), { depth: 3, values: 6 })
  assert.equal(cost('['.repeat(1_000_000)).depth, 101)
  assert.equal(cost(`[${'1,'.repeat(100_000)}1]`).values, 1001)
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const depthOf = (v: unknown): number =>
        typeof v === 'object' && v !== null ? 1 + Math.max(0, ...Object.values(v).map(depthOf)) : 0
      assert.equal(cost(JSON.stringify(value)).depth, depthOf(value))
    }),
  )
})
