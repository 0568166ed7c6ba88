/** What has expired is gone from the table, and nothing else is. */
import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '../contract.ts'
import { openPostgresStore } from '../postgres.ts'
import { until } from '../testing/patience.ts'
import { postgresMissing, TestPostgres } from '../testing/postgres-server.ts'
import type { PostgresTarget } from './target.ts'

describe('the sweeper', { skip: postgresMissing }, () => {
  let server: TestPostgres
  let count = 0
  before(async () => {
    server = await TestPostgres.start()
  })
  after(() => server.stop())

  async function storeOf(t: TestContext, changes: Partial<PostgresTarget>): Promise<[Store, string]> {
    const schema = changes.schema ?? `s${count++}`
    const target = server.target({ queryTimeout: 30_000, ...changes, schema })
    const store = await openPostgresStore({ target, root: 'otoroshi', lookEvery: 100 })
    t.after(() => store.close())
    return [store, `${schema}.entities`]
  }
  const quick = { sweepEvery: 50, sweepAfter: 10 }
  const keysIn = async (table: string) =>
    (await server.sql(`SELECT key FROM ${table} ORDER BY key COLLATE "C"`)).map(row => row['key'])

  test('removes what has expired, of every type, and tells of entities; keeps what lives', async t => {
    const [store, table] = await storeOf(t, quick)
    const heard: string[] = []
    store.watch(keys => void heard.push(...keys))
    const later = Date.now() + 3_600_000
    await store.commit([
      { key: 'goes', value: '1', expiresAt: later },
      { key: 'late', value: '1', expiresAt: later },
      { key: 'stays', value: '1' },
    ])
    await store.increment('counter goes', 1, 200)
    await store.increment('counter stays', 1, 0)
    await server.sql(
      `INSERT INTO ${table} (key, type, lvalue, ttl, ttl_starting_at) VALUES
         ('list goes', 'list', '["a"]', '1 second', now() - interval '1 hour'),
         ('list stays', 'list', '["a"]', '1 hour', now()), ('endless', 'list', '[]', NULL, now());
       UPDATE ${table} SET ttl_starting_at = now() - interval '1 day' WHERE key = 'goes'`,
    )
    const left = ['counter stays', 'endless', 'late', 'list stays', 'stays']
    await until('the rest is left', async () => String(await keysIn(table)) === String(left))
    await until('its end is told', () => heard.filter(key => key === 'goes').length >= 2)
    await sleep(200)
    assert.deepEqual(await keysIn(table), left)
  })

  test('takes its time before the first round', async t => {
    const [store, table] = await storeOf(t, { sweepEvery: 50, sweepAfter: 600_000 })
    await server.sql(
      `INSERT INTO ${table} (key, type, ttl, ttl_starting_at) VALUES ('a', 'string', '1 second', now() - interval '1 hour')`,
    )
    await sleep(300)
    assert.equal(await store.get('a'), null)
    assert.deepEqual(await keysIn(table), ['a'])
  })

  test('removes many in one round, leaves rows that somebody holds for the next', async t => {
    const [store, table] = await storeOf(t, { sweepEvery: 600_000, sweepAfter: 600_000 })
    await store.commit(
      Array.from({ length: 3500 }, (_, i) => ({
        key: `k:${i}`,
        value: '1',
        expiresAt: Date.now() + 600_000,
      })),
    )
    await server.sql(`UPDATE ${table} SET ttl_starting_at = now() - interval '1 hour'`)
    const held = server.sql(
      `DO $$ BEGIN PERFORM 1 FROM ${table} WHERE key = 'k:7' FOR UPDATE; PERFORM pg_sleep(2); END $$`,
    )
    const holds = async () =>
      (await server.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length > 0
    await until('a row is held', holds)
    await storeOf(t, { ...quick, schema: table.split('.')[0]! })
    const rest = async () => String(await keysIn(table))
    await until('all but that one are gone', async () => (await rest()) === 'k:7')
    await held
    await until('all are gone', async () => (await rest()) === '')
  })

  test('goes on after the server was away', async t => {
    const [store, table] = await storeOf(t, quick)
    await server.halt()
    await sleep(200)
    await server.resume()
    await server.sql(
      `INSERT INTO ${table} (key, type, ttl, ttl_starting_at) VALUES ('a', 'string', '1 second', now() - interval '1 hour')`,
    )
    await until('it is gone', async () => (await keysIn(table)).length === 0)
    await store.ping()
  })
})
