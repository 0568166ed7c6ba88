import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { disagreement, fuzz, seedsOf, type Subject } from './testing/fuzz.ts'

describe('engine and reference reader', () => {
  it('agree on the texts the inputs are made of', () => {
    for (const subject of Object.keys(seedsOf) as Subject[])
      for (const text of seedsOf[subject])
        assert.equal(disagreement(subject, text), null, JSON.stringify(text))
  })

  it('agree on 50,000 inputs, at every split', () => {
    const found = fuzz(50_000, 20_261_124)
    assert.equal(found, null, JSON.stringify(found))
  })
})
