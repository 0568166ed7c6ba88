import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { getHeapStatistics } from 'node:v8'
import type { ChoiceContext, Chooser } from './index.ts'
import { balanced, chooserOf, contextOf } from './testing/balancing.ts'

const ROUNDS = 300_000

/** Chooses, begins, succeeds and ends, as a request does. */
function requests(chooser: Chooser, context: ChoiceContext, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) {
    const profile = chooser.backend.timeoutsFor('/')
    const target = chooser.choose(context, 1, profile)
    if (typeof target === 'string') throw new Error(target)
    chooser.started(target)
    chooser.succeeded(target, profile, context.probe)
    chooser.finished(target)
    sum += target.index
  }
  return sum
}

/** Bytes allocated per request once the code is warm: the least of some runs, as the runner allocates, too. */
function bytesPerRequest(chooser: Chooser, context: ChoiceContext): number {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < 3; run++) {
    const before = getHeapStatistics().total_allocated_bytes
    requests(chooser, context, ROUNDS)
    least = Math.min(least, (getHeapStatistics().total_allocated_bytes - before) / ROUNDS)
  }
  return least
}

describe('what choosing costs', () => {
  for (const [name, chooser] of [
    ['a single target', chooserOf(balanced('RoundRobin', {}))],
    ['turns', chooserOf(balanced('RoundRobin', {}, {}, {}))],
    ['turns by weight', chooserOf(balanced('RoundRobin', { weight: 5 }, { weight: 3 }, {}))],
    ['the address', chooserOf(balanced('IpAddressHash', {}, {}, {}))],
    ['least connections', chooserOf(balanced('LeastConnections', {}, {}, {}))],
    ['one of two targets, the other weighs nothing', chooserOf(balanced('RoundRobin', {}, { weight: 0 }))],
  ] as const)
    it(`allocates nothing: ${name}`, () => {
      const bytes = bytesPerRequest(chooser, contextOf())
      // The smallest object is 12 bytes; what remains is the heap's own reckoning in pages.
      assert.ok(bytes < 4, `${bytes} bytes per request`)
    })

  it('can tell: a text made per request shows', () => {
    const chooser = chooserOf(balanced('IpAddressHash', {}, {}))
    let n = 0
    const bytes = bytesPerRequest(chooser, {
      ...contextOf(),
      get ip() {
        return `10.0.0.${n++}`
      },
    })
    assert.ok(bytes > 8, `${bytes} bytes per request`)
  })

  it('asks a single healthy target nothing about the request', () => {
    const context = new Proxy(contextOf(), {
      get(_, name) {
        assert.fail(`it asked for ${String(name)}`)
      },
      set: (_, name) => name === 'probe',
    })
    const chooser = chooserOf(balanced('Sticky', {}))
    assert.equal(chooser.choose(context, 1, chooser.backend.timeoutsFor('/')), chooser.backend.targets[0])
  })
})
