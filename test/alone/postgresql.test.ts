/** Two gateways on one PostgreSQL, and what becomes of them when it dies, stands still or is full. */
import assert from 'node:assert/strict'
import { chownSync, statSync } from 'node:fs'
import { it } from 'node:test'
import { postgresMissing, TestPostgres } from '../../src/store/testing/postgres-server.ts'
import { patience, routes, type SharedServer, twoGateways } from '../support/shared-store.ts'
import { noSmallDisk, SmallDisk } from '../support/small-disk.ts'
import { until } from '../support/wait.ts'
import { holdStill, letGoOn } from '../../src/store/testing/stand-still.ts'

class SharedPostgres implements SharedServer {
  readonly name = 'PostgreSQL'
  readonly missing = postgresMissing
  server!: TestPostgres

  async start(): Promise<void> {
    this.server = await TestPostgres.start()
  }

  async stop(): Promise<void> {
    await this.server?.stop()
  }

  settings(): readonly [Record<string, string>, Record<string, string>] {
    const { host, port, database, user, password } = this.server.target()
    return [
      { OTOROSHI_STORAGE: 'postgresql', PG_URI: this.server.uri },
      {
        OTOROSHI_STORAGE: 'pg',
        PG_HOST: host,
        PG_PORT: String(port),
        PG_DATABASE: database,
        PG_USER: user,
        PG_PASSWORD: password,
        OTOROSHI_PG_QUERY_TIMEOUT: '3000',
      },
    ]
  }

  async stored(id: string): Promise<Record<string, unknown> | null> {
    const [row] = await this.server.sql('SELECT value FROM otoroshi.entities WHERE key = $1', [
      `otoroshi:routes:${id}`,
    ])
    return row === undefined ? null : JSON.parse(String(row['value']))
  }

  insert(id: string, route: object): Promise<unknown> {
    return this.server.sql(
      `INSERT INTO otoroshi.entities (key, type, value, kind, jvalue) VALUES ($1, 'string', $2::text, 'route', $2::text::jsonb)`,
      [`otoroshi:routes:${id}`, JSON.stringify(route)],
    )
  }

  remove(id: string): Promise<unknown> {
    return this.server.sql('DELETE FROM otoroshi.entities WHERE key = $1', [`otoroshi:routes:${id}`])
  }

  down(): Promise<unknown> {
    return this.server.halt()
  }

  up(): Promise<unknown> {
    return this.server.resume()
  }

  secrets(): readonly string[] {
    return [this.server.target().password]
  }
}

const postgres = new SharedPostgres()

twoGateways(postgres, pair => {
  it('PostgreSQL stands still: the same, after the time a statement may take', async t => {
    const { a, b } = pair
    const requests = await pair.underTraffic(async () => {
      const pids = await postgres.server.pids()
      await holdStill(pids)
      try {
        const began = performance.now()
        await pair.refuses(b, 'still')
        const waited = performance.now() - began
        t.diagnostic(`refused after ${waited.toFixed(0)} ms`)
        assert.ok(waited > 2500 && waited < 60_000, `${waited} ms`)
        assert.equal((await b.admin('GET', `${routes}/shared-1`)).status, 200)
      } finally {
        letGoOn(pids)
      }
      await until('b writes again', () => pair.writes(b, 'moves'), patience)
      await until('a serves it', () => pair.served(a, 'moves'), patience)
    })
    t.diagnostic(`${requests} requests meanwhile, none failed`)
  })

  it('what nobody told is found when a connection was lost, whichever it was', async () => {
    const { a, b } = pair
    await postgres.insert('unheard', pair.route('unheard'))
    await postgres.down()
    await postgres.up()
    const both = async () => (await pair.served(a, 'unheard')) && (await pair.served(b, 'unheard'))
    await until('served by both', both, patience)
    await postgres.remove('unheard')
    await postgres.server.sql(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'otoroshi' AND query ~* 'listen'",
    )
    const neither = async () => !(await pair.served(a, 'unheard')) && !(await pair.served(b, 'unheard'))
    await until('served by none', neither, patience)
  })

  it('a disk that is full refuses with a reason, and loses nothing', { skip: noSmallDisk }, async () => {
    const { a, b } = pair
    const disk = SmallDisk.mount('24m')
    try {
      const { uid, gid } = statSync(postgres.server.directory)
      chownSync(disk.path, uid, gid)
      await postgres.server.sql(`CREATE TABLESPACE small LOCATION '${disk.path}'`)
      await postgres.server.sql('ALTER TABLE otoroshi.entities SET TABLESPACE small')
      // Nothing that could be compressed.
      const description = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString('base64')
      const filled: string[] = []
      let refusal = ''
      for (let i = 0; refusal === '' && i < 400; i++) {
        const { status, json, text } = await a.admin('POST', routes, {
          ...pair.route(`full-${i}`),
          description,
        })
        if (status === 201) filled.push(`full-${i}`)
        else {
          assert.deepEqual([status, json?.reason], [507, 'admin.store_full'], text)
          refusal = `full-${i}`
        }
      }
      assert.ok(refusal !== '' && filled.length > 5, `${filled.length} routes`)
      assert.equal(await postgres.stored(refusal), null)
      assert.equal(await pair.served(a, refusal), false)
      assert.ok(await pair.served(a, 'shared-1'))
      disk.resize('64m')
      await a.route({ ...pair.route(refusal), description })
      for (const id of [...filled, refusal]) assert.notEqual(await postgres.stored(id), null, id)
      await until('b serves it', () => pair.served(b, refusal), patience)
    } finally {
      await postgres.server
        .sql('ALTER TABLE otoroshi.entities SET TABLESPACE pg_default; DROP TABLESPACE small')
        .catch(() => {})
      disk.unmount()
    }
  })
})
