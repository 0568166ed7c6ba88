/** A real cluster of three servers. */
import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import type { Redis } from 'ioredis'
import { StoreUnavailable } from '../contract.ts'
import { openRedisStore } from '../redis.ts'
import { redisMissing, type TestServer } from '../testing/redis-server.ts'
import { eventually, until } from '../testing/patience.ts'
import { targetAt } from '../testing/redis-target.ts'
import { startCluster, type TestCluster } from '../testing/redis-topology.ts'
import { scanAll, storeSuite } from '../testing/suite.ts'
import { slotOf, tagOf } from './slots.ts'

const root = 'otoroshi'
const journal = 'otoroshi:store:{commits}:journal'

describe('a Redis cluster', { skip: redisMissing }, () => {
  let cluster: TestCluster
  let servers: readonly TestServer[]
  let raws: readonly Redis[]
  before(async () => {
    cluster = await startCluster('all')
    ;({ servers, raws } = cluster)
  })
  after(() => cluster.remove())

  const open = (lookEvery = 60_000, timeout = 10_000) =>
    openRedisStore({
      root,
      lookEvery,
      target: targetAt(0, {
        mode: 'cluster',
        nodes: servers.slice(0, 2).map(({ port }) => ({ host: '127.0.0.1', port, password: null })),
        password: 'all',
        timeout,
      }),
    })
  const empty = () => Promise.all(raws.map(raw => raw.flushall()))
  const opened = async (t: TestContext, lookEvery?: number, timeout?: number) => {
    const store = await open(lookEvery, timeout)
    t.after(() => store.close())
    return store
  }
  const home = (key: string) => raws[Math.floor((slotOf(key) * 3) / 16384)]!

  storeSuite('redis cluster', async () => {
    await empty()
    return open()
  })

  test('slots are those of the servers', async () => {
    for (const key of ['', 'a', 'otoroshi:routes:é', '{user}:x', 'a{}b', 'a{{x}}', 'x}{y}', '123456789'])
      assert.equal(slotOf(key), await raws[0]!.cluster('KEYSLOT', key), key)
    for (const slot of [0, 1, 8000, 16383]) assert.equal(slotOf(`x{${tagOf(slot)}}y`), slot)
  })

  test('a commit over all servers is whole, told once, and leaves no journal', async t => {
    await empty()
    const [one, two] = [await opened(t), await opened(t)]
    const heard: string[] = []
    two.watch(keys => void heard.push(...keys.filter(key => key.startsWith('otoroshi:k:'))))
    const changes = Array.from({ length: 300 }, (_, i) => ({ key: `otoroshi:k:${i}`, value: String(i) }))
    const began = performance.now()
    await one.commit(changes)
    await until('all was heard', () => heard.length === 300)
    t.diagnostic(`300 keys written and heard after ${Math.round(performance.now() - began)} ms`)
    assert.equal((await scanAll(two, 'otoroshi:')).length, 300)
    assert.equal(await home(journal).exists(journal), 0)
    assert.ok((await Promise.all(raws.map(raw => raw.dbsize()))).every(size => size > 50))
  })

  test('what a writer left half done is finished by the next one who looks', async t => {
    await empty()
    const keys = ['otoroshi:half:a', 'otoroshi:half:b', 'otoroshi:half:c']
    const changes = keys.map(key => ({ key, value: 'new' }))
    // As a writer leaves it that dies after its first slot; its lock runs out.
    await home(keys[0]!).set(keys[0]!, 'new')
    await home(journal).set(journal, JSON.stringify({ changes, notices: [] }))
    const store = await opened(t, 100)
    await until('the journal is gone', async () => (await home(journal).exists(journal)) === 0)
    for (const key of keys) assert.equal(await store.get(key), 'new')
    // And by a writer, before its own commit.
    await home(journal).set(
      journal,
      JSON.stringify({ changes: [{ key: keys[0], value: 'older' }], notices: [] }),
    )
    await store.commit([{ key: keys[0]!, value: 'newest' }], [{ key: keys[0]!, value: 'older' }])
    assert.equal(await store.get(keys[0]!), 'newest')
    assert.equal(await home(journal).exists(journal), 0)
  })

  test('a writer whose turn is over writes nothing more', async t => {
    await empty()
    const store = await opened(t)
    await store.commit([{ key: 'otoroshi:x', value: '1' }])
    const fence = `otoroshi:store:{${tagOf(slotOf('otoroshi:x'))}}:turn`
    await home('otoroshi:x').set(fence, '9000000000000000')
    await assert.rejects(store.commit([{ key: 'otoroshi:x', value: '2' }]), StoreUnavailable)
    assert.equal(await store.get('otoroshi:x'), '1')
  })

  test('instances take turns: each commit is seen whole by its successor', async t => {
    await empty()
    const stores = [await opened(t, 60_000, 10_000), await opened(t, 60_000, 10_000)]
    const pair = ['otoroshi:pair:1', 'otoroshi:pair:22']
    assert.notEqual(home(pair[0]!), home(pair[1]!))
    await stores[0]!.commit(pair.map(key => ({ key, value: '0' })))
    const add = async (store: (typeof stores)[number]): Promise<void> => {
      for (;;) {
        const before = await Promise.all(pair.map(key => store.get(key)))
        const done = await store
          .commit(
            pair.map((key, i) => ({ key, value: String(Number(before[i]) + 1) })),
            pair.map((key, i) => ({ key, value: before[i]! })),
          )
          .then(
            () => true,
            error => {
              assert.equal(error.name, 'StoreConflict', error.message)
              return false
            },
          )
        if (done) return
      }
    }
    await Promise.all(stores.flatMap(store => Array.from({ length: 20 }, () => add(store))))
    for (const key of pair) assert.equal(await stores[0]!.get(key), '40')
  })

  test('a server that dies: its keys fail in time, and work again after its return', {
    timeout: 180_000,
  }, async t => {
    await empty()
    const store = await opened(t, 60_000, 1000)
    const key = Array.from({ length: 50 }, (_, i) => `otoroshi:${i}`).find(name => home(name) === raws[2])!
    await store.commit([{ key, value: '1' }])
    await servers[2]!.kill()
    const began = performance.now()
    await assert.rejects(store.commit([{ key, value: '2' }]), StoreUnavailable)
    assert.ok(performance.now() - began < 30_000, `${performance.now() - began} ms`)
    await servers[2]!.start()
    await eventually(() => store.commit([{ key, value: '3' }]), 120_000)
    assert.equal(await store.get(key), '3')
  })
})
