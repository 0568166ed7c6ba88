import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PurgeOrder } from '../cache/index.ts'
import { createMemoryStore } from '../store/memory.ts'
import type { Store } from '../store/contract.ts'
import { readPurges, withPurge } from './purge-list.ts'
import { SharedPurges } from './shared-purges.ts'

const KEY = 'otoroshi:response-cache:purges'
const one: PurgeOrder = { route: 'r', urls: ['a.test/'], tags: [] }
const other: PurgeOrder = { route: null, urls: [], tags: ['t'] }
const everything: PurgeOrder = { route: null, urls: [], tags: [] }

async function instance(store: Store) {
  const done: PurgeOrder[] = []
  const purges = new SharedPurges(
    store,
    'otoroshi',
    order => done.push(order),
    () => {},
  )
  await purges.follow()
  return { done, purges }
}

describe('purges of several instances', () => {
  it('are done once by each, in order, by the one that ordered them at once', async () => {
    const store = createMemoryStore()
    const [a, b] = [await instance(store), await instance(store)]
    assert.equal(await a.purges.order(one), 1)
    await b.purges.order(other)
    await Promise.all([a.purges.follow(), b.purges.follow()])
    await b.purges.follow()
    assert.deepEqual(a.done, [one, other])
    // Its own at once, the other as it was told.
    assert.equal(b.done.length, 2)
    for (const order of [one, other]) assert.ok(b.done.some(done => done.tags[0] === order.tags[0]))
    a.purges.close()
    b.purges.close()
  })

  it('ordered at the same time are all there', async () => {
    const store = createMemoryStore()
    const all = await Promise.all([1, 2, 3, 4].map(() => instance(store)))
    await Promise.all(all.map(({ purges }, i) => purges.order({ ...one, urls: [`${i}.test/`] })))
    for (const { purges, done } of all) {
      await purges.follow()
      assert.deepEqual(done.flatMap(({ urls }) => urls).sort(), ['0.test/', '1.test/', '2.test/', '3.test/'])
      purges.close()
    }
  })

  it('of the time before the start do not concern an instance', async () => {
    const store = createMemoryStore()
    await (await instance(store)).purges.order(one)
    assert.deepEqual((await instance(store)).done, [])
  })

  it('that were missed void everything: a list that is gone, cut short or not ours', async () => {
    const texts = [
      null,
      'nonsense',
      withPurge(readPurges(null), { ...one, by: 'x', at: 1 }),
      JSON.stringify({ ...readPurges(null), epoch: 'another', last: 1 }),
    ]
    for (const value of texts) {
      const store = createMemoryStore()
      const [a, b] = [await instance(store), await instance(store)]
      await a.purges.order(one)
      await b.purges.follow()
      await store.commit([{ key: KEY, value }])
      await b.purges.follow()
      assert.deepEqual(b.done, [one, everything], String(value))
    }
  })
})

describe('the list of purges', () => {
  it('forgets what is old, and keeps its numbers', () => {
    const first = withPurge(readPurges(null), { ...one, by: 'x', at: 0 })
    const later = readPurges(withPurge(readPurges(first), { ...other, by: 'x', at: 4_000_000 }))
    assert.deepEqual([later.last, later.purges.map(({ n }) => n)], [2, [2]])
    assert.equal(later.epoch, readPurges(first).epoch)
  })

  it('stays short whatever is ordered', () => {
    let text: string | null = null
    const urls = Array.from({ length: 1000 }, (_, i) => `${i}.test/${'x'.repeat(200)}`)
    for (let i = 0; i < 30; i++) text = withPurge(readPurges(text), { ...one, urls, by: 'x', at: i })
    assert.ok(text!.length <= 1_000_000)
    const { last, purges } = readPurges(text)
    assert.deepEqual([last, purges.at(-1)?.n], [30, 30])
    const huge = Array.from({ length: 1000 }, () => 'x'.repeat(3000))
    const list = readPurges(withPurge(readPurges(text), { ...one, urls: huge, by: 'x', at: 31 }))
    assert.deepEqual([list.last, list.purges], [31, []])
  })

  it('that is none is empty', () => {
    for (const text of [
      null,
      '',
      '{}',
      '[]',
      'null',
      '{"epoch":"a","last":1,"purges":[{"n":1}]}',
      'x'.repeat(3_000_000),
    ])
      assert.deepEqual(readPurges(text), { epoch: '', last: 0, purges: [] })
  })
})
