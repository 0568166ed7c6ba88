/** Two gateways on one Redis, and what becomes of them when it dies or is full. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Redis } from 'ioredis'
import { redisMissing, startServer, type TestServer } from '../../src/store/testing/redis-server.ts'
import { patience, routes, type SharedServer, twoGateways } from '../support/shared-store.ts'
import { until } from '../support/wait.ts'

const key = (id: string): string => `otoroshi:routes:${id}`

class SharedRedis implements SharedServer {
  readonly name = 'Redis'
  readonly missing = redisMissing
  #server!: TestServer
  raw!: Redis

  async start(): Promise<void> {
    this.#server = await startServer({ config: ['requirepass hush', 'appendonly yes', 'appendfsync always'] })
    this.raw = new Redis({ port: this.#server.port, password: 'hush' }).on('error', () => {})
  }

  async stop(): Promise<void> {
    this.raw?.disconnect()
    await this.#server?.remove()
  }

  settings(): readonly [Record<string, string>, Record<string, string>] {
    const port = String(this.#server.port)
    return [
      { OTOROSHI_STORAGE: 'lettuce', REDIS_URL: `redis://hush@127.0.0.1:${port}` },
      { OTOROSHI_STORAGE: 'redis', REDIS_HOST: '127.0.0.1', REDIS_PORT: port, REDIS_PASSWORD: 'hush' },
    ]
  }

  async stored(id: string): Promise<Record<string, unknown> | null> {
    return JSON.parse((await this.raw.get(key(id))) ?? 'null')
  }

  insert(id: string, route: object): Promise<unknown> {
    return this.raw.set(key(id), JSON.stringify(route))
  }

  remove(id: string): Promise<unknown> {
    return this.raw.del(key(id))
  }

  down(): Promise<unknown> {
    return this.#server.kill()
  }

  up(): Promise<unknown> {
    return this.#server.start()
  }

  secrets(): readonly string[] {
    return ['hush']
  }
}

const redis = new SharedRedis()

twoGateways(redis, pair => {
  it('what was written while nobody could hear is found after the return', async () => {
    await redis.raw.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await redis.raw.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await redis.insert('unheard', pair.route('unheard'))
    const { a, b } = pair
    const both = async () => (await pair.served(a, 'unheard')) && (await pair.served(b, 'unheard'))
    await until('served by both', both, patience)
  })

  it('a Redis whose memory is full refuses with a reason, and only what needs room', async () => {
    const { a } = pair
    await redis.raw.config('SET', 'maxmemory', '1')
    const { status, json, text } = await a.admin('POST', routes, pair.route('too-much'))
    assert.deepEqual([status, json?.reason], [507, 'admin.store_full'], text)
    assert.ok(await pair.served(a, 'shared-1'))
    await redis.raw.config('SET', 'maxmemory', '0')
    await a.route(pair.route('fits-again'))
    assert.equal(await redis.stored('too-much'), null)
  })

  it('a Redis that is away at the start is one sentence', async () => {
    const env = { REDIS_HOST: '127.0.0.1', REDIS_PORT: '1', OTOROSHI_REDIS_TIMEOUT: '300' }
    await assert.rejects(
      pair.startOne({ OTOROSHI_STORAGE: 'redis', ...env }),
      /^otoroshi: Redis \(127\.0\.0\.1:1\) cannot be used: connect ECONNREFUSED .*$/m,
    )
  })
})
