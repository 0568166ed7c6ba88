/** Real sentinels that promote a replica when the master dies. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Redis } from 'ioredis'
import { StoreUnavailable } from '../contract.ts'
import { openRedisStore } from '../redis.ts'
import { redisMissing, sentinelProgram } from '../testing/redis-server.ts'
import { eventually, until } from '../testing/patience.ts'
import { targetAt } from '../testing/redis-target.ts'
import { startSentinels, type TestSentinels } from '../testing/redis-topology.ts'
import { storeSuite } from '../testing/suite.ts'

const skip = redisMissing || (sentinelProgram === null && 'redis-sentinel is not installed')

describe('a Redis behind sentinels', { skip }, () => {
  let servers: TestSentinels
  let raw: Redis
  before(async () => {
    servers = await startSentinels('data', 'watch')
    raw = new Redis({ port: servers.master.port, password: 'data' }).on('error', () => {})
  })
  after(async () => {
    raw.disconnect()
    await servers.remove()
  })

  const open = (master = 'main', sentinelPassword: string | null = 'watch', timeout = 10_000) =>
    openRedisStore({
      root: 'otoroshi',
      lookEvery: 60_000,
      target: targetAt(0, {
        mode: 'sentinels',
        nodes: servers.sentinels.map(({ port }) => ({ host: '127.0.0.1', port, password: null })),
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

  test('a master that dies is followed by its replica, without a restart', { timeout: 240_000 }, async t => {
    const store = await open()
    t.after(() => store.close())
    let looks = 0
    store.watch(
      () => {},
      () => void looks++,
    )
    await servers.ready()
    const follower = new Redis({ port: servers.replica.port, password: 'data' })
    t.after(() => follower.disconnect())
    await store.commit([{ key: 'a', value: '1' }])
    // A replica follows a little later: what it has not, a failover loses.
    await until('the replica follows', async () => (await follower.get('a')) === '1')
    await servers.master.kill()
    const began = performance.now()
    await eventually(() => store.commit([{ key: 'b', value: '2' }]), 120_000)
    t.diagnostic(`writes again after ${Math.round(performance.now() - began)} ms`)
    assert.equal(await store.get('a'), '1')
    assert.equal(await follower.get('b'), '2')
    await until('watchers are told to look again', () => looks > 0)
  })
})
