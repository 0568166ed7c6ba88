/** Three gateways on one store count together: on Redis and on PostgreSQL. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { postgresMissing, TestPostgres } from '../../src/store/testing/postgres-server.ts'
import { redisMissing, startServer, type TestServer } from '../../src/store/testing/redis-server.ts'
import { type Backend, startBackend } from '../support/backend.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { call, type Got } from '../support/http.ts'
import { until } from '../support/wait.ts'

const KEYS = '/apis/apim.otoroshi.io/v1/apikeys'
const patience = 60_000
const LIMIT = 120
/** Percent of a limit that an instance may be ahead of the others. */
const AHEAD = 5
const quota = (name: string, config: object = {}) => ({ plugin: `cp:otoroshi.next.plugins.${name}`, config })
const basic = (id: string) => ({ Authorization: `Basic ${Buffer.from(`${id}:s`).toString('base64')}` })

interface Shared {
  readonly name: string
  readonly missing: string | false
  start(): Promise<Record<string, string>>
  stop(): Promise<void>
  /** A counter as it stands in the store. */
  counter(key: string): Promise<number>
}

let redis: TestServer
let postgres: TestPostgres

const stores: readonly Shared[] = [
  {
    name: 'Redis',
    missing: redisMissing,
    async start() {
      redis = await startServer({})
      return { OTOROSHI_STORAGE: 'redis', REDIS_HOST: '127.0.0.1', REDIS_PORT: String(redis.port) }
    },
    stop: async () => {
      await redis?.remove()
    },
    async counter(key) {
      const { Redis } = await import('ioredis')
      const client = new Redis({ port: redis.port })
      const value = await client.get(key)
      client.disconnect()
      return Number(value ?? 0)
    },
  },
  {
    name: 'PostgreSQL',
    missing: postgresMissing,
    async start() {
      postgres = await TestPostgres.start()
      return { OTOROSHI_STORAGE: 'postgresql', PG_URI: postgres.uri }
    },
    stop: async () => {
      await postgres?.stop()
    },
    async counter(key) {
      const [row] = await postgres.sql('SELECT counter FROM otoroshi.entities WHERE key = $1', [key])
      return Number(row?.['counter'] ?? 0)
    },
  },
]

for (const store of stores)
  describe(`three gateways on one ${store.name}`, { skip: store.missing }, () => {
    let gateways: TestGateway[] = []
    let backend: Backend

    before(async () => {
      const settings = await store.start()
      backend = await startBackend((_request, response) => void response.end('served'))
      const env = {
        ...settings,
        OTOROSHI_THROTTLING_WINDOW: '86400',
        OTOROSHI_LIMITS_AHEAD: String(AHEAD),
        OTOROSHI_LIMITS_STORE_EVERY: '200',
      }
      // The first makes what a first start makes.
      gateways = [await startGateway({ threads: 2, patience, env })]
      gateways.push(...(await Promise.all([1, 2].map(() => startGateway({ threads: 2, patience, env })))))
      const targets = [{ hostname: '127.0.0.1', port: backend.port }]
      for (const [id, plugin] of [
        ['keyed', quota('ApikeyCalls')],
        ['windowed', quota('DistributedRedisThrottling', { quota: { window: LIMIT } })],
        ['local', quota('FixedWindow', { quota: { window: 5 }, windowDurationMs: 86_400_000 })],
      ] as const)
        await gateways[0]!.route({
          id,
          name: id,
          frontend: { domains: [`${id}.test`] },
          backend: { targets },
          plugins: [plugin],
        })
      for (const id of ['all', 'reset']) {
        const key = {
          clientId: id,
          clientSecret: 's',
          clientName: id,
          dailyQuota: LIMIT,
          authorizedEntities: ['route_keyed'],
        }
        const answer = await gateways[0]!.admin('POST', KEYS, key)
        assert.equal(answer.status, 201, answer.text)
      }
      for (const gateway of gateways)
        await until(
          'everything is served',
          async () => (await get(gateway, 'keyed', 'reset')).status === 200,
          patience,
        )
    })
    after(async () => {
      for (const gateway of gateways) await gateway.stop()
      await backend?.close()
      await store.stop()
    })

    const get = (gateway: TestGateway, id: string, key = ''): Promise<Got> =>
      call(gateway.port, `http://${id}.test/`, { headers: key === '' ? {} : basic(key) })

    /** Calls by everybody at once; answers how many passed. */
    async function storm(id: string, each: number, key = ''): Promise<number> {
      let passed = 0
      const caller = async (gateway: TestGateway): Promise<void> => {
        for (let i = 0; i < each / 10; i++) {
          const { status, body } = await get(gateway, id, key)
          assert.ok(status === 200 || status === 429, `${status} ${body}`)
          if (status === 200) passed++
        }
      }
      await Promise.all(gateways.flatMap(gateway => Array.from({ length: 10 }, () => caller(gateway))))
      return passed
    }

    const most = LIMIT + 2 * Math.floor((LIMIT * AHEAD) / 100)

    it('let the calls of a key through, and no more beyond than the two others may be ahead', async t => {
      const passed = await storm('keyed', LIMIT, 'all')
      t.diagnostic(`${passed} calls passed of ${LIMIT}`)
      assert.ok(passed >= LIMIT && passed <= most, `${passed} passed, ${LIMIT} to ${most} may`)
      for (const gateway of gateways)
        await until(
          'all know of all calls',
          async () =>
            (await gateway.admin('GET', '/api/apikeys/all/quotas')).json.currentCallsPerDay === passed,
          patience,
        )
      assert.equal(await store.counter('otoroshi:apikey:quotas:daily:all'), passed)
      assert.equal(await store.counter('otoroshi:apikey:quotas:monthly:all'), passed)
      for (const gateway of gateways) assert.equal((await get(gateway, 'keyed', 'all')).status, 429)
    })

    it('share the window of a limiter', async t => {
      const passed = await storm('windowed', LIMIT)
      t.diagnostic(`${passed} calls passed of ${LIMIT}`)
      assert.ok(passed >= LIMIT && passed <= most, `${passed} passed, ${LIMIT} to ${most} may`)
    })

    it('count local windows each for itself', async () => {
      assert.equal(await storm('local', 20), 15)
    })

    it('all learn of a reset', async () => {
      await storm('keyed', LIMIT, 'reset')
      const [first, second] = gateways
      assert.equal((await get(second!, 'keyed', 'reset')).status, 429)
      const answer = await first!.admin('PUT', '/api/apikeys/reset/quotas')
      assert.equal(answer.status, 200, answer.text)
      for (const gateway of gateways)
        await until(
          'it passes again',
          async () => (await get(gateway, 'keyed', 'reset')).status === 200,
          patience,
        )
    })
  })

describe('two gateways with stores of their own and one Redis for limits', { skip: redisMissing }, () => {
  let server: TestServer
  let backend: Backend
  let gateways: TestGateway[] = []
  const apart = (port: number) => ({
    OTOROSHI_RATE_LIMITER_DISTRIBUTED_REDIS_ENABLED: 'true',
    OTOROSHI_RATE_LIMITER_DISTRIBUTED_REDIS_URIS: `redis://127.0.0.1:${port}`,
  })

  before(async () => {
    server = await startServer({})
    backend = await startBackend((_request, response) => void response.end('served'))
    const env = { ...apart(server.port), OTOROSHI_THROTTLING_WINDOW: '86400', OTOROSHI_LIMITS_AHEAD: '0' }
    gateways = await Promise.all([1, 2].map(() => startGateway({ threads: 2, patience, env })))
    for (const gateway of gateways) {
      const targets = [{ hostname: '127.0.0.1', port: backend.port }]
      for (const [id, plugin] of [
        ['keyed', quota('ApikeyCalls')],
        ['limited', quota('LuaDistributedRedisThrottling', { quota: { window: 20 }, bucketKey: 'all' })],
        ['own', quota('NgServiceQuotas', { daily_quota: 5 })],
      ] as const)
        await gateway.route({
          id,
          name: id,
          frontend: { domains: [`${id}.test`] },
          backend: { targets },
          plugins: [plugin],
        })
      const key = {
        clientId: 'k',
        clientSecret: 's',
        clientName: 'k',
        dailyQuota: 20,
        authorizedEntities: ['route_keyed'],
      }
      assert.equal((await gateway.admin('POST', KEYS, key)).status, 201)
    }
  })
  after(async () => {
    for (const gateway of gateways) await gateway.stop()
    await backend?.close()
    await server?.remove()
  })

  const passed = async (id: string): Promise<number> => {
    const calls = gateways.flatMap(({ port }) =>
      Array.from({ length: 30 }, () => call(port, `http://${id}.test/`, { headers: basic('k') })),
    )
    return (await Promise.all(calls)).filter(({ status }) => status === 200).length
  }

  it('count limiters and keys together, and everything else each for itself', async () => {
    for (const id of ['limited', 'keyed']) {
      const count = await passed(id)
      assert.ok(count >= 20 && count <= 21, `${count} passed on ${id}`)
    }
    assert.equal(await passed('own'), 10)
    const read = async (gateway: TestGateway): Promise<number> =>
      (await gateway.admin('GET', '/api/apikeys/k/quotas')).json.currentCallsPerDay
    await until('both know', async () => (await read(gateways[0]!)) === (await read(gateways[1]!)), patience)
  })

  it('go on when it is away, each by itself', async () => {
    await server.kill()
    const reset = await gateways[0]!.admin('PUT', '/api/apikeys/k/quotas')
    assert.equal(reset.status, 503, reset.text)
    assert.equal((await call(gateways[0]!.port, 'http://limited.test/')).status, 429)
    await server.start()
  })

  it('do not start without it, and say so in one sentence', async () => {
    await assert.rejects(
      startGateway({ patience, env: { ...apart(1), OTOROSHI_REDIS_TIMEOUT: '300' } }),
      /^otoroshi: Redis \(127\.0\.0\.1:1\) cannot be used: .*$/m,
    )
    await assert.rejects(
      startGateway({ patience, env: { OTOROSHI_RATE_LIMITER_DISTRIBUTED_REDIS_ENABLED: 'true' } }),
      /otoroshi\.rate-limiter\.distributed-redis\.enabled needs the uris/,
    )
  })
})
