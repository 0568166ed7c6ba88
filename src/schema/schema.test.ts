import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeFaults, parse, schema as v } from './index.ts'

const description = v.looseObject({
  names: v.optional(v.record(v.string(), v.string()), {}),
  inner: v.optional(v.pipe(v.object({ size: v.optional(v.number(), 1) }), v.description('inside'))),
})

describe('an object', () => {
  it('keeps what is not described, and takes its defaults', () => {
    assert.deepEqual(parse(description, { more: [1] }), { ok: true, value: { more: [1], names: {} } })
    assert.deepEqual(parse(description, { inner: {} }), {
      ok: true,
      value: { names: {}, inner: { size: 1 } },
    })
  })

  for (const [name, value, fault] of [
    ['itself', [], 'Invalid type: Expected Object but received Array'],
    ['a map', { names: ['a'] }, 'names: Invalid type: Expected Object but received Array'],
    ['an object inside', { inner: [] }, 'inner: Invalid type: Expected Object but received Array'],
  ] as const)
    it(`is no list: ${name}`, () => {
      for (const abortEarly of [false, true]) {
        const parsed = parse(description, value, abortEarly)
        assert.ok(!parsed.ok)
        assert.equal(describeFaults(parsed.faults), fault)
      }
    })
})
