import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AnswerStore, type Place } from './answer-store.ts'
import type { Filling } from './filling.ts'
import { type CacheMemory, createCacheMemory } from './layout.ts'
import { bury, figuresOf, purge } from './purge.ts'
import type { HeadFacts } from './stored-head.ts'

const KIB = 1024

function facts(more: Partial<HeadFacts> = {}): HeadFacts {
  const now = Date.now()
  return {
    status: 200,
    fields: [['Cache-Control', 'max-age=60']],
    asked: now,
    arrived: now,
    selected: [],
    part: null,
    ...more,
  }
}

function threadsOf(bytes = 512 * KIB): { memory: CacheMemory; one: AnswerStore; other: AnswerStore } {
  const memory = createCacheMemory(bytes, 2)
  return { memory, one: new AnswerStore(memory, 0), other: new AnswerStore(memory, 1) }
}

function place(store: AnswerStore, name: string, route = 'r'): Place {
  return {
    key: store.key(`${route} ${name}`),
    route: store.tag('route', route),
    url: `a.test/${name}`,
  }
}

interface Kept {
  readonly route?: string
  readonly tags?: readonly string[]
  readonly facts?: Partial<HeadFacts>
  readonly most?: number
  readonly routeMost?: number
}

function begin(store: AnswerStore, filling: Filling, length: number, more: Kept = {}): boolean {
  const tags = (more.tags ?? []).map(tag => store.tag('tag', tag))
  const { most = Infinity, routeMost = Infinity } = more
  return filling.begin(facts(more.facts), tags, length, most, routeMost)
}

/** Keeps an answer; false when the store did not take it. */
function keep(store: AnswerStore, name: string, body: Uint8Array, more: Kept = {}): boolean {
  const filling = store.receive(place(store, name, more.route), store.changes)!
  if (!begin(store, filling, body.length, more)) return false
  for (let at = 0; at < body.length; at += 1500)
    if (!filling.write(body.subarray(at, at + 1500))) return false
  return filling.complete()
}

function read(store: AnswerStore, name: string, route?: string): Buffer | null {
  const { answer } = store.find(place(store, name, route).key, () => true)
  if (answer === null) return null
  const body = Buffer.concat([...answer.pieces(0, answer.bodyLength - 1)])
  answer.release()
  return body
}

const bytes = (length: number, salt = 7): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * salt) & 255))

describe('the store', () => {
  test('what one thread keeps the other gives out, byte for byte', () => {
    const { one, other } = threadsOf()
    for (const length of [0, 1, 2047, 2048, 2049, 100_000]) {
      assert.equal(keep(one, `n${length}`, bytes(length)), true)
      assert.deepEqual(read(other, `n${length}`), bytes(length))
    }
    const { answer } = other.find(place(other, 'n100000').key, () => true)
    for (const [first, last] of [
      [0, 0],
      [2047, 2048],
      [2048, 4095],
      [99_999, 99_999],
      [70_000, 99_999],
    ] as const)
      assert.deepEqual(
        Buffer.concat([...answer!.pieces(first, last)]),
        bytes(100_000).subarray(first, last + 1),
      )
    answer!.release()
  })

  test('a younger answer replaces the older one, of the same variant only', () => {
    const { one, other } = threadsOf()
    keep(one, 'a', Buffer.from('en'), { facts: { selected: [['accept-language', '+en']] } })
    keep(one, 'a', Buffer.from('de'), { facts: { selected: [['accept-language', '+de']] } })
    keep(one, 'a', Buffer.from('en2'), { facts: { selected: [['accept-language', '+en']] } })
    assert.equal(figuresOf(one).answers, 2)
    const found = other.find(place(other, 'a').key, head => head.facts.selected[0]![1] === '+en')
    assert.equal(Buffer.concat([...found.answer!.pieces(0, 2)]).toString(), 'en2')
    found.answer!.release()
  })

  test('variants of one key are bounded', () => {
    const { one } = threadsOf()
    for (let i = 0; i < 200; i++) keep(one, 'a', Buffer.from('x'), { facts: { selected: [['a', `+${i}`]] } })
    assert.equal(figuresOf(one).answers, 32)
  })

  test('memory is bounded: what was not asked for makes room', () => {
    const { one, other } = threadsOf(256 * KIB)
    keep(one, 'liked', bytes(4 * KIB))
    for (let i = 0; i < 500; i++) {
      assert.equal(keep(i % 2 === 0 ? one : other, `n${i}`, bytes(4 * KIB)), true)
      assert.notEqual(read(other, 'liked'), null)
    }
    const figures = figuresOf(one)
    assert.ok(figures.used <= figures.memory)
    assert.ok(figures.evicted > 400)
    assert.equal(read(one, 'n0'), null)
    assert.deepEqual(read(one, 'n499'), bytes(4 * KIB))
  })

  test('a route keeps no more than it may', () => {
    const { one } = threadsOf()
    keep(one, 'x', bytes(4 * KIB), { route: 'other' })
    for (let i = 0; i < 50; i++) keep(one, `n${i}`, bytes(4 * KIB), { routeMost: 40 * KIB })
    assert.ok(figuresOf(one).used <= 48 * KIB)
    assert.notEqual(read(one, 'x', 'other'), null)
  })

  test('a body that is too long is not kept, and leaves nothing behind', () => {
    const { one } = threadsOf()
    assert.equal(keep(one, 'a', bytes(10_000), { most: 9_999 }), false)
    const filling = one.receive(place(one, 'b'), one.changes)!
    begin(one, filling, -1, { most: 9_999 })
    assert.equal(filling.write(bytes(9_000)), true)
    assert.equal(filling.write(bytes(1_000)), false)
    assert.equal(filling.complete(), false)
    assert.equal(keep(one, 'c', bytes(3_000_000)), false)
    assert.equal(keep(one, 'd', bytes(1), { facts: { fields: [['a', 'x'.repeat(40_000)]] } }), false)
    assert.equal(figuresOf(one).used, 0)
  })

  test('an answer that is read stays whole though it is evicted or purged', () => {
    const { one, other } = threadsOf(256 * KIB)
    keep(one, 'a', bytes(50 * KIB))
    const pinned = other.find(place(other, 'a').key, () => true).answer!
    assert.equal(purge(one, { route: null, urls: [], tags: [] }), 1)
    for (let i = 0; i < 200; i++) keep(one, `n${i}`, bytes(4 * KIB, 3))
    assert.deepEqual(Buffer.concat([...pinned.pieces(0, 50 * KIB - 1)]), bytes(50 * KIB))
    assert.equal(read(one, 'a'), null)
    pinned.release()
    purge(one, { route: null, urls: [], tags: [] })
    assert.equal(figuresOf(one).used, 0)
  })

  test('a confirmed answer has its new head, for every thread', () => {
    const { one, other } = threadsOf()
    keep(one, 'a', bytes(10), { tags: ['t'] })
    const fits = (): boolean => true
    const { key } = place(one, 'a')
    const before = one.find(key, fits).answer!
    const late = other.find(key, fits).answer!
    assert.equal(one.confirm(before, facts({ fields: [['A', 'b'.repeat(5000)]] })), true)
    assert.equal(other.confirm(late, facts()), false)
    const after = other.find(key, fits).answer!
    assert.equal(after.head.value('a'), 'b'.repeat(5000))
    for (const answer of [before, late, after]) answer.release()
    assert.equal(purge(other, { route: null, urls: [], tags: ['t'] }), 1)
    assert.equal(figuresOf(one).used, 0)
  })
})

describe('purging', () => {
  test('by route, URL and tag', () => {
    const { one, other } = threadsOf()
    keep(one, 'a', bytes(1), { tags: ['x', 'y'] })
    keep(one, 'b', bytes(1), { tags: ['y'] })
    keep(one, 'a', bytes(1), { route: 'r2', tags: ['x'] })
    assert.equal(purge(other, { route: 'r', urls: [], tags: ['x'] }), 1)
    assert.equal(purge(other, { route: null, urls: ['a.test/a'], tags: [] }), 1)
    assert.equal(purge(other, { route: 'r2', urls: [], tags: [] }), 0)
    assert.equal(purge(other, { route: null, urls: ['a.test/c'], tags: ['y'] }), 1)
    assert.equal(figuresOf(one).used, 0)
  })

  test('what comes in meanwhile is not kept', () => {
    const { one, other } = threadsOf()
    const awaited = one.depart(place(one, 'a'))!
    const alone = one.receive(place(one, 'b'), one.changes)!
    begin(one, alone, 1)
    purge(other, { route: null, urls: [], tags: ['any'] })
    begin(one, awaited, 1)
    for (const filling of [awaited, alone]) {
      filling.write(bytes(1))
      assert.equal(filling.complete(), false)
    }
    assert.equal(one.receive(place(one, 'c'), one.changes - 1), null)
    assert.equal(figuresOf(one).used, 0)
    const untouched = one.depart(place(one, 'd', 'r2'))!
    purge(other, { route: 'r', urls: [], tags: [] })
    begin(one, untouched, 0)
    assert.equal(untouched.complete(), true)
  })
})

describe('waiting for others', () => {
  test('one asks, others learn when it is there, on both threads', async () => {
    const { one, other } = threadsOf()
    const here = place(one, 'a')
    const filling = one.depart(here)!
    assert.equal(one.depart(here), null)
    const waits = [one, other].map(store => {
      const { flight, answer } = store.find(here.key, () => true)
      assert.equal(answer, null)
      return store.flights.wait(flight!.slot, flight!.version, 60_000)
    })
    begin(one, filling, 2)
    filling.write(Buffer.from('ok'))
    assert.equal(filling.complete(), true)
    assert.deepEqual(await Promise.all(waits), [true, true])
    assert.equal(read(other, 'a')!.toString(), 'ok')
  })

  test('nobody waits where answers are not kept', async () => {
    const { one, other } = threadsOf()
    const here = place(one, 'a')
    const filling = one.depart(here)!
    const { flight } = other.find(here.key, () => true)
    const wait = other.flights.wait(flight!.slot, flight!.version, 60_000)
    filling.pass(10)
    assert.equal(await wait, true)
    assert.equal(other.find(here.key, () => true).pass, true)
    assert.equal(other.depart(here), null)
  })

  test('patience ends', async () => {
    const { one, other } = threadsOf()
    one.depart(place(one, 'a'))
    const { flight } = other.find(place(one, 'a').key, () => true)
    assert.equal(await other.flights.wait(flight!.slot, flight!.version, 20), false)
  })

  test('an answer for everybody is found under the shared key, though one asked for himself', () => {
    const { one, other } = threadsOf()
    const filling = one.depart(place(one, 'own'))!
    filling.rename(place(one, 'shared').key)
    begin(one, filling, 0)
    assert.equal(filling.complete(), true)
    assert.notEqual(read(other, 'shared'), null)
    assert.equal(read(other, 'own'), null)
  })

  test('what a dead thread held is free', async () => {
    const { memory, one, other } = threadsOf()
    const main = new AnswerStore(memory, -1)
    keep(one, 'kept', bytes(5000))
    one.depart(place(one, 'a'))
    const half = one.receive(place(one, 'b'), one.changes)!
    begin(one, half, 9000)
    half.write(bytes(4000))
    one.find(place(one, 'kept').key, () => true)
    const { flight } = other.find(place(one, 'a').key, () => true)
    const wait = other.flights.wait(flight!.slot, flight!.version, 60_000)
    assert.equal(bury(main, 0), true)
    assert.equal(await wait, true)
    assert.deepEqual(read(other, 'kept'), bytes(5000))
    purge(main, { route: null, urls: [], tags: [] })
    assert.equal(figuresOf(main).used, 0)
  })

  test('a thread that died in the middle of a change leaves a cache that keeps nothing', () => {
    const { memory, one, other } = threadsOf()
    keep(one, 'a', bytes(10))
    Atomics.store(new Int32Array(memory.memory), 0, 2)
    assert.equal(bury(new AnswerStore(memory, -1), 0), false)
    assert.equal(read(other, 'a'), null)
    assert.equal(other.depart(place(other, 'b')), null)
    assert.equal(other.receive(place(other, 'c'), other.changes), null)
  })
})
