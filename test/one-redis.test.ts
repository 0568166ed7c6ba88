/** Two gateways on one Redis: what they tell each other besides entities, and how little they read for it. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { hash } from 'bcryptjs'
import { Redis } from 'ioredis'
import { redisMissing, startServer, type TestServer } from '../src/store/testing/redis-server.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { Browser } from './support/browser.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type Got } from './support/http.ts'
import { basic, inTurn, KEYS, limitsEnv, outcomeOf, quota } from './support/limited.ts'
import { until } from './support/wait.ts'

const patience = 60_000

describe('two gateways on one Redis', { skip: redisMissing }, () => {
  let server: TestServer
  let raw: Redis
  let backend: Backend
  let a: TestGateway
  let b: TestGateway
  const folder = mkdtempSync(join(tmpdir(), 'otoroshi-one-redis-'))
  const events = join(folder, 'events.log')
  const told = () => (existsSync(events) ? readFileSync(events, 'utf8') : '')

  const route = (id: string, plugins: readonly object[] = []) => ({
    id,
    name: id,
    frontend: { domains: [`${id}.test`] },
    backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
    plugins,
  })
  const get = (
    gateway: TestGateway,
    id: string,
    headers: Record<string, string> = {},
    path = '/',
  ): Promise<Got> => call(gateway.port, `http://${id}.test${path}`, { headers })

  /** Makes a route at the first gateway and waits until the other has it. */
  async function add(id: string, plugins: readonly object[] = []): Promise<void> {
    await a.route(route(id, plugins))
    const there = async () => (await b.admin('GET', `/apis/proxy.otoroshi.io/v1/routes/${id}`)).status === 200
    await until('the other knows the route', there, patience)
  }

  before(async () => {
    server = await startServer({})
    raw = new Redis(server.port)
    let served = 0
    backend = await startBackend((_request, response) => {
      response.setHeader('Cache-Control', 'max-age=3600')
      response.setHeader('Cache-Tag', 'things')
      response.end(String(++served))
    })
    const env = {
      ...limitsEnv,
      OTOROSHI_STORAGE: 'redis',
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String(server.port),
      OTOROSHI_STORAGE_LOOK_EVERY: '200',
      OTOROSHI_INITIAL_ADMIN_LOGIN: 'root',
      OTOROSHI_INITIAL_ADMIN_PASSWORD: 'first password of all',
    }
    a = await startGateway({ threads: 1, env })
    b = await startGateway({ threads: 1, env })
    const exporter = {
      id: 'told',
      name: 'told',
      enabled: true,
      type: 'file',
      groupSize: 1,
      groupDuration: 20,
      config: { path: events, maxFileSize: 10_000_000 },
      filtering: { include: ['AuditEvent', 'AlertEvent'].map(type => ({ '@type': type })), exclude: [] },
    }
    assert.equal((await a.admin('POST', '/apis/events.otoroshi.io/v1/data-exporters', exporter)).status, 201)
  })
  after(async () => {
    await Promise.all([a?.stop(), b?.stop()])
    await backend?.close()
    raw?.disconnect()
    await server?.remove()
    rmSync(folder, { recursive: true })
  })

  describe('that count', () => {
    /** Calls both gateways with the key until counters moved often; answers the calls. */
    async function count(rounds: number): Promise<void> {
      for (let i = 0; i < rounds; i++) {
        const all = [a, b].map(gateway => get(gateway, 'counted', basic('counter')))
        for (const got of await Promise.all(all)) assert.equal(outcomeOf(got), '200')
        await sleep(25)
      }
    }

    it('read no entity while only counters move, and still find what nobody told them of', async () => {
      await add('counted', [quota('ApikeyCalls')])
      const key = {
        clientId: 'counter',
        clientSecret: 's',
        clientName: 'k',
        authorizedEntities: ['route_counted'],
      }
      const made = await a.admin('POST', KEYS, { ...key, dailyQuota: 1_000_000 })
      assert.equal(made.status, 201, made.text)
      await until(
        'both know the key',
        async () => (await get(b, 'counted', basic('counter'))).status === 200,
        patience,
      )
      // What was written until now is looked at.
      let quiet = 0
      await until(
        'nobody looks any more',
        async () => {
          await raw.config('RESETSTAT')
          await sleep(700)
          quiet = (await stats()).scan === 0 ? quiet + 1 : 0
          return quiet === 2
        },
        patience,
      )
      await raw.config('RESETSTAT')
      const counted = Number(await raw.get('otoroshi:store:counted'))
      await count(80)
      const { scan, info } = await stats()
      assert.ok(Number(await raw.get('otoroshi:store:counted')) - counted > 20, 'counters moved')
      assert.ok(info >= 4, `both looked while they did: ${info}`)
      assert.equal(scan, 0)
      let counting = true
      const counter = (async () => {
        while (counting) await count(1)
      })()
      try {
        await raw.set('otoroshi:routes:foreign', JSON.stringify(route('foreign')))
        for (const gateway of [a, b])
          await until('it is served', async () => (await get(gateway, 'foreign')).status === 200, patience)
      } finally {
        counting = false
        await counter
      }
      assert.ok((await stats()).scan > 0)
    })

    /** Calls of commands since the statistics were reset. */
    async function stats(): Promise<{ readonly scan: number; readonly info: number }> {
      const text = await raw.info('commandstats')
      const calls = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(text)?.[1] ?? 0)
      return { scan: calls('scan'), info: calls('info') }
    }
  })

  describe('that keep answers', () => {
    const kept = async (gateway: TestGateway, path: string) => {
      const { headers } = await get(gateway, 'kept', {}, path)
      return /; hit/.test(String(headers['cache-status']))
    }
    const keeps = async (gateway: TestGateway, path: string) => {
      await get(gateway, 'kept', {}, path)
      assert.ok(await kept(gateway, path), path)
    }
    const purge = async (order: object): Promise<number> => {
      const { status, json, text } = await a.admin('POST', '/api/cache/_purge', order)
      assert.equal(status, 200, text)
      return json.purged
    }
    const answers = async (gateway: TestGateway) => (await gateway.admin('GET', '/api/cache')).json.answers

    it('purge together, by URL, by tag and altogether, and nothing besides', async () => {
      await add('kept', [quota('NgResponseCache')])
      for (const gateway of [a, b]) for (const path of ['/one', '/two']) await keeps(gateway, path)
      assert.equal(await purge({ urls: ['http://kept.test/one'] }), 1)
      await until('the other has done it', async () => (await answers(b)) === 1, patience)
      assert.deepEqual([await kept(b, '/two'), await kept(a, '/two')], [true, true])
      assert.deepEqual([await kept(b, '/one'), await kept(a, '/one')], [false, false])
      assert.equal(await purge({ route: 'kept', tags: ['things'] }), 2)
      await until('the other has done it', async () => (await answers(b)) === 0, patience)
      await keeps(b, '/one')
      assert.equal(await purge({ all: true }), 0)
      await until('the other has done it', async () => (await answers(b)) === 0, patience)
    })

    it('tell of it in an audit event', async () => {
      await until('it is told', () => told().includes('PURGE_RESPONSE_CACHE'), patience)
      const event = told()
        .split('\r\n')
        .filter(line => line.includes('PURGE_RESPONSE_CACHE'))
        .map(line => JSON.parse(line))[0]
      assert.deepEqual([event['@type'], event.audit], ['AuditEvent', 'AdminApiEvent'])
      assert.deepEqual(event.metadata, { route: null, urls: ['kept.test/one'], tags: [], purged: 1 })
    })

    it('drop everything when the list of purges is gone, for it may have held any', async () => {
      await keeps(b, '/one')
      await raw.del('otoroshi:response-cache:purges')
      await until('the other found out', async () => (await answers(b)) === 0, patience)
    })
  })

  it('read limits of single addresses, whoever wrote them', async () => {
    await add('open')
    const patch = [{ op: 'replace', path: '/perIpThrottlingQuota', value: 1000 }]
    assert.equal((await a.admin('PATCH', '/api/globalconfig', patch)).status, 200)
    await raw.set('otoroshi:throttling:peripquota:5.5.5.5', '2')
    const from = (ip: string) => () => get(a, 'open', { 'X-Forwarded-For': ip })
    await until(
      'it is known',
      async () => outcomeOf(await from('5.5.5.5')()) === '429 limit.address',
      patience,
    )
    assert.deepEqual(await inTurn(4, from('5.5.5.6')), new Array(4).fill('200'))
    await raw.set('otoroshi:throttling:peripquota:5.5.5.5', '10000000')
    await until('it is free', async () => outcomeOf(await from('5.5.5.5')()) === '200', patience)
  })

  it('keep administrators out whom an Otoroshi has barred, and tell of first logins once', async () => {
    const password = await hash('their password', 4)
    for (const username of ['out@example.com', 'in@example.com']) {
      const entity = { username, label: username, password, rights: [{ tenant: '*:rw', teams: ['*:rw'] }] }
      assert.equal((await a.admin('POST', '/apis/security.otoroshi.io/v1/admins', entity)).status, 201)
    }
    const at = (path: string) => `http://otoroshi.oto.tools:${a.port}${path}`
    const logIn = async (username: string) => {
      const browser = new Browser(a.port)
      const page = await browser.submit(await browser.open(at('/')), { username, password: 'their password' })
      return { browser, page }
    }
    await raw.sadd('otoroshi:users:blacklist:backoffice', 'out@example.com')
    const { page: refused } = await logIn('out@example.com')
    assert.equal(refused.status, 404)
    await until('it is told', () => /BlackListedBackOfficeUserAlert/.test(told()), patience)
    const { page, browser } = await logIn('in@example.com')
    assert.equal(page.status, 200)
    assert.match(page.body, /Welcome/)
    await logIn('in@example.com')
    await until('both are told', () => /"AdminLoggedInAlert"/.test(told()), patience)
    const alerts = told()
      .split('\r\n')
      .filter(line => /"Admin(FirstLogin|LoggedInAlert)"/.test(line))
      .map(line => JSON.parse(line))
    assert.deepEqual(
      alerts.map(({ alert, userEmail }) => [alert, userEmail]),
      [
        ['AdminFirstLogin', 'in@example.com'],
        ['AdminLoggedInAlert', 'in@example.com'],
      ],
    )
    await raw.sadd('otoroshi:users:blacklist:backoffice', 'in@example.com')
    await until('he is out', async () => !/Welcome/.test((await browser.open(at('/'))).body), patience)
  })
})
