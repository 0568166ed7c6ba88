/** A real cluster of three servers. */
import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { StoreUnavailable } from '../contract.ts'
import { openRedisStore } from '../redis.ts'
import { redisMissing, startServer, type TestServer } from '../testing/redis-server.ts'
import { targetAt } from '../testing/redis-target.ts'
import { scanAll, storeSuite } from '../testing/suite.ts'
import { slotOf, tagOf } from './slots.ts'

const root = 'otoroshi'
const journal = 'otoroshi:store:{commits}:journal'

describe('a Redis cluster', { skip: redisMissing }, () => {
  let servers: TestServer[] = []
  let raws: Redis[] = []
  before(async () => {
    const config = ['cluster-enabled yes', 'cluster-node-timeout 1000', 'requirepass all', 'masterauth all']
    servers = await Promise.all([1, 2, 3].map(() => startServer({ config })))
    raws = servers.map(({ port }) => new Redis({ port, password: 'all' }).on('error', () => {}))
    for (const [i, raw] of raws.entries()) {
      await raw.cluster('ADDSLOTSRANGE', Math.floor((i * 16384) / 3), Math.floor(((i + 1) * 16384) / 3) - 1)
      await raw.cluster('MEET', '127.0.0.1', servers[0]!.port)
    }
    await Promise.all(raws.map(healthy))
  })
  after(async () => {
    for (const raw of raws) raw.disconnect()
    await Promise.all(servers.map(server => server.remove()))
  })

  async function healthy(raw: Redis): Promise<void> {
    const limit = Date.now() + 20_000
    for (;;) {
      const info = String(await raw.cluster('INFO'))
      if (info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3')) return
      if (Date.now() > limit) throw new Error(info)
      await sleep(50)
    }
  }

  const open = (lookEvery = 60_000, timeout = 3000) =>
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
    two.watch(keys => void heard.push(...keys))
    const changes = Array.from({ length: 300 }, (_, i) => ({ key: `otoroshi:k:${i}`, value: String(i) }))
    const began = performance.now()
    await one.commit(changes)
    while (heard.length < 300) await sleep(1)
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
    while ((await home(journal).exists(journal)) === 1) await sleep(5)
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
    timeout: 60_000,
  }, async t => {
    await empty()
    const store = await opened(t, 60_000, 1000)
    const key = Array.from({ length: 50 }, (_, i) => `otoroshi:${i}`).find(name => home(name) === raws[2])!
    await store.commit([{ key, value: '1' }])
    await servers[2]!.kill()
    const began = performance.now()
    await assert.rejects(store.commit([{ key, value: '2' }]), StoreUnavailable)
    assert.ok(performance.now() - began < 4000, `${performance.now() - began} ms`)
    await servers[2]!.start()
    for (let written = false; !written; await sleep(50))
      written = await store.commit([{ key, value: '3' }]).then(
        () => true,
        error => {
          assert.ok(error instanceof StoreUnavailable, String(error))
          return false
        },
      )
    assert.equal(await store.get(key), '3')
  })
})
