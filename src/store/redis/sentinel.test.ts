/** Real sentinels that promote a replica when the master dies. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { StoreUnavailable } from '../contract.ts'
import { openRedisStore } from '../redis.ts'
import { redisMissing, sentinelProgram, startServer, type TestServer } from '../testing/redis-server.ts'
import { targetAt } from '../testing/redis-target.ts'
import { storeSuite } from '../testing/suite.ts'

const skip = redisMissing || (sentinelProgram === null && 'redis-sentinel is not installed')

describe('a Redis behind sentinels', { skip }, () => {
  let master: TestServer
  let replica: TestServer
  let sentinels: TestServer[] = []
  let raw: Redis
  before(async () => {
    const both = ['requirepass data', 'masterauth data']
    master = await startServer({ config: both })
    replica = await startServer({ config: [...both, `replicaof 127.0.0.1 ${master.port}`] })
    const config = [
      `sentinel monitor main 127.0.0.1 ${master.port} 2`,
      'sentinel auth-pass main data',
      'sentinel down-after-milliseconds main 500',
      'sentinel failover-timeout main 3000',
      'requirepass watch',
    ]
    sentinels = await Promise.all([1, 2, 3].map(() => startServer({ sentinel: true, config })))
    raw = new Redis({ port: master.port, password: 'data' }).on('error', () => {})
  })
  after(async () => {
    raw.disconnect()
    await Promise.all([...sentinels, master, replica].map(server => server.remove()))
  })

  const open = (master = 'main', sentinelPassword: string | null = 'watch', timeout = 3000) =>
    openRedisStore({
      root: 'otoroshi',
      lookEvery: 60_000,
      target: targetAt(0, {
        mode: 'sentinels',
        nodes: sentinels.map(({ port }) => ({ host: '127.0.0.1', port, password: null })),
        master,
        password: 'data',
        sentinelUsername: sentinelPassword === null ? null : 'default',
        sentinelPassword,
        timeout,
      }),
    })

  storeSuite('redis behind sentinels', async () => {
    await raw.flushall()
    return open()
  })

  test('a master nobody knows, or no password for the sentinels: told at the start', async () => {
    await assert.rejects(open('other', 'watch', 500), StoreUnavailable)
    await assert.rejects(open('main', null, 500), StoreUnavailable)
  })

  test('a master that dies is followed by its replica, without a restart', { timeout: 60_000 }, async t => {
    const store = await open()
    t.after(() => store.close())
    let looks = 0
    store.watch(
      () => {},
      () => void looks++,
    )
    // The sentinels must know the replica and each other.
    const sentinel = new Redis({ port: sentinels[0]!.port, password: 'watch' })
    const follower = new Redis({ port: replica.port, password: 'data' })
    t.after(() => {
      sentinel.disconnect()
      follower.disconnect()
    })
    const counted = async (what: string) =>
      ((await sentinel.call('SENTINEL', what, 'main')) as unknown[]).length
    while ((await counted('REPLICAS')) < 1 || (await counted('SENTINELS')) < 2) await sleep(50)
    await store.commit([{ key: 'a', value: '1' }])
    // A replica follows a little later: what it has not, a failover loses.
    while ((await follower.get('a')) !== '1') await sleep(20)
    await master.kill()
    const began = performance.now()
    for (let written = false; !written; await sleep(20))
      written = await store.commit([{ key: 'b', value: '2' }]).then(
        () => true,
        error => {
          assert.ok(error instanceof StoreUnavailable, String(error))
          return false
        },
      )
    t.diagnostic(`writes again after ${Math.round(performance.now() - began)} ms`)
    assert.equal(await store.get('a'), '1')
    assert.equal(await follower.get('b'), '2')
    for (let i = 0; i < 200 && looks === 0; i++) await sleep(10)
    assert.ok(looks > 0)
  })
})
