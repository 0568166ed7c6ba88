/** Two gateways on one PostgreSQL, and what becomes of them when it dies, stands still or is full. */
import assert from 'node:assert/strict'
import { chownSync, statSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { percentiles, quickest } from '../src/store/testing/patience.ts'
import { postgresMissing, TestPostgres } from '../src/store/testing/postgres-server.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { exported, imports, routeTo } from './support/exports.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { noSmallDisk, SmallDisk } from './support/small-disk.ts'
import { until } from './support/wait.ts'

const routes = '/apis/proxy.otoroshi.io/v1/routes'
/** A slow machine makes these tests slow, not wrong. */
const patience = 60_000

describe('two gateways on one PostgreSQL', { skip: postgresMissing }, () => {
  let server: TestPostgres
  let backend: Backend
  let a: TestGateway
  let b: TestGateway

  before(async () => {
    server = await TestPostgres.start()
    backend = await startBackend((_request, response) => void response.end('served'))
    a = await startOn('postgresql', { PG_URI: server.uri })
    b = await startOn('pg', parts())
  })
  after(async () => {
    await a?.stop()
    await b?.stop()
    await backend?.close()
    await server?.stop()
  })

  const parts = (): Record<string, string> => {
    const { host, port, database, user, password } = server.target()
    return {
      PG_HOST: host,
      PG_PORT: String(port),
      PG_DATABASE: database,
      PG_USER: user,
      PG_PASSWORD: password,
      OTOROSHI_PG_QUERY_TIMEOUT: '3000',
    }
  }
  // Unless told otherwise they hardly look: what one shows of the other it was told.
  const startOn = (storage: string, env: Record<string, string>, lookEvery = 600_000) =>
    startGateway({
      threads: 2,
      patience,
      env: { OTOROSHI_STORAGE: storage, OTOROSHI_STORAGE_LOOK_EVERY: String(lookEvery), ...env },
    })
  const route = (id: string) => routeTo(backend.port, id)
  const served = async (gateway: TestGateway, id: string): Promise<boolean> =>
    (await call(gateway.port, `http://${id}.test/`)).status === 200
  const stored = async (id: string) => {
    const [row] = await server.sql('SELECT value FROM otoroshi.entities WHERE key = $1', [
      `otoroshi:routes:${id}`,
    ])
    return row === undefined ? null : JSON.parse(String(row['value']))
  }
  /** As an Otoroshi would: it tells nobody. */
  const insert = (id: string) =>
    server.sql(
      `INSERT INTO otoroshi.entities (key, type, value, kind, jvalue) VALUES ($1, 'string', $2::text, 'route', $2::text::jsonb)`,
      [`otoroshi:routes:${id}`, JSON.stringify(route(id))],
    )

  it('what is created on one is served by the other within 200 ms', async t => {
    const all: number[] = []
    const afterAnswer: number[] = []
    const lag = monitorEventLoopDelay({ resolution: 5 })
    lag.enable()
    for (let i = 0; i < 100; i++) {
      const [from, to] = i % 2 === 0 ? [a, b] : [b, a]
      const began = performance.now()
      const created = from.route(route(`shared-${i}`)).then(() => performance.now())
      await until(`shared-${i} is served`, () => served(to, `shared-${i}`), patience)
      const seen = performance.now()
      all.push(seen - began)
      afterAnswer.push(Math.max(0, seen - (await created)))
    }
    lag.disable()
    const { p50, p99, text } = percentiles(all)
    const busy = lag.percentile(99) / 1e6
    const idle = busy < 20 && loadavg()[0]! < availableParallelism()
    t.diagnostic(`asked of one to served by the other: ${text}`)
    t.diagnostic(`answered by one to served by the other: ${percentiles(afterAnswer).text}`)
    // Where processes have to wait for their turn, half of the changes must do.
    if (idle) assert.ok(p99 < 200, text)
    else {
      t.diagnostic(`a busy machine: a turn takes up to ${busy.toFixed(0)} ms`)
      assert.ok(p50 < 200 + 10 * busy, text)
    }
  })

  it('what is changed and removed on one is so on the other', async () => {
    await a.route(route('moving'))
    await until('served by b', () => served(b, 'moving'), patience)
    const changed = { ...route('moving'), frontend: { domains: ['moved.test'] } }
    assert.equal((await b.admin('PUT', `${routes}/moving`, changed)).status, 200)
    const moved = async () => (await served(a, 'moved')) && !(await served(a, 'moving'))
    await until('moved on a', moved, patience)
    assert.equal((await a.admin('DELETE', `${routes}/moving`)).status, 200)
    await until('gone on b', async () => !(await served(b, 'moved')), patience)
    assert.equal(await stored('moving'), null)
  })

  it('an import on one is served by the other, with all that it removes', async () => {
    const content = await exported(a)
    await a.route(route('not-in-it'))
    await until('b serves it', () => served(b, 'not-in-it'), patience)
    const imported = { ...content, routes: [...content.routes, route('imported-1'), route('imported-2')] }
    const { status, text } = await imports(a, imported)
    assert.equal(status, 200, text)
    for (const id of ['imported-1', 'imported-2', 'shared-1'])
      await until(`b serves ${id}`, () => served(b, id), patience)
    await until('gone on b', async () => !(await served(b, 'not-in-it')), patience)
    assert.deepEqual((await exported(b)).routes, (await exported(a)).routes)
  })

  it('concurrent writers of one entity overwrite nobody unseen', async () => {
    await a.route(route('contended'))
    await until('known to b', () => served(b, 'contended'), patience)
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 === 0 ? a : b).admin('PATCH', `${routes}/contended`, [
          { op: 'add', path: `/metadata/k${i}`, value: 'v' },
        ]),
      ),
    )
    const done = answers.flatMap((answer, i) => (answer.status === 200 ? [`k${i}`] : []))
    assert.ok(answers.every(answer => answer.status === 200 || answer.status === 409))
    const kept = Object.keys((await stored('contended')).metadata).filter(name => /^k\d/.test(name))
    assert.deepEqual(kept.sort(), done.sort())
  })

  it('what an Otoroshi writes, which tells nobody, is found by looking', async t => {
    const lookEvery = 500
    const looking = await startOn('postgresql', { PG_URI: server.uri }, lookEvery)
    try {
      const began = performance.now()
      await insert('foreign')
      await until('it is found', () => served(looking, 'foreign'), patience)
      t.diagnostic(`found after ${(performance.now() - began).toFixed(0)} ms, looking every ${lookEvery}`)
      assert.equal(await served(a, 'foreign'), false, 'who does not look does not know')
      await server.sql("DELETE FROM otoroshi.entities WHERE key = 'otoroshi:routes:foreign'")
      await until('its end too', async () => !(await served(looking, 'foreign')), patience)
    } finally {
      await looking.stop()
    }
  })

  async function refuses(gateway: TestGateway, id: string): Promise<void> {
    const { status, json, text } = await gateway.admin('POST', routes, route(id))
    assert.deepEqual([status, json?.reason], [503, 'admin.store_unavailable'], text)
  }

  const writes = (gateway: TestGateway, id: string) => async (): Promise<boolean> => {
    const { status, text } = await gateway.admin('POST', routes, route(id))
    assert.ok(status === 201 || status === 503, text)
    return status === 201
  }

  /** Requests to both without a pause while `work` is done: none may fail. */
  async function underTraffic(work: () => Promise<void>): Promise<number> {
    let failed = 0
    let requests = 0
    let running = true
    const traffic = [a, b].map(async gateway => {
      while (running) {
        requests++
        if (!(await served(gateway, 'shared-1').catch(() => false))) failed++
        await sleep(2)
      }
    })
    try {
      await work()
    } finally {
      running = false
      await Promise.all(traffic)
    }
    assert.equal(failed, 0)
    assert.ok(requests > 20)
    return requests
  }

  it('PostgreSQL dies: traffic goes on, writes are refused with a reason; it returns: they work, without a restart', async t => {
    const requests = await underTraffic(async () => {
      await server.halt()
      const began = performance.now()
      await refuses(a, 'lost')
      const first = performance.now() - began
      assert.ok(first < 20_000, `${first} ms`)
      const later = await quickest(5, () => refuses(b, 'lost-too'))
      assert.ok(later < 500, `${later} ms`)
      assert.equal((await a.admin('GET', `${routes}/shared-1`)).status, 200)
      assert.equal((await b.admin('GET', routes)).status, 200)
      await server.resume()
      const back = performance.now()
      await until('a writes again', writes(a, 'after'), patience)
      t.diagnostic(
        `refused after ${first.toFixed(0)} ms, later after ${later.toFixed(0)}; written again ${(performance.now() - back).toFixed(0)} ms after the return`,
      )
      await until('b serves it', () => served(b, 'after'), patience)
      for (const id of ['lost', 'lost-too']) assert.equal(await stored(id), null)
      await until('b writes again', writes(b, 'after-too'), patience)
      await until('a serves that', () => served(a, 'after-too'), patience)
    })
    t.diagnostic(`${requests} requests meanwhile, none failed`)
  })

  it('PostgreSQL stands still: the same, after the time a statement may take', async t => {
    const requests = await underTraffic(async () => {
      const pids = await server.pids()
      await server.signalAll('SIGSTOP', pids)
      try {
        const began = performance.now()
        await refuses(b, 'still')
        const waited = performance.now() - began
        t.diagnostic(`refused after ${waited.toFixed(0)} ms`)
        assert.ok(waited > 2500 && waited < 60_000, `${waited} ms`)
        assert.equal((await b.admin('GET', `${routes}/shared-1`)).status, 200)
      } finally {
        await server.signalAll('SIGCONT', pids)
      }
      await until('b writes again', writes(b, 'moves'), patience)
      await until('a serves it', () => served(a, 'moves'), patience)
    })
    t.diagnostic(`${requests} requests meanwhile, none failed`)
  })

  it('what nobody told is found when a connection was lost, whichever it was', async () => {
    await insert('unheard')
    await server.halt()
    await server.resume()
    const both = async () => (await served(a, 'unheard')) && (await served(b, 'unheard'))
    await until('served by both', both, patience)
    await server.sql("DELETE FROM otoroshi.entities WHERE key = 'otoroshi:routes:unheard'")
    await server.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'otoroshi' AND query ~* 'listen'",
    )
    const neither = async () => !(await served(a, 'unheard')) && !(await served(b, 'unheard'))
    await until('served by none', neither, patience)
  })

  it('a disk that is full refuses with a reason, and loses nothing', { skip: noSmallDisk }, async () => {
    const disk = SmallDisk.mount('24m')
    try {
      const { uid, gid } = statSync(server.directory)
      chownSync(disk.path, uid, gid)
      await server.sql(`CREATE TABLESPACE small LOCATION '${disk.path}'`)
      await server.sql('ALTER TABLE otoroshi.entities SET TABLESPACE small')
      // Nothing that could be compressed.
      const description = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString('base64')
      const filled: string[] = []
      let refusal = ''
      for (let i = 0; refusal === '' && i < 400; i++) {
        const { status, json, text } = await a.admin('POST', routes, { ...route(`full-${i}`), description })
        if (status === 201) filled.push(`full-${i}`)
        else {
          assert.deepEqual([status, json?.reason], [507, 'admin.store_full'], text)
          refusal = `full-${i}`
        }
      }
      assert.ok(refusal !== '' && filled.length > 5, `${filled.length} routes`)
      assert.equal(await stored(refusal), null)
      assert.equal(await served(a, refusal), false)
      assert.ok(await served(a, 'shared-1'))
      disk.resize('64m')
      await a.route({ ...route(refusal), description })
      for (const id of [...filled, refusal]) assert.notEqual(await stored(id), null, id)
      await until('b serves it', () => served(b, refusal), patience)
    } finally {
      await server
        .sql('ALTER TABLE otoroshi.entities SET TABLESPACE pg_default; DROP TABLESPACE small')
        .catch(() => {})
      disk.unmount()
    }
  })

  it('neither threw anything away unhandled, nor said the password', () => {
    const { password } = server.target()
    for (const { output } of [a, b]) {
      assert.doesNotMatch(output, /unhandled|rejected promise|died/i)
      assert.ok(!output.includes(password) && !output.includes(encodeURIComponent(password)))
    }
  })
})
