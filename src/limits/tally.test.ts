import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { calendarOf } from './calendar.ts'
import {
  type CountOptions,
  countedAlone,
  countLayout,
  createCountMemory,
  DAY,
  evictions,
  MONTH,
  WINDOW,
} from './count-memory.ts'
import { bucketPlan, localPlan, type Plan, quotaPlan, windowPlan } from './plan.ts'
import { type Family, subjectOf } from './subject.ts'
import { StoreAccount } from './store-account.ts'
import { ASK, LOOK, type Mode, NOTE, OVER_DAY, OVER_MONTH, OVER_WINDOW, PASS, TAKE, Tally } from './tally.ts'
import { countInThreads } from './testing/counting-in-threads.ts'

/** A day that is far from its ends. */
const NOON = Date.parse('2026-05-10T12:00:00Z')
const calendar = calendarOf('UTC')

function tallies(options: CountOptions = {}, family: Family = 'address') {
  const layout = countLayout(createCountMemory({ capacity: 64, ...options }))
  return { layout, of: (id: string) => new Tally(layout, calendar, subjectOf(family, id), NOON) }
}

const steps = (tally: Tally, plan: Plan, times: readonly number[], mode: Mode = TAKE): number[] =>
  times.map(at => tally.step(plan, NOON + at, mode, true))

describe('a window', () => {
  it('begins with its first call and lets exactly its calls through', () => {
    const tally = tallies().of('a')
    const plan = windowPlan(2, 1000)
    assert.deepEqual(steps(tally, plan, [0, 999, 999, 1000, 1500, 1999]), [
      PASS,
      PASS,
      OVER_WINDOW,
      PASS,
      PASS,
      OVER_WINDOW,
    ])
  })

  it('counts no refused call, and nothing when it only looks', () => {
    const tally = tallies().of('a')
    const plan = windowPlan(1, 1000)
    assert.deepEqual(steps(tally, plan, [0, 0], LOOK), [PASS, PASS])
    assert.equal(tally.figures[0], 0)
    assert.deepEqual(steps(tally, plan, [0, 1, 2]), [PASS, OVER_WINDOW, OVER_WINDOW])
    assert.equal(tally.figures[0], 1)
    assert.deepEqual(steps(tally, plan, [3], LOOK), [OVER_WINDOW])
    assert.deepEqual(steps(tally, plan, [4], NOTE), [OVER_WINDOW])
    assert.equal(tally.figures[0], 2)
  })

  it('of nought lets nobody through', () => {
    assert.deepEqual(steps(tallies().of('a'), windowPlan(0, 1000), [0, 5000]), [OVER_WINDOW, OVER_WINDOW])
  })

  it('is not begun anew by a thread that reads the clock a little earlier', () => {
    const tally = tallies().of('a')
    assert.deepEqual(steps(tally, windowPlan(1, 1000), [10, 7, 3]), [PASS, OVER_WINDOW, OVER_WINDOW])
  })

  it('is begun anew when a wrong clock is put right', () => {
    const tally = tallies().of('a')
    const plan = windowPlan(1, 1000)
    assert.deepEqual(steps(tally, plan, [3_600_000, 0]), [PASS, PASS])
  })

  it('ends with the clock where instances share it', () => {
    const tally = tallies({ shared: true }).of('a')
    tally.step(windowPlan(1, 10_000), NOON + 3_000, TAKE, true)
    assert.equal(tally.figures[1], NOON + 10_000)
    const own = tallies({ shared: true }).of('b')
    own.step(localPlan(1, 10_000), NOON + 3_000, TAKE, true)
    assert.equal(own.figures[1], NOON + 13_000)
  })
})

describe('a bucket', () => {
  it('is full at first, and gets its tokens back', () => {
    const tally = tallies().of('a')
    const plan = bucketPlan(3, 100, 1)
    assert.deepEqual(steps(tally, plan, [0, 0, 0, 0, 99, 100, 100]), [
      PASS,
      PASS,
      PASS,
      OVER_WINDOW,
      OVER_WINDOW,
      PASS,
      OVER_WINDOW,
    ])
    assert.deepEqual(steps(tally, plan, [10_000, 10_000, 10_000, 10_000]), [PASS, PASS, PASS, OVER_WINDOW])
  })

  it('never holds more than it can, nor gives anything for a clock that was put back', () => {
    const tally = tallies().of('a')
    const plan = bucketPlan(1, 100, 1)
    assert.deepEqual(steps(tally, plan, [0, -50_000, -49_950, -49_900]), [
      PASS,
      OVER_WINDOW,
      OVER_WINDOW,
      PASS,
    ])
  })
})

describe('quotas', () => {
  it('end with the day and the month, and are checked with the window in one step', () => {
    const tally = tallies({}, 'apikey').of('a')
    const plan = windowPlan(3, 1000, 4, 6)
    assert.deepEqual(steps(tally, plan, [0, 0, 0, 0, 1000, 1000]), [
      PASS,
      PASS,
      PASS,
      OVER_WINDOW,
      PASS,
      OVER_DAY,
    ])
    const day = 86_400_000
    assert.deepEqual(steps(tally, plan, [day, day, day]), [PASS, PASS, OVER_MONTH])
    assert.deepEqual(
      [...tally.figures.subarray(0, 5)].filter((_, i) => i % 2 === 0),
      [2, 2, 6],
    )
    assert.deepEqual(steps(tally, plan, [31 * day]), [PASS])
  })

  it('are asked of the store before the first call passes', () => {
    const tally = tallies({}, 'apikey').of('a')
    const plan = quotaPlan(3, 3)
    assert.equal(tally.step(plan, NOON, TAKE, false), ASK)
    assert.equal(tally.figures[2], 0)
    const account = new StoreAccount(tally.slot, calendar)
    account.confirm(DAY, account.pending(DAY, NOON)!, 2, NOON)
    account.synced(NOON)
    assert.deepEqual(
      [0, 1].map(at => tally.step(plan, NOON + at, TAKE, false)),
      [PASS, OVER_DAY],
    )
  })
})

describe('counting with others', () => {
  const loaded = (plan: Plan, ahead: number) => {
    const tally = tallies({ shared: true, ahead }).of('a')
    const account = new StoreAccount(tally.slot, calendar)
    tally.step(plan, NOON, LOOK, true)
    account.synced(NOON)
    return { tally, account }
  }

  it('lets no more through than its share before it tells them', () => {
    const plan = windowPlan(100, 60_000)
    const { tally, account } = loaded(plan, 0.05)
    const outcomes = Array.from({ length: 7 }, () => tally.step(plan, NOON, TAKE, false))
    assert.deepEqual(outcomes, [PASS, PASS, PASS, PASS, PASS, ASK, ASK])
    const pending = account.pending(WINDOW, NOON)!
    assert.equal(pending.amount, 5)
    // Of the little that is left, its share is one call.
    account.confirm(WINDOW, pending, 98, NOON)
    const next = (): number[] => [0, 0].map(() => tally.step(plan, NOON, TAKE, false))
    assert.deepEqual(next(), [PASS, ASK])
    account.confirm(WINDOW, { ...pending, amount: 1 }, 99, NOON)
    assert.deepEqual(next(), [PASS, OVER_WINDOW])
  })

  it('does not ask about a window that has no end to its calls', () => {
    const tally = tallies({ shared: true, ahead: 0 }, 'custom-quotas').of('a')
    const account = new StoreAccount(tally.slot, calendar)
    tally.step(quotaPlan(5, 5), NOON, LOOK, true)
    account.synced(NOON)
    assert.deepEqual(
      [0, 0].map(() => tally.step(quotaPlan(5, 5), NOON, TAKE, false)),
      [PASS, ASK],
    )
  })

  it('lets one call through at least', () => {
    const plan = windowPlan(3, 60_000)
    const { tally } = loaded(plan, 0)
    assert.deepEqual(
      [0, 0].map(() => tally.step(plan, NOON, TAKE, false)),
      [PASS, ASK],
    )
  })

  it('asks again before it refuses for longer: others may have begun anew', () => {
    const plan = windowPlan(1, 60_000)
    const { tally } = loaded(plan, 1)
    tally.step(plan, NOON, TAKE, false)
    assert.equal(tally.step(plan, NOON + 500, TAKE, false), OVER_WINDOW)
    assert.equal(tally.step(plan, NOON + 1_500, TAKE, false), ASK)
  })

  it('forgets what belongs to a period that is over', () => {
    const plan = windowPlan(10, 1_000)
    const { tally, account } = loaded(plan, 1)
    tally.step(plan, NOON, TAKE, false)
    const pending = account.pending(WINDOW, NOON)!
    tally.step(plan, NOON + 5_000, TAKE, false)
    account.confirm(WINDOW, pending, 7, NOON + 5_000)
    assert.equal(account.pending(WINDOW, NOON + 5_000)!.amount, 1)
    tally.step(plan, NOON + 5_000, LOOK, true)
    assert.equal(tally.figures[0], 1)
  })
})

describe('against a model', () => {
  it('windows and quotas pass exactly what a list of calls would let pass', () => {
    const call = fc.record({
      after: fc.integer({ min: 0, max: 700 }),
      mode: fc.constantFrom(TAKE, TAKE, LOOK, NOTE),
    })
    fc.assert(
      fc.property(
        fc.array(call, { maxLength: 60 }),
        fc.record({
          window: fc.integer({ min: 0, max: 5 }),
          daily: fc.integer({ min: 0, max: 15 }),
          monthly: fc.integer({ min: 0, max: 20 }),
        }),
        (calls, { window, daily, monthly }) => {
          const tally = tallies({}, 'apikey').of('a')
          const plan = windowPlan(window, 1000, daily, monthly)
          let now = NOON
          let [opened, inWindow, all] = [-1, 0, 0]
          for (const { after, mode } of calls) {
            now += after
            if (opened < 0 || now >= opened + 1000) [opened, inWindow] = [now, 0]
            const expected =
              inWindow >= window ? OVER_WINDOW : all >= daily ? OVER_DAY : all >= monthly ? OVER_MONTH : PASS
            assert.equal(tally.step(plan, now, mode, true), expected)
            if (mode === NOTE || (mode === TAKE && expected === PASS)) {
              inWindow++
              all++
            }
            assert.deepEqual([tally.figures[0], tally.figures[2], tally.figures[4]], [inWindow, all, all])
          }
        },
      ),
    )
  })

  it('buckets never let more through than capacity and refill together, in any stretch of time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 80 }),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 5 }),
        (gaps, capacity, interval, tokens) => {
          const tally = tallies().of('a')
          const plan = bucketPlan(capacity, interval, tokens)
          let now = NOON
          const passed: number[] = []
          for (const gap of gaps) {
            now += gap
            if (tally.step(plan, now, TAKE, true) === PASS) passed.push(now)
          }
          for (let from = 0; from < passed.length; from++)
            for (let to = from; to < passed.length; to++) {
              const most = capacity + ((passed[to]! - passed[from]! + interval) * tokens) / interval
              assert.ok(to - from + 1 <= most + 1e-9, `${to - from + 1} of ${most}`)
            }
        },
      ),
    )
  })
})

describe('threads', () => {
  it('together let exactly as many calls through as one would', async () => {
    const memory = createCountMemory({ capacity: 64 })
    const counts = await countInThreads(memory, 4, {
      calls: 60_000,
      ids: 2,
      plan: 'windowPlan(100000, 3600000)',
    })
    const sum = (pick: 'passed' | 'refused'): number => counts.reduce((all, count) => all + count[pick], 0)
    assert.equal(sum('passed'), 2 * 100_000)
    assert.equal(sum('refused'), 2 * 140_000)
  })

  it('never take a window that a quota then refuses', async () => {
    const memory = createCountMemory({ capacity: 64 })
    const counts = await countInThreads(memory, 4, {
      calls: 60_000,
      ids: 1,
      plan: 'windowPlan(200000, 3600000, 77777, 100000)',
      family: 'apikey',
    })
    assert.equal(
      counts.reduce((all, { passed }) => all + passed, 0),
      77_777,
    )
    const tally = new Tally(countLayout(memory), calendarOf(null), subjectOf('apikey', 'id0'), Date.now())
    tally.step(windowPlan(2000, 3_600_000), Date.now(), LOOK, true)
    assert.equal(tally.figures[0], 77_777)
  })

  it('find the same slots when they all come with new names at once', async () => {
    const memory = createCountMemory({ capacity: 8192 })
    const counts = await countInThreads(memory, 4, { calls: 2, ids: 1500, plan: 'windowPlan(1, 3600000)' })
    assert.equal(
      counts.reduce((all, { passed }) => all + passed, 0),
      1500,
    )
    assert.equal(evictions(countLayout(memory)), 0)
  })
})

/** The store learns of all calls of the day and the month that it does not know. */
function settled(all: readonly Tally[], layout: ReturnType<typeof tallies>['layout']): void {
  for (const { slot } of all) {
    if (slot.layout !== layout) continue
    const account = new StoreAccount(slot, calendar)
    for (const counter of [DAY, MONTH] as const) {
      const open = account.pending(counter, NOON)!
      account.confirm(counter, open, open.amount, NOON)
    }
    account.takeTotal(NOON)
  }
}

describe('places', () => {
  it('of windows that are over are given away; of others the least called', () => {
    const { layout, of } = tallies({ capacity: 16 })
    const plan = windowPlan(1000, 1000)
    const busy = of('busy')
    steps(
      busy,
      plan,
      Array.from({ length: 50 }, () => 0),
    )
    for (let i = 0; i < 200; i++) of(`new ${i}`).step(plan, NOON, TAKE, true)
    busy.step(plan, NOON, LOOK, true)
    assert.equal(busy.figures[0], 50)
    assert.ok(evictions(layout) > 0)
    assert.equal(countedAlone(layout), 0)
    const before = evictions(layout)
    for (let i = 0; i < 10; i++) new Tally(layout, calendar, subjectOf('address', `later ${i}`), NOON + 2000)
    assert.equal(evictions(layout), before)
  })

  it('that hold calls the store does not know are never given away: others count alone', () => {
    const { layout, of } = tallies({ capacity: 16 }, 'apikey')
    const plan = quotaPlan(10, 10)
    const all = Array.from({ length: 40 }, (_, i) => of(`key ${i}`))
    for (const tally of all) steps(tally, plan, [0, 0, 0])
    for (const tally of all) {
      tally.step(plan, NOON, LOOK, true)
      assert.equal(tally.figures[2], 3)
    }
    assert.ok(countedAlone(layout) >= 24)
    assert.equal(evictions(layout), 0)
  })

  it('are looked for again by who counts alone, and what he counted is brought along', () => {
    const { layout, of } = tallies({ capacity: 16 }, 'apikey')
    const plan = quotaPlan(10, 10)
    const others = Array.from({ length: 40 }, (_, i) => of(`key ${i}`))
    for (const tally of others) steps(tally, plan, [0])
    // Two threads with one key, both without a place.
    const [one, two] = [of('late'), of('late')]
    steps(one, plan, [0, 0, 0])
    steps(two, plan, [0, 0, 0, 0])
    assert.deepEqual([one.figures[2], two.figures[2]], [3, 4])
    steps(one, plan, [5_000])
    assert.equal(one.figures[2], 4, 'still nothing is free')
    settled(others, layout)
    steps(one, plan, [7_000])
    steps(two, plan, [7_000])
    assert.ok(one.slot.layout === layout && two.slot.layout === layout)
    assert.equal(two.figures[2], 10, '5 of the one and 5 of the other')
    assert.deepEqual(steps(one, plan, [8_000]), [OVER_DAY])
    const account = new StoreAccount(one.slot, calendar)
    assert.equal(account.pending(DAY, NOON)!.amount, 10, 'the store learns of all')
    assert.equal(account.takeTotal(NOON), 10)
  })

  it('bring their windows and buckets along, and of a day what the store does not know', () => {
    for (const [plan, left] of [
      [localPlan(5, 3_600_000, 100, 100), 2],
      [bucketPlan(5, 3_600_000, 1, 100, 100), 2],
      [windowPlan(5, 3_600_000, 100, 100), 2],
    ] as const) {
      const { layout, of } = tallies({ capacity: 16 }, 'apikey')
      const others = Array.from({ length: 40 }, (_, i) => of(`key ${i}`))
      for (const tally of others) steps(tally, quotaPlan(10, 10), [0])
      const late = of('late')
      steps(late, plan, [0, 0, 0])
      // Somebody settled it with the store meanwhile, which knows of 50 calls more.
      const alone = new StoreAccount(late.slot, calendar)
      const pending = alone.pending(DAY, NOON)!
      alone.confirm(DAY, pending, 53, NOON)
      settled(others, layout)
      const passed = steps(
        late,
        plan,
        Array.from({ length: 5 }, () => 2_000),
      ).filter(one => one === PASS)
      assert.equal(late.slot.layout === layout, true)
      assert.equal(passed.length, left)
      const account = new StoreAccount(late.slot, calendar)
      assert.equal(account.pending(DAY, NOON)!.amount, left, 'what the store knows is not told again')
    }
  })

  it('are found anew by a handle whose place was given away', () => {
    const { of } = tallies({ capacity: 16 })
    const plan = windowPlan(5, 1000)
    const old = of('old')
    old.step(plan, NOON, TAKE, true)
    for (let i = 0; i < 100; i++) of(`other ${i}`).step(plan, NOON + 2000, TAKE, true)
    assert.equal(old.step(plan, NOON + 2000, TAKE, true), PASS)
    assert.equal(old.figures[0], 1)
  })
})
