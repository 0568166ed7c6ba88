import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { packStates, unpackStates } from './states.ts'

const pairs: [string | null, string | null][] = [
  [null, '{"a":1}'],
  ['{"a":1}', null],
  ['{"a":1}', '{"a":1}'],
  ['{"a":1}', '{"a":12}'],
  ['{"a":12}', '{"a":1}'],
  ['', 'x'],
  ['aaaa', 'aa'],
  ['a\nb', 'a\nc'],
]

test('both states come back', () => {
  for (const [before, after] of pairs)
    assert.deepEqual(unpackStates(packStates({ before, after })), { before, after })
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '😀', '😁', 'é', '"') })
  fc.assert(
    fc.property(text, text, text, text, (start, end, one, other) => {
      const states = { before: start + one + end, after: start + other + end }
      const packed = packStates(states)
      assert.ok(packed.isWellFormed(), 'half a character cannot be stored')
      assert.deepEqual(unpackStates(packed), states)
    }),
  )
})

test('a small change of a large entity costs little more than the entity', () => {
  const large = 'x'.repeat(10_000)
  const packed = packStates({ before: `${large}1${large}`, after: `${large}2${large}` })
  assert.ok(packed.length < 20_050, String(packed.length))
})

test('what somebody else wrote is no states', () => {
  for (const text of ['', 'x', 'c', 'u 1 2\nabc', 'u 5 5 0\nabc', 'u 0 0 9\nabc', 'u -1 0 0\nabc'])
    assert.equal(unpackStates(text), null, text)
})
