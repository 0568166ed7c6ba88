import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import type { BoardEntry } from '../data-plane/messages.ts'
import { createMemoryStore } from '../store/memory.ts'
import { InstanceBoard } from './board.ts'

const open: InstanceBoard[] = []
afterEach(() => {
  for (const board of open.splice(0)) board.close()
})

function board(store = createMemoryStore()) {
  const told: BoardEntry[] = []
  const made = new InstanceBoard(
    store,
    'oto',
    entries => told.push(...entries),
    () => {},
  )
  open.push(made)
  return { board: made, told, store }
}
const KEY = 'service-discovery:registrations:r:1'
const MINUTE = 60_000

describe('the board', () => {
  it('stores what is written, and tells it once', async () => {
    const { board: one, told, store } = board()
    assert.equal(await one.write(KEY, 'a', MINUTE), null)
    assert.equal(await store.get(`oto:${KEY}`), 'a')
    assert.deepEqual(
      told.map(({ key, value }) => [key, value]),
      [[KEY, 'a']],
    )
    assert.equal(await one.write(KEY, null, 0), null)
    assert.equal(await store.get(`oto:${KEY}`), null)
    assert.deepEqual(told.at(-1)?.value, null)
    assert.deepEqual(one.entries, [])
  })

  it('touches nothing but its own keys', async () => {
    const { board: one, store } = board()
    for (const key of ['apikeys:x', '', 'plugins:other', `${KEY}${'x'.repeat(600)}`])
      assert.notEqual(await one.write(key, 'a', MINUTE), null, key)
    assert.notEqual(await one.write(KEY, 'x'.repeat(70_000), MINUTE), null)
    for await (const batch of store.scan('oto')) assert.deepEqual(batch, [])
  })

  it('knows what others have written, at its start and later, with their end', async () => {
    const store = createMemoryStore()
    const end = Date.now() + MINUTE
    await store.commit([{ key: `oto:${KEY}`, value: 'a', expiresAt: end }])
    const { board: one, told } = board(store)
    await one.load()
    assert.deepEqual(one.entries, [{ key: KEY, value: 'a', until: end }])
    const { board: other } = board(store)
    await other.write('plugins:eureka-server-x:apps:A:i', 'b', MINUTE)
    while (told.length < 2) await new Promise(resolve => setImmediate(resolve))
    assert.equal(told[1]?.value, 'b')
  })

  it('has room for a bounded number, and forgets what is over', async () => {
    const { board: one } = board()
    for (let n = 0; n < 10_000; n++) await one.write(`${KEY}-${n}`, 'x', MINUTE)
    assert.match((await one.write(`${KEY}-more`, 'x', MINUTE))!, /entries already/)
    assert.equal(await one.write(`${KEY}-1`, 'y', 1), null)
    await new Promise(resolve => setTimeout(resolve, 5))
    assert.equal(
      one.entries.some(({ key }) => key === `${KEY}-1`),
      false,
    )
  })

  it('says why when the store takes nothing', async () => {
    const store = createMemoryStore()
    const { board: one, told } = board({
      ...store,
      commit: () => Promise.reject(new Error('full')),
    } as typeof store)
    assert.equal(await one.write(KEY, 'a', MINUTE), 'full')
    assert.deepEqual(told, [])
  })
})
