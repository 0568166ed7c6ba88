/** Two gateways on one store, and what has to hold whichever store it is. */
import assert from 'node:assert/strict'
import { availableParallelism, loadavg } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { percentiles, quickest } from '../../src/store/testing/patience.ts'
import { type Backend, startBackend } from './backend.ts'
import { exported, imports, routeTo } from './exports.ts'
import { startGateway, type TestGateway } from './gateway.ts'
import { call } from './http.ts'
import { until } from './wait.ts'

export const routes = '/apis/proxy.otoroshi.io/v1/routes'
/** A slow machine makes these tests slow, not wrong. */
export const patience = 60_000

/** The server two gateways share. */
export interface SharedServer {
  readonly name: string
  /** Why it cannot be had here, or false. */
  readonly missing: string | false
  start(): Promise<void>
  stop(): Promise<void>
  /** Settings of the one and of the other gateway: two ways to say the same. */
  settings(): readonly [Record<string, string>, Record<string, string>]
  /** The value of a route as it stands there. */
  stored(id: string): Promise<Record<string, unknown> | null>
  /** Written and removed as an Otoroshi would: nobody is told. */
  insert(id: string, route: object): Promise<unknown>
  remove(id: string): Promise<unknown>
  /** Killed, and started again with what it had. */
  down(): Promise<unknown>
  up(): Promise<unknown>
  /** What no gateway may print. */
  secrets(): readonly string[]
}

/** The gateways, once `before` ran. */
export class SharingGateways {
  readonly server: SharedServer
  a!: TestGateway
  b!: TestGateway
  backend!: Backend

  constructor(server: SharedServer) {
    this.server = server
  }

  async start(): Promise<void> {
    await this.server.start()
    this.backend = await startBackend((_request, response) => void response.end('served'))
    const [one, other] = this.server.settings()
    this.a = await this.startOne(one)
    this.b = await this.startOne(other)
  }

  async stop(): Promise<void> {
    await this.a?.stop()
    await this.b?.stop()
    await this.backend?.close()
    await this.server.stop()
  }

  /** Unless told otherwise it hardly looks: what it shows of the others it was told. */
  startOne(env: Record<string, string>, lookEvery = 600_000): Promise<TestGateway> {
    const look = { OTOROSHI_STORAGE_LOOK_EVERY: String(lookEvery) }
    return startGateway({ threads: 2, patience, env: { ...look, ...env } })
  }

  route(id: string) {
    return routeTo(this.backend.port, id)
  }

  async served(gateway: TestGateway, id: string): Promise<boolean> {
    return (await call(gateway.port, `http://${id}.test/`)).status === 200
  }

  async refuses(gateway: TestGateway, id: string): Promise<void> {
    const { status, json, text } = await gateway.admin('POST', routes, this.route(id))
    assert.deepEqual([status, json?.reason], [503, 'admin.store_unavailable'], text)
  }

  /** Whether a write went through; the only other answer is "not now". */
  async writes(gateway: TestGateway, id: string): Promise<boolean> {
    const { status, text } = await gateway.admin('POST', routes, this.route(id))
    assert.ok(status === 201 || status === 503, text)
    return status === 201
  }

  /** Requests to both without a pause while `work` is done: none may fail. Answers how many there were. */
  async underTraffic(work: () => Promise<void>): Promise<number> {
    let failed = 0
    let requests = 0
    let running = true
    const traffic = [this.a, this.b].map(async gateway => {
      while (running) {
        requests++
        if (!(await this.served(gateway, 'shared-1').catch(() => false))) failed++
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
}

/** What holds of any store; `own` adds what is to be said of this one. */
export function twoGateways(server: SharedServer, own: (pair: SharingGateways) => void): void {
  describe(`two gateways on one ${server.name}`, { skip: server.missing }, () => {
    const pair = new SharingGateways(server)
    before(() => pair.start())
    after(() => pair.stop())
    telling(pair)
    looking(pair)
    losing(pair)
    own(pair)

    it('neither threw anything away unhandled, nor said the password', () => {
      for (const { output } of [pair.a, pair.b]) {
        assert.doesNotMatch(output, /unhandled|rejected promise|died/i)
        for (const secret of server.secrets())
          assert.ok(!output.includes(secret) && !output.includes(encodeURIComponent(secret)))
      }
    })
  })
}

function telling(pair: SharingGateways): void {
  const served = (gateway: TestGateway, id: string) => pair.served(gateway, id)

  it('what is created on one is served by the other within 200 ms', async t => {
    const all: number[] = []
    const afterAnswer: number[] = []
    const lag = monitorEventLoopDelay({ resolution: 5 })
    lag.enable()
    for (let i = 0; i < 100; i++) {
      const [from, to] = i % 2 === 0 ? [pair.a, pair.b] : [pair.b, pair.a]
      const began = performance.now()
      const created = from.route(pair.route(`shared-${i}`)).then(() => performance.now())
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
    const { a, b } = pair
    await a.route(pair.route('moving'))
    await until('served by b', () => served(b, 'moving'), patience)
    const changed = { ...pair.route('moving'), frontend: { domains: ['moved.test'] } }
    assert.equal((await b.admin('PUT', `${routes}/moving`, changed)).status, 200)
    const moved = async () => (await served(a, 'moved')) && !(await served(a, 'moving'))
    await until('moved on a', moved, patience)
    assert.equal((await a.admin('DELETE', `${routes}/moving`)).status, 200)
    await until('gone on b', async () => !(await served(b, 'moved')), patience)
    assert.equal(await pair.server.stored('moving'), null)
  })

  it('an import on one is served by the other, with all that it removes', async () => {
    const { a, b } = pair
    const content = await exported(a)
    await a.route(pair.route('not-in-it'))
    await until('b serves it', () => served(b, 'not-in-it'), patience)
    const more = [pair.route('imported-1'), pair.route('imported-2')]
    const { status, text } = await imports(a, { ...content, routes: [...content.routes, ...more] })
    assert.equal(status, 200, text)
    for (const id of ['imported-1', 'imported-2', 'shared-1'])
      await until(`b serves ${id}`, () => served(b, id), patience)
    await until('gone on b', async () => !(await served(b, 'not-in-it')), patience)
    assert.deepEqual((await exported(b)).routes, (await exported(a)).routes)
  })

  it('concurrent writers of one entity overwrite nobody unseen', async () => {
    const { a, b } = pair
    await a.route(pair.route('contended'))
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
    const { metadata } = (await pair.server.stored('contended')) as { metadata: object }
    assert.deepEqual(
      Object.keys(metadata)
        .filter(name => /^k\d/.test(name))
        .sort(),
      done.sort(),
    )
  })
}

function looking(pair: SharingGateways): void {
  it('what an Otoroshi writes, which tells nobody, is found by looking', async t => {
    const { server, a } = pair
    const lookEvery = 500
    const looks = await pair.startOne(server.settings()[1], lookEvery)
    try {
      const template = await server.stored('shared-0')
      const began = performance.now()
      await server.insert('foreign', { ...template, ...pair.route('foreign') })
      await until('it is found', () => pair.served(looks, 'foreign'), patience)
      t.diagnostic(`found after ${(performance.now() - began).toFixed(0)} ms, looking every ${lookEvery}`)
      assert.equal(await pair.served(a, 'foreign'), false, 'who does not look does not know')
      await server.remove('foreign')
      await until('its end too', async () => !(await pair.served(looks, 'foreign')), patience)
    } finally {
      await looks.stop()
    }
  })
}

function losing(pair: SharingGateways): void {
  const { server } = pair

  it(`${server.name} dies: traffic goes on, writes are refused with a reason; it returns: they work, without a restart`, async t => {
    const { a, b } = pair
    const requests = await pair.underTraffic(async () => {
      await server.down()
      const began = performance.now()
      await pair.refuses(a, 'lost')
      const first = performance.now() - began
      assert.ok(first < 20_000, `${first} ms`)
      await sleep(1200)
      const later = await quickest(5, () => pair.refuses(b, 'lost-too'))
      assert.ok(later < 500, `${later} ms`)
      assert.equal((await a.admin('GET', `${routes}/shared-1`)).status, 200)
      assert.equal((await b.admin('GET', routes)).status, 200)
      await server.up()
      const back = performance.now()
      await until('a writes again', () => pair.writes(a, 'after'), patience)
      t.diagnostic(
        `refused after ${first.toFixed(0)} ms, later after ${later.toFixed(0)}; written again ${(performance.now() - back).toFixed(0)} ms after the return`,
      )
      await until('b serves it', () => pair.served(b, 'after'), patience)
      for (const id of ['lost', 'lost-too']) assert.equal(await server.stored(id), null)
      await until('b writes again', () => pair.writes(b, 'after-too'), patience)
      await until('a serves that', () => pair.served(a, 'after-too'), patience)
    })
    t.diagnostic(`${requests} requests meanwhile, none failed`)
  })
}
