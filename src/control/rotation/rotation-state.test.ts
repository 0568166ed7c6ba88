import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fill } from '../../model/fill.ts'
import { type Apikey, apikeySchema } from '../../model/kinds/apikey.ts'
import { readState, rotates, stepOf, writeState } from './rotation-state.ts'

const HOUR = 3_600_000
const NOW = 1_800_000_000_000

const key = (rotation: object = {}): Apikey =>
  fill(apikeySchema, {
    clientId: 'id',
    clientSecret: 'old',
    clientName: 'key',
    rotation: { enabled: true, rotationEvery: 10, gracePeriod: 2, ...rotation },
  })

/** The step at so many hours after the start. */
const at = (hours: number, rotation: object = {}, announced = false) =>
  stepOf(key(rotation), { start: NOW - hours * HOUR, announced }, NOW)

describe('the rotation of a secret', () => {
  it('begins when nothing is known of it, and when its start lies in the future', () => {
    assert.deepEqual(stepOf(key(), null, NOW), { action: 'begin', state: { start: NOW, announced: false } })
    assert.equal(stepOf(key(), { start: NOW + 1, announced: true }, NOW).action, 'begin')
  })

  it('waits until the grace period', () => {
    assert.deepEqual(at(0), { action: 'wait', due: NOW + 8 * HOUR })
    assert.deepEqual(at(7.5), { action: 'wait', due: NOW + HOUR / 2 })
  })

  it('announces the secret to come once', () => {
    assert.equal(at(8).action, 'announce')
    assert.equal(at(9, { nextSecret: 'next' }).action, 'announce', 'it is there and was not announced')
    assert.equal(at(9, {}, true).action, 'announce', 'it was announced and is gone')
    assert.deepEqual(at(9, { nextSecret: 'next' }, true), { action: 'wait', due: NOW + HOUR })
  })

  it('exchanges the secret at the end', () => {
    assert.deepEqual(at(10, { nextSecret: 'next' }, true), {
      action: 'exchange',
      state: { start: NOW, announced: false },
    })
    assert.equal(at(500, { nextSecret: 'next' }, true).action, 'exchange')
  })

  it('never puts a secret in force that nobody was offered: it is offered for its time first', () => {
    const late = at(500)
    assert.equal(late.action, 'announce')
    assert.ok(late.action === 'announce')
    const after = stepOf(key({ nextSecret: 'next' }), late.state, NOW)
    assert.deepEqual(after, { action: 'wait', due: NOW + 2 * HOUR })
  })

  it('without a grace period exchanges at once, one that is too long lasts as long as the secret', () => {
    assert.deepEqual(at(1, { gracePeriod: 0 }), { action: 'wait', due: NOW + 9 * HOUR })
    assert.equal(at(10, { gracePeriod: 0 }).action, 'exchange')
    assert.equal(at(0, { gracePeriod: 99 }).action, 'announce')
  })

  it('is off without a time', () => {
    assert.ok(rotates(key()))
    assert.ok(!rotates(key({ enabled: false })))
    assert.ok(!rotates(key({ rotationEvery: 0 })))
    assert.ok(!rotates(key({ rotationEvery: -5 })))
  })

  it('is stored in the form of upstream, and what is none begins anew', () => {
    assert.equal(writeState({ start: 5, announced: false }), '{"start":5}')
    for (const state of [
      { start: 5, announced: false },
      { start: 5, announced: true },
    ])
      assert.deepEqual(readState(writeState(state)), state)
    for (const text of [null, '', '{', '[]', '{}', '{"start":"5"}', '{"start":1.5}'])
      assert.equal(readState(text), null)
  })
})
