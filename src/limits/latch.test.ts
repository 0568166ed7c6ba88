import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hold, release } from './latch.ts'

const word = (): Int32Array => new Int32Array(new SharedArrayBuffer(4))

describe('a latch', () => {
  it('is odd while it is held, and even and greater afterwards', () => {
    const words = word()
    for (let i = 0; i < 3; i++) {
      const ticket = hold(words, 0)
      assert.deepEqual([ticket, words[0]], [2 * i + 1, 2 * i + 1])
      release(words, 0, ticket)
      assert.equal(words[0], 2 * i + 2)
    }
  })

  it('is taken from a holder that is gone, who cannot give it back any more', () => {
    const words = word()
    const dead = hold(words, 0)
    const taken = hold(words, 0)
    assert.notEqual(taken, dead)
    release(words, 0, dead)
    assert.equal(words[0], taken)
    release(words, 0, taken)
    assert.equal(words[0]! & 1, 0)
  })

  it('goes on when its numbers wrap around', () => {
    const words = word()
    words[0] = 2 ** 31 - 2
    const ticket = hold(words, 0)
    assert.equal(ticket, 2 ** 31 - 1)
    release(words, 0, ticket)
    assert.equal(words[0], -(2 ** 31))
    assert.equal(hold(words, 0), -(2 ** 31) + 1)
  })
})
