import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { createMemoryStore } from '../store/memory.ts'
import { calendarOf } from './calendar.ts'
import { countLayout, createCountMemory } from './count-memory.ts'
import { Counting } from './counting.ts'
import { type CounterStore, DurableCounts } from './durable-counts.ts'
import { type Plan, quotaPlan, windowPlan } from './plan.ts'
import { nameOf, subjectOf } from './subject.ts'
import { OVER_DAY, OVER_MONTH, OVER_WINDOW, type Outcome, PASS, TAKE } from './tally.ts'

const open: DurableCounts[] = []
afterEach(async () => {
  for (const counts of open.splice(0)) await counts.close()
})

const DAILY = 'oto:apikey:quotas:daily:k'
const MONTHLY = 'oto:apikey:quotas:monthly:k'

/** An instance: what one thread counts, and the account with the store. */
function instance(store: CounterStore, options: { shared?: boolean; ahead?: number; every?: number } = {}) {
  const memory = createCountMemory({ capacity: 1024, ...options })
  const failures: unknown[] = []
  const counts = new DurableCounts({
    memory,
    store,
    root: 'oto',
    zone: null,
    every: options.every ?? 3_600_000,
    onFailure: error => failures.push(error),
  })
  open.push(counts)
  const counting: Counting = new Counting({
    memory,
    zone: null,
    windowMs: 3_600_000,
    ask: subject => {
      void counts.settle(subject).then(reached => counting.answered(nameOf(subject), reached))
    },
  })
  const call = async (plan: Plan, id = 'k'): Promise<Outcome> =>
    counting.step(counting.tally('apikey', id), plan, TAKE)
  const calls = async (plan: Plan, times: number): Promise<Outcome[]> => {
    const outcomes: Outcome[] = []
    for (let i = 0; i < times; i++) outcomes.push(await call(plan))
    return outcomes
  }
  return { counts, counting, failures, call, calls, memory }
}

const passes = (outcomes: readonly Outcome[]): number => outcomes.filter(outcome => outcome === PASS).length

describe('the account with the store', () => {
  it('writes upstream’s counters, which end with the day and the month', async () => {
    const store = createMemoryStore()
    const { calls, counts } = instance(store)
    await calls(quotaPlan(10, 10), 3)
    assert.equal(await store.get(DAILY), null)
    await counts.flush()
    assert.deepEqual(
      [await store.get(DAILY), await store.get(MONTHLY), await store.get('oto:apikey:quotas:global:k')],
      ['3', '3', '3'],
    )
    const [day, month, total] = await store.expiries!([DAILY, MONTHLY, 'oto:apikey:quotas:global:k'])
    const calendar = calendarOf(null)
    assert.ok(Math.abs(day! - calendar.dayEnd(Date.now())) < 2_000)
    assert.ok(Math.abs(month! - calendar.monthEnd(Date.now())) < 2_000)
    assert.equal(total, 0)
    // A window of one instance is nobody else's.
    assert.equal(await store.get('oto:apikey:quotas:second:k'), null)
    await counts.flush()
    assert.equal(await store.get(DAILY), '3')
  })

  it('goes on where the one before ended', async () => {
    const store = createMemoryStore()
    const plan = quotaPlan(5, 100)
    const first = instance(store)
    assert.equal(passes(await first.calls(plan, 3)), 3)
    await first.counts.close()
    const second = instance(store)
    assert.deepEqual(await second.calls(plan, 4), [PASS, PASS, OVER_DAY, OVER_DAY])
    await second.counts.close()
    assert.equal(await store.get(MONTHLY), '5')
  })

  it('asks once for a subject, however many calls wait', async () => {
    const inner = createMemoryStore()
    let asked = 0
    const store: CounterStore = {
      ...inner,
      get: key => {
        asked++
        return inner.get(key)
      },
    }
    const { call } = instance(store)
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => call(quotaPlan(7, 7))))
    assert.equal(passes(outcomes), 7)
    assert.equal(asked, 2)
  })

  it('takes counters of an Otoroshi as they stand, and puts a number where there is none', async () => {
    const store = createMemoryStore()
    await store.commit([
      { key: MONTHLY, value: '98' },
      { key: DAILY, value: 'spoilt' },
    ])
    const { calls, counts, failures } = instance(store)
    assert.deepEqual(await calls(quotaPlan(1000, 100), 3), [PASS, PASS, OVER_MONTH])
    await counts.flush()
    assert.deepEqual([await store.get(DAILY), await store.get(MONTHLY)], ['2', '100'])
    assert.equal(failures.length, 1)
  })

  it('begins day and month anew when it is told to', async () => {
    const store = createMemoryStore()
    const plan = windowPlan(4, 3_600_000, 2, 100)
    const { calls, counts } = instance(store)
    assert.deepEqual(await calls(plan, 3), [PASS, PASS, OVER_DAY])
    await counts.reset(subjectOf('apikey', 'k'))
    assert.deepEqual([await store.get(DAILY), await store.get(MONTHLY)], ['0', '0'])
    // The window is not reset.
    assert.deepEqual(await calls(plan, 3), [PASS, PASS, OVER_WINDOW])
    await counts.flush()
    assert.equal(await store.get(MONTHLY), '2')
  })

  it('serves while the store is away, and tells it everything afterwards', async () => {
    const inner = createMemoryStore()
    let away = true
    const fail = (): Promise<never> => Promise.reject(new Error('away'))
    const store: CounterStore = {
      get: key => (away ? fail() : inner.get(key)),
      increment: (key, by, ttl) => (away ? fail() : inner.increment(key, by, ttl)),
      commit: changes => (away ? fail() : inner.commit(changes)),
    }
    await inner.increment(DAILY, 40, 0)
    const { calls, counts, failures } = instance(store)
    assert.equal(passes(await calls(quotaPlan(50, 100), 60)), 50)
    assert.equal(failures.length, 1)
    await assert.rejects(counts.reset(subjectOf('apikey', 'k')))
    away = false
    await counts.flush()
    assert.equal(await inner.get(DAILY), '90')
    assert.equal(await inner.get(MONTHLY), '50')
  })

  it('does not wait for a store that does not answer', async () => {
    const never = (): Promise<never> => new Promise(() => {})
    const { call } = instance({ get: never, increment: never, commit: never })
    open.length = 0
    const begin = performance.now()
    assert.equal(await call(quotaPlan(5, 5)), PASS)
    assert.ok(performance.now() - begin < 5_000)
    const again = performance.now()
    assert.equal(await call(quotaPlan(5, 5), 'other'), PASS)
    assert.ok(performance.now() - again < 900, 'the second does not wait again')
  })
})

describe('instances on one store', () => {
  it('let no more through than the limit and what the others may be ahead', async () => {
    const store = createMemoryStore()
    const plan = windowPlan(200, 3_600_000, 120, 10_000)
    const options = { shared: true, ahead: 0.1, every: 50 }
    const three = [0, 1, 2].map(() => instance(store, options))
    const all = await Promise.all(three.map(({ calls }) => calls(plan, 150)))
    const passed = passes(all.flat())
    assert.ok(passed >= 120 && passed <= 120 + 2 * 12, `${passed} passed`)
    for (const { counts } of three) await counts.close()
    assert.equal(await store.get(DAILY), String(passed))
    // They know of each other now.
    const late = instance(store, options)
    assert.equal(passes(await late.calls(plan, 5)), 0)
  })

  it('share windows, too', async () => {
    const store = createMemoryStore()
    const plan = windowPlan(30, 3_600_000)
    const two = [0, 1].map(() => instance(store, { shared: true, ahead: 0 }))
    const all = await Promise.all(two.map(({ calls }) => calls(plan, 40)))
    const passed = passes(all.flat())
    assert.ok(passed >= 30 && passed <= 31, `${passed} passed`)
  })

  it('learn of a reset that another made', async () => {
    const store = createMemoryStore()
    const plan = quotaPlan(2, 100)
    const [a, b] = [0, 1].map(() => instance(store, { shared: true, ahead: 0 }))
    assert.equal(passes(await a!.calls(plan, 3)), 2)
    await b!.counts.reset(subjectOf('apikey', 'k'))
    const until = Date.now() + 20_000
    while ((await a!.call(plan)) !== PASS && Date.now() < until) await new Promise(go => setTimeout(go, 50))
    assert.ok(Date.now() < until)
  })
})

it('subjects that call no more are forgotten once the store knows everything', async () => {
  const store = createMemoryStore()
  const { counts, calls, memory } = instance(store)
  await calls(quotaPlan(5, 5), 1)
  assert.equal(counts.size, 1)
  await counts.flush()
  // Idle for longer than a slot is kept: its end is put into the past.
  const { doubles } = countLayout(memory)
  for (let at = 8; at < doubles.length; at += 16) doubles[at + 2] = 0
  for (let i = 0; i < 30; i++) await counts.flush()
  assert.equal(counts.size, 0)
})
