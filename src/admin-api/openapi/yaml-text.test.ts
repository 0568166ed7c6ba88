import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { yamlText } from './yaml-text.ts'

test('any JSON value is read back as it was, by old and new readers', () => {
  // Not compared by others: `__proto__` as a key, and 0 with a sign.
  const values = fc
    .json({ maxDepth: 4 })
    .map(text => JSON.parse(text.replaceAll('__proto__', 'proto').replaceAll('-0', '0')))
  fc.assert(
    fc.property(values, value => {
      for (const version of ['1.1', '1.2'] as const)
        assert.deepEqual(parse(yamlText(value), { version, maxAliasCount: 0 }), value)
    }),
    { numRuns: 300 },
  )
})

test('texts that look like something else stay texts', () => {
  for (const text of [
    'yes',
    'No',
    'null',
    '~',
    '1',
    '1e3',
    '0x1',
    '12:30:45',
    '2020-01-01',
    '- a',
    'a: b',
    '# a',
    '',
    ' a',
    '&a',
    '*a',
    '!a',
    '=',
    '<<',
  ])
    for (const version of ['1.1', '1.2'] as const) {
      assert.equal(parse(yamlText({ text }), { version }).text, text, text)
      assert.deepEqual(Object.keys(parse(yamlText({ [text]: 1 }), { version, merge: false })), [text])
    }
})

test('empty lists and objects, and lists in lists', () => {
  const value = { a: [], b: {}, c: [[], {}, [1, [2, { d: [] }]], { e: { f: 'g' }, h: null }] }
  assert.deepEqual(parse(yamlText(value)), value)
  assert.equal(yamlText([]), '[]\n')
  assert.equal(yamlText('on'), '"on"\n')
})
