import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { topLevelFields } from './top-level-fields.ts'

const names = new Set(['frontend', 'enabled', 'a', '"', '\\', 'ä'])

/** What parsing the whole gives. */
function wanted(text: string): Record<string, unknown> {
  const all = JSON.parse(text) as Record<string, unknown>
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)))
}

describe('top-level fields', () => {
  it('are what parsing the whole gives, or are left to that', () => {
    const plain = fc.constantFrom('frontend', 'enabled', 'a', 'ä', 'other')
    const name = fc.oneof({ weight: 8, arbitrary: plain }, fc.constantFrom('"', '\\'), fc.string())
    const spaces = fc.constantFrom(undefined, 1, '\t', '\r\n  ')
    let read = 0
    fc.assert(
      fc.property(fc.dictionary(name, fc.jsonValue()), spaces, (object, space) => {
        const text = JSON.stringify(object, null, space)
        const fields = topLevelFields(text, names)
        if (fields === null) {
          // An escaped name, or no field at all.
          assert.ok(
            Object.keys(object).length === 0 ||
              Object.keys(object).some(key => /["\\\p{Cc}\p{Cs}]/u.test(key)),
          )
          return
        }
        read++
        assert.deepEqual({ ...fields }, { ...wanted(text) })
      }),
      { numRuns: 3000 },
    )
    assert.ok(read > 1000, `${read} texts were read`)
  })

  it('take the last of two fields of a name, as parsing does', () => {
    assert.deepEqual(topLevelFields('{"a":1,"b":{"a":2},"a":[3]}', names), { a: [3] })
  })

  it('leave a text to be parsed whose names are escaped, or that ends otherwise than an object', () => {
    const texts = [
      '{"\\u0061":1}',
      '{"a":1',
      '{"a":1}}',
      '{"a":1} x',
      '{"a":tru}',
      '{"a" 1}',
      '{"a":"x',
      '{a:1}',
      '[1]',
      'null',
      '',
      '{',
      '{}',
    ]
    for (const text of texts) assert.equal(topLevelFields(text, names), null, text)
  })
})
