/** What becomes of callers while PostgreSQL is away, slow or somebody else. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Store, StoreUnavailable } from '../contract.ts'
import { openPostgresStore } from '../postgres.ts'
import { eventually, quickest, until } from '../testing/patience.ts'
import { postgresMissing, TestPostgres } from '../testing/postgres-server.ts'
import { openLine } from '../testing/cut-line.ts'
import type { PostgresTarget } from './target.ts'
import { holdStill, letGoOn } from '../testing/stand-still.ts'

// An unhandled rejection would end the test process with a failure; error events without a listener too.

describe('a PostgreSQL that comes and goes', { skip: postgresMissing }, () => {
  let server: TestPostgres
  before(async () => {
    server = await TestPostgres.start()
  })
  after(() => server.stop())

  async function storeOf(t: TestContext, changes: Partial<PostgresTarget> = {}): Promise<Store> {
    const target = server.target({ connectTimeout: 10_000, queryTimeout: 20_000, ...changes })
    const store = await openPostgresStore({ target, root: 'otoroshi', lookEvery: 60_000 })
    t.after(() => store.close())
    return store
  }

  /** Milliseconds until it fails. */
  const took = (work: () => Promise<unknown>, tries = 1): Promise<number> =>
    quickest(tries, () => assert.rejects(work(), StoreUnavailable))

  const connections = async (): Promise<number> => {
    const rows = await server.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'otoroshi'")
    return rows.length
  }

  test('killed: every call fails soon; back: all of them work, and watchers look for what they missed', async t => {
    const store = await storeOf(t)
    let looks = 0
    const heard: string[] = []
    store.watch(
      keys => void heard.push(...keys),
      () => void looks++,
    )
    await store.commit([{ key: 'a', value: '1' }])
    await server.halt()
    for (const work of [
      () => store.commit([{ key: 'a', value: '2' }]),
      () => store.get('a'),
      () => store.increment('c', 1, 0),
      () => store.expiries!(['a']),
      () => store.ping(),
      async () => {
        for await (const _ of store.scan('a')) assert.fail('nothing can be read')
      },
    ]) {
      const waited = await took(work, 3)
      assert.ok(waited < 1000, `${waited} ms`)
    }
    assert.equal(looks, 0)
    await server.resume()
    await server.sql(
      `INSERT INTO otoroshi.entities (key, type, value) VALUES ('unheard', 'string', '{}')
       ON CONFLICT (key) DO UPDATE SET value = '{}'`,
    )
    const began = performance.now()
    assert.equal(await eventually(() => store.get('a')), '1')
    t.diagnostic(`reads again after ${Math.round(performance.now() - began)} ms`)
    await store.commit([{ key: 'a', value: '3' }], [{ key: 'a', value: '1' }])
    await until('watchers are told to look', () => looks >= 1)
    await until('what nobody could hear is told', () => heard.includes('unheard'))
    const another = await storeOf(t)
    await until('commits of others are heard again', async () => {
      await another.commit([{ key: 'by another', value: String(Math.random()) }])
      return heard.includes('by another')
    })
  })

  test('a connection that is ended from the other side is replaced, and nobody notices', async t => {
    const store = await storeOf(t)
    await Promise.all(Array.from({ length: 30 }, (_, i) => store.increment(`n:${i}`, 1, 0)))
    await server.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'otoroshi'",
    )
    assert.equal(await eventually(() => store.get('n:1')), '1')
  })

  test('standing still: calls fail in time, and work again when it moves', async t => {
    const store = await storeOf(t, { queryTimeout: 300, connectTimeout: 300 })
    await eventually(() => store.commit([{ key: 'still', value: '1' }]))
    const pids = await server.pids()
    await holdStill(pids)
    try {
      const read = await took(() => store.get('still'))
      assert.ok(read >= 290 && read < 20_000, `${read} ms`)
      const written = await took(() => store.commit([{ key: 'still', value: '2' }]))
      assert.ok(written >= 290 && written < 20_000, `${written} ms`)
    } finally {
      letGoOn(pids)
    }
    await eventually(() => store.commit([{ key: 'still', value: '3' }]))
    assert.equal(await eventually(() => store.get('still')), '3')
  })

  test('closing takes a moment, whatever the server does', async t => {
    const store = await storeOf(t, { queryTimeout: 500, connectTimeout: 500 })
    await eventually(() => store.ping())
    const pids = await server.pids()
    await holdStill(pids)
    try {
      const began = performance.now()
      await store.close()
      assert.ok(performance.now() - began < 20_000, `${performance.now() - began} ms`)
    } finally {
      letGoOn(pids)
    }
    await until('every connection is gone', async () => (await connections()) === 0)
    const another = await storeOf(t)
    await Promise.all(Array.from({ length: 10 }, (_, i) => another.increment(`close:${i}`, 1, 0)))
    assert.ok((await connections()) >= 2)
    await another.close()
    await until('every connection of the other is gone', async () => (await connections()) === 0)
  })

  test('rows somebody else holds: a write fails in time and writes nothing, others go on', async t => {
    const store = await storeOf(t, { queryTimeout: 2000 })
    await store.commit([
      { key: 'held', value: '1' },
      { key: 'free', value: '1' },
    ])
    const held = server.sql(
      `DO $$ BEGIN PERFORM 1 FROM otoroshi.entities WHERE key = 'held' FOR UPDATE; PERFORM pg_sleep(5); END $$`,
    )
    const holds = async () =>
      (await server.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length > 0
    await until('the row is held', holds)
    await assert.rejects(
      store.commit([
        { key: 'beside', value: '2' },
        { key: 'held', value: '2' },
      ]),
      /^StoreUnavailable: PostgreSQL cannot be used to write: canceling statement due to lock timeout$/,
    )
    assert.equal(await store.get('beside'), null)
    assert.equal(await store.get('held'), '1')
    await store.commit([{ key: 'free', value: '2' }])
    await held
    await store.commit([{ key: 'held', value: '3' }])
    assert.equal(await store.get('held'), '3')
  })

  test('a pool that is used up: who comes last waits for it, not longer than said', async t => {
    const slow = await storeOf(t, { poolSize: 2, connectTimeout: 1000 })
    await slow.commit([{ key: 'p:1', value: '1' }])
    const lock = server.sql(
      `DO $$ BEGIN LOCK TABLE otoroshi.entities IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(4); END $$`,
    )
    const holds = async () =>
      (await server.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length > 0
    await until('the table is held', holds)
    const waiting: Promise<string | null>[] = []
    for (const count of [1, 2]) {
      waiting.push(slow.get('p:1'))
      const wait = async () =>
        (
          await server.sql(
            "SELECT 1 FROM pg_stat_activity WHERE application_name = 'otoroshi' AND wait_event_type = 'Lock'",
          )
        ).length === count
      await until('the reading waits', wait)
    }
    await assert.rejects(slow.get('p:1'), /PostgreSQL cannot be used to read: .*timeout/)
    await lock
    assert.deepEqual(await Promise.all(waiting), ['1', '1'])
  })

  test('a write whose answer is lost is not made twice, and watchers hear of it', async t => {
    const line = await openLine(t, server.port)
    const store = await storeOf(t, { port: line.port })
    const heard: string[] = []
    store.watch(keys => void heard.push(...keys))
    await store.increment('twice', 1, 0)
    line.cut = 'INSERT'
    await assert.rejects(store.increment('twice', 1, 0), StoreUnavailable)
    line.cut = null
    const counted = async () => (await store.get('twice')) === '2'
    await until('the lost one is counted', counted)
    assert.equal(await store.increment('twice', 1, 0), 3)
    line.cut = 'COMMIT\0'
    await assert.rejects(store.commit([{ key: 'doubtful', value: 'x' }]), StoreUnavailable)
    line.cut = null
    await until('it is there', async () => (await store.get('doubtful')) === 'x')
    // Looks are a minute apart: it was the doubt that looked, or the loss of the other connection.
    await server.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'otoroshi'",
    )
    await until('it is told', () => heard.includes('doubtful'))
  })

  test('not there yet at the start: it is waited for', async t => {
    await server.halt()
    const opening = storeOf(t, { connectTimeout: 60_000 })
    await sleep(200)
    await server.resume()
    await (await opening).ping()
  })

  test('never there: one sentence, in time', async t => {
    const line = net.createServer().listen(0, '127.0.0.1')
    await once(line, 'listening')
    const { port } = line.address() as net.AddressInfo
    await new Promise(resolve => line.close(resolve))
    const began = performance.now()
    await assert.rejects(storeOf(t, { port, connectTimeout: 300 }), {
      name: 'StoreUnavailable',
      message: `the database postgres at 127.0.0.1:${port} cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}`,
    })
    assert.ok(performance.now() - began < 20_000)
  })

  test('something that is not PostgreSQL is told too', async t => {
    const lines = {
      mute: () => {},
      chatty: (socket: net.Socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      short: (socket: net.Socket) => void socket.end(),
    }
    for (const [name, talk] of Object.entries(lines)) {
      const line = net.createServer(socket => {
        socket.on('error', () => {})
        talk(socket)
      })
      await once(line.listen(0, '127.0.0.1'), 'listening')
      t.after(() => line.close())
      const { port } = line.address() as net.AddressInfo
      await assert.rejects(
        storeOf(t, { port, connectTimeout: 300 }),
        /^StoreUnavailable: the database postgres at 127\.0\.0\.1:\d+ cannot be reached: [^\n]+$/,
        name,
      )
    }
  })
})
