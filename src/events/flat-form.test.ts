import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { flatForm } from './flat-form.ts'
import { compileProjection } from './project.ts'
import { keepText } from './shown-entity.ts'

const name = fc.constantFrom('status', 'url', '@timestamp', 'a "b"', 'é', 'none', 'constructor', 'x')
const rules = fc.dictionary(name, fc.oneof(fc.constant(true), name))
const event = fc.dictionary(name, fc.oneof(fc.jsonValue(), fc.constant(Number.NaN), fc.constant(undefined)))

test('fields are written as JSON writes what the projection makes', () => {
  fc.assert(
    fc.property(rules, event, (projection, given) => {
      const form = flatForm(projection)
      if (form === null) return
      assert.equal(form(given), JSON.stringify(compileProjection(projection)(given)))
    }),
    { numRuns: 2000 },
  )
  assert.equal(flatForm({ status: true, url: 'address' })!({ status: 200 }), '{"status":200,"address":null}')
  assert.equal(flatForm({ status: true })!('no event'), '{"status":null}')
})

test('what does more than name fields is left to the projection', () => {
  for (const projection of [
    null,
    {},
    [],
    { status: false },
    { $spread: true },
    { host: { $at: 'to.host' } },
    { status: '1' },
    { '7': true },
    { status: 'code', code: true },
    { status: '__proto__' },
  ])
    assert.equal(flatForm(projection), null, JSON.stringify(projection))
})

test('the text of what comes with many events is made once', () => {
  let made = 0
  const identity = keepText({
    toJSON() {
      made++
      return { id: 'key' }
    },
  })
  const form = flatForm({ identity: true })!
  for (let i = 0; i < 3; i++) assert.equal(form({ identity }), '{"identity":{"id":"key"}}')
  assert.equal(made, 1)
})
