/** Values, names and amounts at the edge of what PostgreSQL takes; what an answered commit is worth. */
import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import type { Store } from '../contract.ts'
import { openPostgresStore } from '../postgres.ts'
import { postgresMissing, TestPostgres } from '../testing/postgres-server.ts'
import { scanAll } from '../testing/suite.ts'
import type { PostgresTarget } from './target.ts'

describe('at the edge', { skip: postgresMissing }, () => {
  let server: TestPostgres
  before(async () => {
    server = await TestPostgres.start()
  })
  after(() => server.stop())

  async function storeOf(t: TestContext, changes: Partial<PostgresTarget> = {}): Promise<Store> {
    const target = server.target({ queryTimeout: 120_000, ...changes })
    const store = await openPostgresStore({ target, root: 'otoroshi', lookEvery: 60_000 })
    t.after(() => store.close())
    return store
  }

  test('a value of a hundred megabytes, in what takes most room on the way', {
    timeout: 300_000,
  }, async t => {
    const store = await storeOf(t)
    const value = `{"a":"${'\\"é漢😀'.repeat(6 * 1024 * 1024)}"}`
    assert.ok(Buffer.byteLength(value) > 65_000_000)
    await store.commit([{ key: 'otoroshi:routes:big', value }])
    assert.ok((await store.get('otoroshi:routes:big')) === value)
    // Too long for a copy as JSON, which then is left out.
    const rows = await server.sql('SELECT kind, octet_length(value) AS size FROM otoroshi.entities')
    assert.deepEqual(rows, [{ kind: '', size: Buffer.byteLength(value) }])
    await store.commit([{ key: 'otoroshi:routes:big', value: '{}' }], [{ key: 'otoroshi:routes:big', value }])
    await assert.rejects(
      store.commit([{ key: 'huge', value: 'x'.repeat(128 * 1024 * 1024 + 1) }]),
      /^RangeError: the value of huge is too large$/,
    )
    assert.equal(await store.get('huge'), null)
  })

  test('pages of a list end early where values are great', async t => {
    const store = await storeOf(t, { schema: 'pages' })
    const value = 'x'.repeat(1024 * 1024)
    await store.commit(Array.from({ length: 24 }, (_, i) => ({ key: `p:${i}`, value })))
    let [most, all] = [0, 0]
    for await (const batch of store.scan('p:')) {
      most = Math.max(most, batch.length)
      all += batch.length
    }
    assert.ok(most <= 5, `${most} in one page`)
    assert.equal(all, 24)
  })

  test('a commit of a hundred thousand keys is one', { timeout: 300_000 }, async t => {
    const store = await storeOf(t, { schema: 'many' })
    const changes = Array.from({ length: 100_000 }, (_, i) => ({ key: `k:${i}`, value: `{"i":${i}}` }))
    await assert.rejects(store.commit(changes, [{ key: 'k:1', value: 'x' }]), { name: 'StoreConflict' })
    assert.deepEqual(await scanAll(store, ''), [])
    await store.commit(changes)
    assert.equal((await scanAll(store, 'k:')).length, 100_000)
    await store.commit(changes.map(({ key }) => ({ key, value: null })))
    assert.deepEqual(await scanAll(store, ''), [])
  })

  test('the longest key, and one that is longer', async t => {
    const store = await storeOf(t, { schema: 'longest' })
    // Nothing that could be compressed: what counts is what the index holds.
    const key = Array.from({ length: 2600 }, (_, i) => String.fromCharCode(33 + ((i * i * 7919) % 94))).join(
      '',
    )
    await store.commit([{ key, value: '1' }])
    assert.equal(await store.get(key), '1')
    assert.equal(await store.increment(`${key.slice(1)}c`, 1, 0), 1)
    await assert.rejects(store.commit([{ key: `${key}x`, value: '1' }]), /at most 2600 bytes/)
    await assert.rejects(store.increment('é'.repeat(1301), 1, 0), /at most 2600 bytes/)
    assert.equal(await store.get(`${key}x`), null)
  })

  test('keys and values that are SQL stay what they are', async t => {
    const store = await storeOf(t, { schema: 'sql' })
    const texts = [
      "'; DROP TABLE entities; --",
      '$1',
      '\\',
      "\\'",
      '{"a","b"}',
      '{}',
      'NULL',
      '""',
      '%_',
      '$$',
      "E'\\x41'",
    ]
    await store.commit(texts.map(text => ({ key: text, value: text })))
    for (const text of texts) assert.equal(await store.get(text), text)
    assert.equal((await scanAll(store, '')).length, texts.length)
    await store.commit(
      texts.map(text => ({ key: text, value: null })),
      texts.map(text => ({ key: text, value: text })),
    )
    assert.deepEqual(await scanAll(store, ''), [])
  })

  for (const [schema, table] of [
    ['select', 'user'],
    ['a"b', `c'; DROP SCHEMA sql CASCADE; --`],
    ['é "漢', '"."'],
    ['x'.repeat(63), 'y'.repeat(63)],
  ] as const)
    test(`a table named ${schema}.${table}`, async t => {
      const target = { schema, table }
      const [store, other] = [await storeOf(t, target), await storeOf(t, target)]
      const heard: string[] = []
      other.watch(keys => void heard.push(...keys))
      await store.commit([{ key: 'a', value: '1' }])
      assert.equal(await store.increment('c', 2, 0), 2)
      assert.equal(await other.get('a'), '1')
      assert.deepEqual(
        (await scanAll(other, '')).map(entry => entry.key),
        ['a', 'c'],
      )
      const there = await server.sql('SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = $2', [
        schema,
        table,
      ])
      assert.equal(there.length, 1)
    })

  test('an answered commit is on the disk, whatever is the custom of the house', async t => {
    const store = await storeOf(t, { schema: 'durable' })
    await server.sql(
      `CREATE TABLE durable.seen (how text);
       CREATE FUNCTION durable.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         INSERT INTO durable.seen VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
       CREATE TRIGGER see BEFORE INSERT ON durable.entities FOR EACH ROW EXECUTE FUNCTION durable.see()`,
    )
    for (const [custom, expected] of [
      ['off', 'on'],
      ['local', 'local'],
      ['remote_apply', 'remote_apply'],
    ] as const) {
      await server.sql(`ALTER USER otoroshi SET synchronous_commit = ${custom}; TRUNCATE durable.seen`)
      const fresh = await storeOf(t, { schema: 'durable' })
      await fresh.commit([{ key: 'a', value: custom }])
      assert.deepEqual(await server.sql('SELECT how FROM durable.seen'), [{ how: expected }])
    }
    await store.ping()
  })

  test('says whether writes survive the server', async t => {
    assert.equal((await storeOf(t)).durable, false, 'the servers of tests have fsync off')
    await server.sql('ALTER SYSTEM SET fsync = on')
    await server.sql('SELECT pg_reload_conf()')
    const asked = async () => (await storeOf(t)).durable
    for (let i = 0; !(await asked()); i++) assert.ok(i < 100, 'the setting is read soon')
  })
})
