import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { claimSlot, layoutOf, releaseSlot, sizeOf } from './cell-table.ts'
import { createCellMemory, SharedCells } from './cells.ts'
import { inThreads } from './testing/in-threads.ts'

describe('shared cells', () => {
  it('gives the same cell for the same key, another for another type or key', () => {
    const memory = createCellMemory(64)
    const one = new SharedCells(memory)
    const two = new SharedCells(memory)
    assert.equal(one.open('a').add(3), 3)
    assert.equal(two.open('a').get(), 3)
    assert.equal(two.open('b').get(), 0)
    assert.equal(two.openLong('a').get(), 0)
    assert.equal(one.openFloat('a').add(0.5), 0.5)
    assert.equal(two.openFloat('a').get(), 0.5)
  })

  it('wraps 32 bits, keeps 53 and compares before it exchanges', () => {
    const cells = new SharedCells(createCellMemory(64))
    const int = cells.open('i')
    int.set(2 ** 31 - 1)
    assert.equal(int.add(1), -(2 ** 31))
    const long = cells.openLong('l')
    assert.equal(long.add(2 ** 52), 2 ** 52)
    assert.equal(long.compareExchange(1, 2), false)
    assert.equal(long.compareExchange(2 ** 52, -7), true)
    assert.equal(long.get(), -7)
    const float = cells.openFloat('f')
    float.set(1.25)
    assert.equal(float.compareExchange(1.25, -2.5), true)
    assert.equal(float.get(), -2.5)
  })

  it('lives while somebody holds it and is zero afterwards', () => {
    const memory = createCellMemory(64)
    const one = new SharedCells(memory)
    const two = new SharedCells(memory)
    const held = one.open('a')
    const again = one.open('a')
    assert.equal(held, again)
    held.add(5)
    const other = two.open('a')
    one.close(held)
    one.close(again)
    one.close(again)
    assert.equal(other.get(), 5)
    assert.equal(one.used, 1)
    two.close(other)
    assert.equal(one.used, 0)
    assert.equal(one.open('a').get(), 0)
  })

  it('counts alone, and says so, when the table is full', () => {
    const cells = new SharedCells(createCellMemory(64))
    const opened = Array.from({ length: 200 }, (_, i) => cells.open(`k${i}`))
    const alone = opened.filter(cell => !cell.shared)
    assert.equal(cells.overflows, alone.length)
    assert.ok(alone.length >= 200 - 64)
    assert.equal(alone[0]!.add(2), 2)
    for (const cell of opened) cells.close(cell)
    assert.equal(cells.used, 0)
    assert.ok(cells.open('later').shared)
  })

  it('fills to two thirds before it overflows', () => {
    const cells = new SharedCells(createCellMemory(4096))
    for (let i = 0; i < 2731; i++) cells.open(`k${i}`)
    assert.equal(cells.overflows, 0)
  })

  it('refuses a foreign buffer and an absurd capacity', () => {
    assert.throws(() => new SharedCells(new SharedArrayBuffer(100)), RangeError)
    assert.throws(() => createCellMemory(0), RangeError)
    assert.throws(() => createCellMemory(2 ** 30), RangeError)
  })

  it('adds exactly from four threads', async () => {
    const memory = createCellMemory(1024)
    await inThreads(
      memory,
      4,
      `cells => {
        for (let k = 0; k < 20; k++) {
          const int = cells.open('int' + k), long = cells.openLong('long' + k), float = cells.openFloat('float' + k)
          for (let i = 0; i < 2000; i++) { int.add(1); long.add(3); float.add(0.5) }
        }
      }`,
    )
    const cells = new SharedCells(memory)
    for (let k = 0; k < 20; k++) {
      assert.equal(cells.open(`int${k}`).get(), 8000)
      assert.equal(cells.openLong(`long${k}`).get(), 24000)
      assert.equal(cells.openFloat(`float${k}`).get(), 4000)
    }
  })

  it('never gives two cells to one key while threads open and close it in a small table', async () => {
    const memory = createCellMemory(64)
    // Whoever adds one and reads less than one looked at another cell than he added to, or at one zeroed under him.
    const results = await inThreads(
      memory,
      4,
      `(cells, n) => {
        let clashes = 0, missed = 0
        for (let i = 0; i < 15000; i++) {
          const key = 'key' + (i % 5)
          const cell = cells.open(key)
          if (!cell.shared) missed++
          const noise = cells.open('noise' + n + (i % 3))
          cell.add(1)
          if (cell.get() < 1) clashes++
          cell.add(-1)
          cells.close(noise)
          cells.close(cell)
        }
        return { clashes, missed }
      }`,
    )
    assert.deepEqual(
      results,
      Array.from({ length: 4 }, () => ({ clashes: 0, missed: 0 })),
    )
    assert.equal(new SharedCells(memory).used, 0)
  })

  it('two threads that race to open a fresh key always meet', async () => {
    const memory = createCellMemory(2048)
    await inThreads(
      memory,
      4,
      `(cells, n) => {
        const barrier = cells.open('barrier')
        for (let round = 1; round <= 300; round++) {
          barrier.add(1)
          while (barrier.get() < round * 4);
          const churn = []
          for (let i = 0; i < 3; i++) churn.push(cells.open('churn' + n + i))
          cells.open('fresh' + round).add(1)
          for (const cell of churn) cells.close(cell)
        }
      }`,
    )
    const cells = new SharedCells(memory)
    for (let round = 1; round <= 300; round++) assert.equal(cells.open(`fresh${round}`).get(), 4)
  })
})

describe('shared cells, thread by thread', () => {
  it('four threads that open and close many keys at random leave no slot and lose no count', async () => {
    const memory = createCellMemory(256)
    const keeper = new SharedCells(memory)
    const totals = Array.from({ length: 8 }, (_, k) => keeper.open(`total${k}`))
    const sums = await inThreads<number[]>(
      memory,
      4,
      `(cells, n) => {
        let seed = n + 1
        const random = limit => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % limit
        const added = new Array(8).fill(0)
        const held = []
        for (let i = 0; i < 8000; i++) {
          const k = random(8)
          const cell = cells.open('total' + k)
          cell.add(1)
          added[k]++
          held.push(cell, cells.open('mine' + n + random(6)), cells.open('all' + random(12)))
          while (held.length > 20) cells.close(held.splice(random(held.length), 1)[0])
        }
        for (const cell of held) cells.close(cell)
        return added
      }`,
    )
    for (let k = 0; k < 8; k++)
      assert.equal(
        totals[k]!.get(),
        sums.reduce((sum, added) => sum + added[k]!, 0),
      )
    assert.equal(keeper.used, 8)
    assert.equal(keeper.overflows, 0)
    for (const cell of totals) keeper.close(cell)
    assert.equal(keeper.used, 0)
  })

  it('a table that four threads fill over and over comes back empty, and says what it could not share', async () => {
    const memory = createCellMemory(64)
    const alone = await inThreads<number>(
      memory,
      4,
      `(cells, n) => {
        let alone = 0
        for (let round = 0; round < 60; round++) {
          const held = []
          for (let i = 0; i < 40; i++) held.push(cells.open('k' + n + '-' + round + '-' + i))
          alone += held.filter(cell => !cell.shared).length
          for (const cell of held) { cell.add(1); cells.close(cell) }
        }
        return alone
      }`,
    )
    const cells = new SharedCells(memory)
    assert.equal(cells.used, 0)
    assert.equal(
      cells.overflows,
      alone.reduce((sum, one) => sum + one, 0),
    )
    const fresh = cells.open('fresh')
    assert.equal(fresh.shared, true)
    assert.equal(fresh.get(), 0)
  })
})

const operations = ['load', 'store', 'compareExchange'] as const

/**
 * Runs `action`, and `intrusion` in the middle of it: right before its `at`-th operation on shared memory. Answers false
 * when it ends before. One thread stands for two here, so that every point of interruption is tried.
 */
function interrupted(at: number, action: () => void, intrusion: () => void): boolean {
  const originals = operations.map(name => [name, Atomics[name]] as const)
  const restore = () => {
    for (const [name, original] of originals) Object.assign(Atomics, { [name]: original })
  }
  let count = 0
  for (const [name, original] of originals) {
    const patched = (...operands: unknown[]): unknown => {
      if (count++ === at) {
        restore()
        intrusion()
      }
      return Reflect.apply(original, Atomics, operands)
    }
    Object.assign(Atomics, { [name]: patched })
  }
  try {
    action()
  } finally {
    restore()
  }
  return count > at
}

describe('shared cells, interrupted at each step', () => {
  /** Interrupts at every step until there is none left; answers how many there were. */
  function everyStep(run: (at: number) => boolean): number {
    let at = 0
    while (run(at)) at++
    return at
  }

  it('two threads that open the same fresh key get the same cell', () => {
    const steps = everyStep(at => {
      const memory = createCellMemory(64)
      const [one, two] = [new SharedCells(memory), new SharedCells(memory)]
      let theirs = null as ReturnType<SharedCells['open']> | null
      let mine = null as ReturnType<SharedCells['open']> | null
      const reached = interrupted(
        at,
        () => (mine = one.open('key')),
        () => (theirs = two.open('key')),
      )
      if (!reached) return false
      mine!.add(1)
      assert.equal(theirs!.get(), 1, `step ${at}`)
      assert.ok(mine!.shared && theirs!.shared)
      assert.equal(one.used, 1)
      two.close(theirs!)
      one.close(mine!)
      assert.equal(one.used, 0)
      return true
    })
    assert.ok(steps > 20, `${steps} steps`)
  })

  it('an opening meets a closing of the last hold', () => {
    const steps = everyStep(at => {
      const memory = createCellMemory(64)
      const [one, two] = [new SharedCells(memory), new SharedCells(memory)]
      const theirs = two.open('key')
      theirs.add(5)
      let mine = null as ReturnType<SharedCells['open']> | null
      const reached = interrupted(
        at,
        () => (mine = one.open('key')),
        () => two.close(theirs),
      )
      if (!reached) return false
      // Held before the other let go: the count lives on. Otherwise it is a fresh cell.
      assert.ok([0, 5].includes(mine!.get()), `step ${at}`)
      assert.equal(two.open('key').get(), mine!.get())
      assert.equal(one.used, 1)
      return true
    })
    assert.ok(steps > 1, `${steps} steps`)
  })

  it('an opening is not fooled by a slot that changes its owner under it', () => {
    const steps = everyStep(at => {
      const table = layoutOf(new SharedArrayBuffer(sizeOf(16)))
      const keyOf = (n: number) => (BigInt(2 * n + 1) << 32n) | BigInt(2 * n)
      const slot = claimSlot(table, keyOf(1))
      let mine = -1
      const others: number[] = []
      const reached = interrupted(
        at,
        () => (mine = claimSlot(table, keyOf(1))),
        () => {
          releaseSlot(table, slot)
          for (let n = 2; n < 16; n++) others.push(claimSlot(table, keyOf(n)))
        },
      )
      if (!reached) return false
      assert.ok(mine >= 0)
      assert.ok(!others.includes(mine), `step ${at}`)
      return true
    })
    assert.ok(steps > 1, `${steps} steps`)
  })

  it('a closing meets an opening of the same key and of one that takes its place', () => {
    const steps = everyStep(at => {
      const memory = createCellMemory(64)
      const [one, two] = [new SharedCells(memory), new SharedCells(memory)]
      const mine = one.open('key')
      mine.add(5)
      const theirs: ReturnType<SharedCells['open']>[] = []
      const reached = interrupted(
        at,
        () => one.close(mine),
        () => theirs.push(two.open('key'), ...Array.from({ length: 30 }, (_, i) => two.open(`other${i}`))),
      )
      if (!reached) return false
      assert.ok([0, 5].includes(theirs[0]!.get()), `step ${at}`)
      for (const cell of theirs.slice(1)) assert.equal(cell.get(), 0, `step ${at}`)
      for (const cell of theirs) cell.add(1)
      assert.equal(one.open('key').get(), theirs[0]!.get())
      return true
    })
    assert.ok(steps > 3, `${steps} steps`)
  })

  it('a thread that dies anywhere keeps nobody from a shared cell', () => {
    class Death extends Error {}
    for (const act of ['open', 'close'] as const) {
      const steps = everyStep(at => {
        const memory = createCellMemory(64)
        const [one, two, three] = [new SharedCells(memory), new SharedCells(memory), new SharedCells(memory)]
        const held = act === 'close' ? one.open('key') : null
        let reached = false
        try {
          interrupted(
            at,
            () => void (held === null ? one.open('key') : one.close(held)),
            () => {
              reached = true
              throw new Death()
            },
          )
        } catch (error) {
          if (!(error instanceof Death)) throw error
        }
        if (!reached) return false
        const [a, b] = [two.open('key'), three.open('key')]
        assert.ok(a.shared && b.shared, `${act}, step ${at}`)
        const before = b.get()
        a.add(3)
        assert.equal(b.get(), before + 3, `${act}, step ${at}`)
        two.close(a)
        three.close(b)
        // The dead thread's slot and, while it was open, its hold.
        assert.ok(two.used <= 1, `${act}, step ${at}`)
        return true
      })
      assert.ok(steps > 3, `${act}: ${steps} steps`)
    }
  })

  it('the last place taken by another thread for the same key is found', () => {
    let missed = 0
    const steps = everyStep(at => {
      const table = layoutOf(new SharedArrayBuffer(sizeOf(16)))
      // Low half even, high half odd: the key may live in all sixteen places.
      const keyOf = (n: number) => (BigInt(2 * n + 1) << 32n) | BigInt(2 * n)
      for (let n = 1; n < 16; n++) claimSlot(table, keyOf(n))
      let [mine, theirs] = [-1, -1]
      const reached = interrupted(
        at,
        () => (mine = claimSlot(table, keyOf(99))),
        () => (theirs = claimSlot(table, keyOf(99))),
      )
      if (!reached) return false
      assert.ok(mine >= 0, `step ${at}`)
      // Stopped for good between its claim and its hash, the first thread cannot be recognized.
      if (theirs === -1) missed++
      else assert.equal(mine, theirs, `step ${at}`)
      assert.equal(claimSlot(table, keyOf(100)), -1)
      return true
    })
    assert.ok(missed <= 1, `${missed} missed`)
    assert.ok(steps > 40, `${steps} steps`)
  })

  it('three threads meet, whoever interrupts whom', () => {
    const steps = everyStep(at => {
      let inner = 0
      for (let reached = true; reached; inner += inner < 100 ? 1 : 331) {
        const memory = createCellMemory(64)
        const [one, two, three] = [new SharedCells(memory), new SharedCells(memory), new SharedCells(memory)]
        const cells: ReturnType<SharedCells['open']>[] = []
        const outer = interrupted(
          at,
          () => cells.push(one.open('key')),
          () => {
            reached = interrupted(
              inner,
              () => cells.push(two.open('key')),
              () => cells.push(three.open('key')),
            )
          },
        )
        if (!outer) return false
        if (!reached) break
        for (const cell of cells) cell.add(1)
        assert.deepEqual(
          cells.map(cell => cell.get()),
          [3, 3, 3],
          `steps ${at}, ${inner}`,
        )
        assert.equal(one.used, 1)
      }
      assert.ok(inner > 20)
      return true
    })
    assert.ok(steps > 20, `${steps} steps`)
  })
})
