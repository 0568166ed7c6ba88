/** Several users of one Redis: gateways that tell each other, and writers that tell nobody. */
import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { Store } from '../contract.ts'
import { openRedisStore } from '../redis.ts'
import { redisMissing, startServer, type TestServer } from '../testing/redis-server.ts'
import { percentiles, until } from '../testing/patience.ts'
import { targetAt } from '../testing/redis-target.ts'
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

  async function storeOf(t: TestContext, lookEvery = 60_000, root = 'otoroshi'): Promise<Store> {
    const store = await openRedisStore({ root, lookEvery, target: targetAt(server.port) })
    t.after(() => store.close())
    return store
  }

  function listen(store: Store) {
    const heard = { keys: [] as string[], looks: 0 }
    store.watch(
      keys => void heard.keys.push(...keys),
      () => void heard.looks++,
    )
    return heard
  }

  test('a commit is heard by the other at once, by the writer once', async t => {
    const [one, two] = [await storeOf(t), await storeOf(t)]
    const [own, other] = [listen(one), listen(two)]
    const times: number[] = []
    for (let i = 0; i < 50; i++) {
      const began = performance.now()
      await one.commit([{ key: `otoroshi:routes:${i}`, value: 'é' }])
      await until('it is heard', () => other.keys.length > i)
      times.push(performance.now() - began)
    }
    const { p50, text } = percentiles(times)
    t.diagnostic(`asked to heard: ${text}`)
    assert.ok(p50 < 200, text)
    const keys = Array.from({ length: 50 }, (_, i) => `otoroshi:routes:${i}`)
    assert.deepEqual(other.keys, keys)
    assert.deepEqual(own.keys, keys)
  })

  test('a commit of many keys is told whole; a refused one and counters are not told', async t => {
    const [one, two] = [await storeOf(t), await storeOf(t)]
    const other = listen(two)
    const keys = Array.from({ length: 2300 }, (_, i) => `otoroshi:x:${i}`)
    await one.commit(keys.map(key => ({ key, value: '1' })))
    await one.commit([{ key: 'y', value: '1' }], [{ key: 'y', value: 'x' }]).catch(() => {})
    await one.increment('c', 1, 0)
    // Told in order: what was told before this one was heard before it.
    await one.commit([{ key: 'otoroshi:last', value: '1' }])
    await until('the last one is heard', () => other.keys.at(-1) === 'otoroshi:last')
    assert.deepEqual(other.keys, [...keys, 'otoroshi:last'])
  })

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

  test('a feed that was cut off is heard again, and a look is asked for', async t => {
    const [one, two] = [await storeOf(t), await storeOf(t)]
    const other = listen(two)
    await raw.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await until('a look is asked for', () => other.looks > 0)
    await one.commit([{ key: 'otoroshi:again', value: '1' }])
    await until('it is heard again', () => other.keys.length > 0)
    assert.deepEqual(other.keys, ['otoroshi:again'])
  })

  test('one of several instances wins a key; a counter of all is exact', async t => {
    const stores = [await storeOf(t), await storeOf(t), await storeOf(t)]
    await raw.flushall()
    const attempts = Array.from({ length: 150 }, (_, i) =>
      stores[i % 3]!.commit([{ key: 'lock', value: String(i) }], [{ key: 'lock', value: null }]),
    )
    const outcomes = await Promise.allSettled(attempts)
    assert.equal(outcomes.filter(outcome => outcome.status === 'fulfilled').length, 1)
    await Promise.all(Array.from({ length: 300 }, (_, i) => stores[i % 3]!.increment('sum', 1, 0)))
    assert.equal(await stores[0]!.get('sum'), '300')
  })

  test('several prefixes in one reading', async t => {
    const store = await storeOf(t)
    await raw.flushall()
    for (const key of ['o:b:1', 'o:a:2', 'o:a:1', 'o:c:1', 'o:abc', 'p']) await raw.set(key, key)
    const found: string[] = []
    for await (const batch of store.scanAny!(['o:b:', 'o:a:'])) found.push(...batch.map(entry => entry.key))
    assert.deepEqual(found, ['o:a:1', 'o:a:2', 'o:b:1'])
    assert.equal((await scanAll(store, 'o:a')).length, 3)
  })
})
