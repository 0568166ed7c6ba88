/** Several users of one Redis: gateways that tell each other, and writers that tell nobody. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Store } from '../contract.ts'
import { openRedisStore } from '../redis.ts'
import { redisMissing, startServer, type TestServer } from '../testing/redis-server.ts'
import { until } from '../testing/patience.ts'
import { targetAt } from '../testing/redis-target.ts'
import { listen, sharingSuite } from '../testing/sharing-suite.ts'
import { scanAll } from '../testing/suite.ts'

describe('one Redis for several', { skip: redisMissing }, () => {
  let server: TestServer
  let raw: Redis
  before(async () => {
    server = await startServer()
    raw = new Redis(server.port)
  })
  after(async () => {
    raw.disconnect()
    await server.remove()
  })

  beforeEach(() => raw.flushall())

  async function storeOf(t: TestContext, lookEvery = 60_000, root = 'otoroshi'): Promise<Store> {
    const store = await openRedisStore({ root, lookEvery, target: targetAt(server.port) })
    t.after(() => store.close())
    return store
  }

  sharingSuite(t => storeOf(t), { inOrder: true })

  test('products with another prefix do not hear', async t => {
    const [one, two] = [await storeOf(t), await storeOf(t, 60_000, 'another')]
    const other = listen(two)
    await one.commit([{ key: 'otoroshi:x', value: '1' }])
    await raw.publish('another:store:changes', '{"from":"x","keys":["another:x"]}')
    await until('its own are heard', () => other.keys.length > 0)
    assert.deepEqual(other.keys, ['another:x'])
  })

  test('nonsense on the channel harms nobody', async t => {
    const store = await storeOf(t)
    const heard = listen(store)
    for (const message of [
      '',
      'x',
      'null',
      '[]',
      '{"keys":1}',
      '{"keys":[1]}',
      `{"keys":["${'k'.repeat(5000)}"]}`,
    ])
      await raw.publish('otoroshi:store:changes', message)
    await raw.publish('otoroshi:store:changes', '{"from":"x","keys":["k"]}')
    await until('the one that makes sense is heard', () => heard.keys.length > 0)
    assert.deepEqual(heard.keys, ['k'])
  })

  test('a change that nobody told of is looked for, and nobody looks while nothing is written', async t => {
    const store = await storeOf(t, 100)
    const heard = listen(store)
    await sleep(350)
    const before = heard.looks
    assert.ok(before <= 1, `${before} looks`)
    await raw.set('otoroshi:routes:foreign', '{}')
    await until('there is a look', () => heard.looks > before)
    const after = heard.looks
    await sleep(350)
    assert.equal(heard.looks, after)
  })

  test('nobody looks while only counters move, and a foreign write among them is found', async t => {
    const [one, two] = [await storeOf(t, 100), await storeOf(t, 100)]
    const [heard, other] = [listen(one), listen(two)]
    let counted = 0
    const count = async (rounds: number): Promise<void> => {
      for (let i = 0; i < rounds; i++) {
        // New ones and old ones, with an end and without; one that is over at once.
        const keys = [`otoroshi:apikey:quotas:daily:${counted++}`, 'otoroshi:apikey:quotas:global:k']
        await Promise.all([
          ...keys.flatMap(key => [one.increment(key, 1, 60_000), two.increment(key, 2, 60_000)]),
          one.increment('otoroshi:total', 3, 0),
          two.increment(`otoroshi:brief:${i}`, 1, 5),
        ])
        await sleep(5)
      }
    }
    await count(60)
    await until('the first look is over', () => heard.looks > 0 && other.looks > 0)
    const before = [heard.looks, other.looks]
    await count(60)
    await sleep(250)
    assert.deepEqual([heard.looks, other.looks], before)
    const counting = count(100)
    await raw.set('otoroshi:routes:foreign', '{}')
    await until('both look', () => heard.looks > before[0]! && other.looks > before[1]!)
    await counting
    const after = [heard.looks, other.looks]
    // An Otoroshi that counts tells nobody either.
    await raw.incr('otoroshi:apikey:quotas:global:k')
    await until('both look again', () => heard.looks > after[0]! && other.looks > after[1]!)
    assert.ok(Number(await raw.get('otoroshi:store:counted')) > 1000)
    assert.deepEqual(
      (await scanAll(one, 'otoroshi:store:')).map(({ key }) => key),
      [],
    )
  })

  test('a feed that was cut off is heard again, and a look is asked for', async t => {
    const [one, two] = [await storeOf(t), await storeOf(t)]
    const other = listen(two)
    await raw.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await until('a look is asked for', () => other.looks > 0)
    await one.commit([{ key: 'otoroshi:again', value: '1' }])
    await until('it is heard again', () => other.keys.length > 0)
    assert.deepEqual(other.keys, ['otoroshi:again'])
  })

  test('several prefixes in one reading', async t => {
    const store = await storeOf(t)
    for (const key of ['o:b:1', 'o:a:2', 'o:a:1', 'o:c:1', 'o:abc', 'p']) await raw.set(key, key)
    const found: string[] = []
    for await (const batch of store.scanAny!(['o:b:', 'o:a:'])) found.push(...batch.map(entry => entry.key))
    assert.deepEqual(found, ['o:a:1', 'o:a:2', 'o:b:1'])
    assert.equal((await scanAll(store, 'o:a')).length, 3)
  })
})
