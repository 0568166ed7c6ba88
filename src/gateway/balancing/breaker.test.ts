import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCellMemory, SharedCells } from '../../limits/cells.ts'
import { inThreads } from '../../limits/testing/in-threads.ts'
import { Breaker } from './breaker.ts'

const limits = { maxErrors: 3, sampleInterval: 1000, probeLease: 5000 }

function breakerOf(cells = new SharedCells(), events: string[] = []): Breaker {
  return new Breaker(cells, 'key', limits, {
    onOpen: () => events.push('open'),
    onClose: () => events.push('closed'),
  })
}

describe('the life of a breaker', () => {
  it('opens at failures in a row only', () => {
    const breaker = breakerOf()
    for (let i = 0; i < 10; i++) {
      breaker.failed(false, 0)
      breaker.failed(false, 0)
      breaker.succeeded(false)
    }
    assert.equal(breaker.closed, true)
    for (let i = 0; i < 3; i++) breaker.failed(false, 0)
    assert.equal(breaker.closed, false)
  })

  it('rests, probes, opens again, probes, closes', () => {
    const events: string[] = []
    const breaker = breakerOf(new SharedCells(), events)
    for (let i = 0; i < 3; i++) breaker.failed(false, 100)
    assert.equal(breaker.available(1099), false)
    assert.equal(breaker.takeProbe(1099), false)
    assert.equal(breaker.available(1100), true)
    assert.equal(breaker.takeProbe(1100), true)
    assert.equal(breaker.available(1101), false)
    assert.equal(breaker.takeProbe(1101), false)
    breaker.failed(true, 1500)
    assert.equal(breaker.available(2499), false)
    assert.equal(breaker.takeProbe(2500), true)
    breaker.succeeded(true)
    assert.equal(breaker.closed, true)
    assert.deepEqual(events, ['open', 'closed'])
    // From the beginning, not from the last count.
    breaker.failed(false, 2600)
    breaker.failed(false, 2600)
    assert.equal(breaker.closed, true)
  })

  it('believes only the probe while it is open', () => {
    const events: string[] = []
    const breaker = breakerOf(new SharedCells(), events)
    for (let i = 0; i < 8; i++) breaker.failed(false, 0)
    breaker.succeeded(false)
    breaker.failed(false, 900)
    assert.equal(breaker.closed, false)
    assert.equal(breaker.available(1000), true)
    assert.deepEqual(events, ['open'])
  })

  it('lends the probe to another when it never reports', () => {
    const breaker = breakerOf()
    for (let i = 0; i < 3; i++) breaker.failed(false, 0)
    assert.equal(breaker.takeProbe(1000), true)
    assert.equal(breaker.takeProbe(5999), false)
    assert.equal(breaker.takeProbe(6000), true)
  })

  it('a thread that stumbles while it opens a breaker leaves a probe lent meanwhile alone', () => {
    const cells = new SharedCells()
    const breaker = breakerOf(cells)
    const state = cells.open('breaker:state:key')
    breaker.failed(false, 0)
    breaker.failed(false, 0)
    // Between reading the count and writing: another thread opens it, its rest passes, a probe goes.
    const { load } = Atomics
    let reads = 0
    Object.assign(Atomics, {
      load(...operands: Parameters<typeof load>) {
        const value = load(...operands)
        if (++reads === 2) {
          Object.assign(Atomics, { load })
          breaker.failed(false, 0)
          assert.equal(breaker.takeProbe(1000), true)
        }
        return value
      },
    })
    try {
      breaker.failed(false, 10)
    } finally {
      Object.assign(Atomics, { load })
    }
    assert.equal(state.get(), -1)
    assert.equal(breaker.takeProbe(1100), false)
    assert.equal(breaker.takeProbe(6000), true)
  })
})

describe('a breaker on four threads', () => {
  const module = new URL('./breaker.ts', import.meta.url).href
  const setUp = `
    const told = []
    const breaker = new Breaker(cells, 'key', { maxErrors: 1000, sampleInterval: 1000, probeLease: 5000 }, {
      onOpen: () => told.push('open'), onClose: () => told.push('closed'),
    })`

  it('counts every failure and opens once', async () => {
    const memory = createCellMemory(64)
    const cells = new SharedCells(memory)
    const keeper = cells.open('breaker:state:key')
    const opened = await inThreads<string[]>(
      memory,
      4,
      `(cells, n, { Breaker }) => {
        ${setUp}
        for (let i = 0; i < 249; i++) breaker.failed(false, 0)
        return told
      }`,
      module,
    )
    assert.deepEqual(opened.flat(), [])
    assert.equal(keeper.get(), 996)
    const told = await inThreads<string[]>(
      memory,
      4,
      `(cells, n, { Breaker }) => {
        ${setUp}
        for (let i = 0; i < 50; i++) breaker.failed(false, 0)
        return told
      }`,
      module,
    )
    assert.deepEqual(told.flat(), ['open'])
    assert.equal(keeper.get(), -1)
  })

  it('lets exactly one probe through per rest, and tells its closing once', async () => {
    const memory = createCellMemory(64)
    const cells = new SharedCells(memory)
    const keeper = new Breaker(cells, 'key', { ...limits, maxErrors: 1 }, { onOpen() {}, onClose() {} })
    keeper.failed(false, 0)
    const results = await inThreads<{ probes: number; told: string[] }>(
      memory,
      4,
      `(cells, n, { Breaker }) => {
        ${setUp}
        const barrier = cells.open('barrier')
        const meet = round => { barrier.add(1); while (barrier.get() < round * 4); }
        let probes = 0
        for (let round = 1; round <= 200; round++) {
          // All ask at the same time; the one that may probe fails, and the rest begins anew.
          meet(round * 2 - 1)
          const now = round * 1000
          const mine = breaker.takeProbe(now)
          if (mine) probes++
          meet(round * 2)
          if (mine) breaker.failed(true, now)
        }
        meet(401)
        if (breaker.takeProbe(1000000)) breaker.succeeded(true)
        return { probes, told }
      }`,
      module,
    )
    assert.equal(
      results.reduce((sum, { probes }) => sum + probes, 0),
      200,
    )
    assert.deepEqual(
      results.flatMap(({ told }) => told),
      ['closed'],
    )
    assert.equal(keeper.closed, true)
  })
})
