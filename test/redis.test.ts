/** Two gateways on one Redis, and what becomes of them when it dies. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { redisMissing, startServer, type TestServer } from '../src/store/testing/redis-server.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { until } from './support/wait.ts'

const routes = '/apis/proxy.otoroshi.io/v1/routes'
const lookEvery = 500

describe('two gateways on one Redis', { skip: redisMissing }, () => {
  let server: TestServer
  let raw: Redis
  let backend: Backend
  let a: TestGateway
  let b: TestGateway

  before(async () => {
    server = await startServer({ config: ['requirepass hush', 'appendonly yes', 'appendfsync always'] })
    raw = new Redis({ port: server.port, password: 'hush' }).on('error', () => {})
    backend = await startBackend((_request, response) => void response.end('served'))
    a = await startOn('lettuce', { REDIS_URL: `redis://hush@127.0.0.1:${server.port}` })
    b = await startOn('redis', {
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String(server.port),
      REDIS_PASSWORD: 'hush',
    })
  })
  after(async () => {
    raw?.disconnect()
    await a?.stop()
    await b?.stop()
    await backend?.close()
    await server?.remove()
  })

  const startOn = (storage: string, env: Record<string, string>) =>
    startGateway({
      threads: 2,
      env: { OTOROSHI_STORAGE: storage, OTOROSHI_STORAGE_LOOK_EVERY: String(lookEvery), ...env },
    })
  const route = (id: string) => ({
    id,
    name: id,
    frontend: { domains: [`${id}.test`] },
    backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
  })
  const served = async (gateway: TestGateway, id: string): Promise<boolean> =>
    (await call(gateway.port, `http://${id}.test/`)).status === 200

  /** Milliseconds until it is served. */
  async function servedAfter(
    gateway: TestGateway,
    id: string,
    began: number,
    patience = 5000,
  ): Promise<number> {
    await until(`${id} is served`, () => served(gateway, id), patience)
    return performance.now() - began
  }

  it('what is created on one is served by the other within 200 ms', async t => {
    const times: number[] = []
    for (let i = 0; i < 20; i++) {
      const [from, to] = i % 2 === 0 ? [a, b] : [b, a]
      const began = performance.now()
      await from.route(route(`shared-${i}`))
      times.push(await servedAfter(to, `shared-${i}`, began))
    }
    times.sort((x, y) => x - y)
    t.diagnostic(
      `request sent to served by the other: median ${times[10]!.toFixed(0)} ms, worst ${times[19]!.toFixed(0)} ms`,
    )
    assert.ok(times[19]! < 200, `${times[19]} ms`)
  })

  it('what is changed and removed on one is so on the other', async () => {
    await a.route(route('moving'))
    await until('served by b', () => served(b, 'moving'))
    const changed = { ...route('moving'), frontend: { domains: ['moved.test'] } }
    assert.equal((await b.admin('PUT', `${routes}/moving`, changed)).status, 200)
    await until('moved on a', async () => (await served(a, 'moved')) && !(await served(a, 'moving')))
    assert.equal((await a.admin('DELETE', `${routes}/moving`)).status, 200)
    await until('gone on b', async () => !(await served(b, 'moved')))
  })

  it('concurrent writers of one entity overwrite nobody unseen', async () => {
    await a.route(route('contended'))
    await until('known to b', () => served(b, 'contended'))
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 === 0 ? a : b).admin('PATCH', `${routes}/contended`, [
          { op: 'add', path: `/metadata/k${i}`, value: 'v' },
        ]),
      ),
    )
    const done = answers.flatMap((answer, i) => (answer.status === 200 ? [`k${i}`] : []))
    assert.ok(answers.every(answer => answer.status === 200 || answer.status === 409))
    const stored = JSON.parse((await raw.get('otoroshi:routes:contended'))!) as { metadata: object }
    const kept = Object.keys(stored.metadata).filter(name => /^k\d/.test(name))
    assert.deepEqual(kept.sort(), done.sort())
  })

  it('what an Otoroshi writes, which tells nobody, is found within the setting', async t => {
    const template = JSON.parse((await raw.get('otoroshi:routes:shared-0'))!) as Record<string, unknown>
    const foreign = { ...template, ...route('foreign') }
    const began = performance.now()
    await raw.set('otoroshi:routes:foreign', JSON.stringify(foreign))
    const found = await servedAfter(b, 'foreign', began)
    t.diagnostic(`found after ${found.toFixed(0)} ms of ${lookEvery}`)
    assert.ok(found < lookEvery + 500, `${found} ms`)
    await raw.del('otoroshi:routes:foreign')
    await until(
      'gone',
      async () => !(await served(b, 'foreign')) && !(await served(a, 'foreign')),
      lookEvery + 1000,
    )
  })

  it('Redis dies: traffic goes on, writes are refused with a reason; it returns: they work, without a restart', async t => {
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
      await server.kill()
      const began = performance.now()
      const refused = await a.admin('POST', routes, route('lost'))
      const first = performance.now() - began
      assert.equal(refused.status, 503, refused.text)
      assert.match(refused.text, /admin\.store_unavailable/)
      assert.ok(first < 2000, `${first} ms`)
      await sleep(1200)
      const again = performance.now()
      assert.equal((await b.admin('POST', routes, route('lost-too'))).status, 503)
      const later = performance.now() - again
      assert.ok(later < 200, `${later} ms`)
      assert.equal((await a.admin('GET', `${routes}/shared-1`)).status, 200)
      await server.start()
      const back = performance.now()
      await until('a writes again', async () => {
        const { status } = await a.admin('POST', routes, route('after'))
        assert.ok(status === 201 || status === 503, String(status))
        return status === 201
      })
      t.diagnostic(
        `refused after ${first.toFixed(0)} ms, later after ${later.toFixed(0)}; written again ${(performance.now() - back).toFixed(0)} ms after the return`,
      )
      await until('b serves it', () => served(b, 'after'))
      assert.equal(await raw.exists('otoroshi:routes:lost'), 0)
      assert.equal((await b.admin('POST', routes, route('after-too'))).status, 201)
      await until('a serves that', () => served(a, 'after-too'))
    } finally {
      running = false
      await Promise.all(traffic)
    }
    t.diagnostic(`${requests} requests meanwhile, ${failed} failed`)
    assert.equal(failed, 0)
    assert.ok(requests > 200)
  })

  it('what was written while nobody could hear is found after the return', async () => {
    await raw.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await raw.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await raw.set('otoroshi:routes:unheard', JSON.stringify({ ...route('unheard') }))
    await until('served by both', async () => (await served(a, 'unheard')) && (await served(b, 'unheard')))
  })

  it('neither threw anything away unhandled, nor said the password', () => {
    for (const { output } of [a, b]) assert.doesNotMatch(output, /unhandled|rejected promise|died|hush/i)
  })

  it('a Redis that is away at the start is one sentence', async () => {
    const env = {
      OTOROSHI_STORAGE: 'redis',
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: '1',
      OTOROSHI_REDIS_TIMEOUT: '300',
    }
    await assert.rejects(
      startGateway({ env }),
      /Redis \(127\.0\.0\.1:1\) cannot be used: connect ECONNREFUSED/,
    )
  })
})
