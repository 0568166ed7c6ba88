/** Several users of one table: gateways that tell each other, and writers that tell nobody. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '../contract.ts'
import { openPostgresStore } from '../postgres.ts'
import { until } from '../testing/patience.ts'
import { postgresMissing, TestPostgres } from '../testing/postgres-server.ts'
import { listen, sharingSuite } from '../testing/sharing-suite.ts'
import { scanAll } from '../testing/suite.ts'
import { tableOf } from './table.ts'
import type { PostgresTarget } from './target.ts'

describe('one PostgreSQL for several', { skip: postgresMissing }, () => {
  let server: TestPostgres
  before(async () => {
    server = await TestPostgres.start()
  })
  after(() => server.stop())
  beforeEach(() => server.sql('DROP SCHEMA IF EXISTS otoroshi CASCADE'))

  async function storeOf(
    t: TestContext,
    lookEvery = 60_000,
    changes: Partial<PostgresTarget> = {},
  ): Promise<Store> {
    const target = server.target({ queryTimeout: 30_000, ...changes })
    const store = await openPostgresStore({ target, root: 'otoroshi', lookEvery })
    t.after(() => store.close())
    return store
  }

  sharingSuite(t => storeOf(t), { extra: [`otoroshi:${'é'.repeat(1290)}`], inOrder: false })

  const insert = (key: string, value = '{}') =>
    server.sql(
      `INSERT INTO otoroshi.entities (key, type, value) VALUES ($1, 'string', $2)
       ON CONFLICT (key) DO UPDATE SET value = $2`,
      [key, value],
    )
  const channel = tableOf({ schema: 'otoroshi', table: 'entities' }).channel

  test('keys that no notice can hold are found by looking at once', async t => {
    const [one, two] = [await storeOf(t), await storeOf(t)]
    const other = listen(two)
    // A control character takes six bytes in a notice.
    const key = `k${'\u0001'.repeat(2000)}`
    await one.commit([{ key, value: '1' }])
    await until('it is heard', () => other.keys.length > 0)
    assert.deepEqual(other.keys, [key])
  })

  test('another table on the same server is not heard', async t => {
    const [one, two] = [await storeOf(t), await storeOf(t, 60_000, { table: 'others' })]
    const other = listen(two)
    await one.commit([{ key: 'a', value: '1' }])
    await two.commit([{ key: 'b', value: '1' }])
    await until('its own is heard', () => other.keys.length > 0)
    await sleep(50)
    assert.deepEqual(other.keys, ['b'])
    assert.equal(await two.get('a'), null)
  })

  test('nonsense on the channel harms nobody', async t => {
    const [one, two] = [await storeOf(t), await storeOf(t)]
    const heard = listen(two)
    for (const message of [
      '',
      'x',
      'null',
      '1 x null',
      '1 x []',
      '1 x [1,2]',
      '1 x [["a"],[1]]',
      '1 x {"__proto__":[]}',
      '99999999999999999999999 x [[],[]]',
      `1 ${'x'.repeat(4000)}`,
      '1 x [["forged"],[]]',
    ])
      await server.sql('SELECT pg_notify($1, $2)', [channel, message])
    await server.sql("SELECT pg_notify('another', '1 x [[\"a\"],[]]')")
    await one.commit([{ key: 'true', value: '1' }])
    await until('what makes sense is heard', () => heard.keys.includes('true'))
    assert.deepEqual(heard.keys, ['forged', 'true'])
  })

  test('what others write, change and remove without telling is found by looking', async t => {
    const store = await storeOf(t, 100)
    await insert('otoroshi:routes:before')
    const heard = listen(store)
    await until('what was there before somebody watched', () => heard.keys.length > 0)
    for (const change of [
      () => insert('otoroshi:routes:foreign', '{"v":1}'),
      () => insert('otoroshi:routes:foreign', '{"v":2}'),
      () => server.sql("DELETE FROM otoroshi.entities WHERE key = 'otoroshi:routes:foreign'"),
    ]) {
      heard.keys.length = 0
      await change()
      await until('it is found', () => heard.keys.length > 0)
      assert.deepEqual(heard.keys, ['otoroshi:routes:foreign'])
    }
    await sleep(350)
    assert.deepEqual(heard.keys, ['otoroshi:routes:foreign'], 'once')
    await server.sql('TRUNCATE otoroshi.entities')
    await until('an emptied table is found', () => heard.keys.includes('otoroshi:routes:before'))
  })

  test('nobody reads the table while nothing is written', async t => {
    const store = await storeOf(t, 100, { sweepAfter: 600_000 })
    const heard = listen(store)
    await insert('a')
    await until('a look', () => heard.keys.length > 0)
    const scans = async () => {
      await server.sql('SELECT pg_stat_force_next_flush()').catch(() => {})
      const [row] = await server.sql(
        "SELECT seq_scan + idx_scan AS scans FROM pg_stat_user_tables WHERE schemaname = 'otoroshi'",
      )
      return Number(row!['scans'])
    }
    // Statistics come late; the server may also do work of its own in between, which makes one more look.
    await until('the figures stand still', async () => {
      const first = await scans()
      await sleep(2500)
      return (await scans()) - first <= 1
    })
  })

  test('a feed that was cut off is heard again, and everything is looked for', async t => {
    const [one, two] = [await storeOf(t), await storeOf(t)]
    const other = listen(two)
    await server.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'otoroshi' AND query ~* 'listen'",
    )
    await insert('otoroshi:unheard')
    await until('watchers are told to look', () => other.looks > 0)
    await until('what was not heard is found', () => other.keys.includes('otoroshi:unheard'))
    await until('it is heard again', async () => {
      await one.commit([{ key: 'otoroshi:again', value: String(Math.random()) }])
      return other.keys.includes('otoroshi:again')
    })
  })

  test('commits of many keys in any order do not get stuck in each other', async t => {
    const stores = [await storeOf(t), await storeOf(t)]
    const keys = Array.from({ length: 40 }, (_, i) => `k:${i}`)
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => {
        const mine = i % 2 === 0 ? keys : keys.toReversed()
        return stores[i % 2]!.commit(mine.map(key => ({ key, value: String(i) })))
      }),
    )
    const values = new Set((await scanAll(stores[0]!, 'k:')).map(entry => entry.value))
    assert.equal(values.size, 1, 'all of one commit')
  })

  test('gateways that start together make one table', async t => {
    const stores = await Promise.all(Array.from({ length: 6 }, () => storeOf(t)))
    await stores[0]!.commit([{ key: 'a', value: '1' }])
    for (const store of stores) assert.equal(await store.get('a'), '1')
  })

  test('whoever reads again what it is told ends with what is there, whoever wrote it and however', {
    timeout: 300_000,
  }, async t => {
    const [one, two] = [await storeOf(t, 100), await storeOf(t, 150)]
    const mirrors = [one, two].map(store => {
      const mirror = new Map<string, string>()
      const asked = new Map<string, number>()
      store.watch(keys => {
        for (const key of keys) {
          const turn = (asked.get(key) ?? 0) + 1
          asked.set(key, turn)
          void store.get(key).then(value => {
            if (asked.get(key) !== turn) return
            if (value === null) mirror.delete(key)
            else mirror.set(key, value)
          })
        }
      })
      return mirror
    })
    const random = (below: number) => Math.floor(Math.random() * below)
    for (let i = 0; i < 400; i++) {
      // Half of the time keys that come and go between two looks, else keys that everybody writes.
      const key = random(2) === 0 ? `new:${i - (i % 2)}` : `k:${random(25)}`
      const value = `{"v":${i}}`
      const writer = [one, two][random(2)]!
      switch (random(5)) {
        case 0:
        case 1:
          await writer.commit([
            { key, value },
            { key: `k:${random(25)}`, value: null },
          ])
          break
        case 2:
          await insert(key, value)
          break
        case 3:
          await server.sql('DELETE FROM otoroshi.entities WHERE key = $1', [key])
          break
        default:
          await sleep(random(20))
      }
    }
    const there = async () => JSON.stringify((await scanAll(one, '')).map(({ key, value }) => [key, value]))
    const expected = await there()
    const seen = (mirror: Map<string, string>) =>
      JSON.stringify([...mirror].sort(([a], [b]) => (a < b ? -1 : 1)))
    for (const mirror of mirrors)
      await until('the mirror shows it', () => seen(mirror) === expected).catch(() =>
        assert.equal(seen(mirror), expected),
      )
  })
})
