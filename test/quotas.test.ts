/** Counting of calls, as clients and administrators see it: one gateway, a route for each limit. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type Got } from './support/http.ts'
import { until } from './support/wait.ts'

const KEYS = '/apis/apim.otoroshi.io/v1/apikeys'
/** Windows no test sees the end of. */
const env = {
  OTOROSHI_THROTTLING_WINDOW: '86400',
  OTOROSHI_LIMITS_STORE_EVERY: '50',
  OTOROSHI_LIMITS_RATE_LIMIT_FIELDS: 'true',
}
const quota = (name: string, config: object = {}) => ({ plugin: `cp:otoroshi.next.plugins.${name}`, config })

let gateway: TestGateway
let backend: Backend

const route = (id: string, plugins: object[], more: object = {}) => ({
  id,
  name: id,
  frontend: { domains: [`${id}.test`] },
  backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
  plugins,
  ...more,
})
const basic = (id: string) => ({ Authorization: `Basic ${Buffer.from(`${id}:s`).toString('base64')}` })
const get = (id: string, headers: Record<string, string> = {}): Promise<Got> =>
  call(gateway.port, `http://${id}.test/`, { headers })
const reason = ({ status, headers }: Got): string =>
  headers['otoroshi-error-reason'] === undefined
    ? String(status)
    : `${status} ${headers['otoroshi-error-reason']}`

async function inTurn(count: number, one: () => Promise<Got>): Promise<string[]> {
  const list: string[] = []
  for (let i = 0; i < count; i++) list.push(reason(await one()))
  return list
}

async function tally(all: readonly Promise<Got>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const got of await Promise.all(all)) counts[reason(got)] = (counts[reason(got)] ?? 0) + 1
  return counts
}

async function addKey(clientId: string, more: object): Promise<void> {
  const key = {
    clientId,
    clientSecret: 's',
    clientName: clientId,
    authorizedEntities: ['route_keyed', 'route_looked'],
  }
  const answer = await gateway.admin('POST', KEYS, { ...key, ...more })
  assert.equal(answer.status, 201, answer.text)
}

async function setGlobal(values: object): Promise<void> {
  const patch = Object.entries(values).map(([key, value]) => ({ op: 'replace', path: `/${key}`, value }))
  const answer = await gateway.admin('PATCH', '/api/globalconfig', patch)
  assert.equal(answer.status, 200, answer.text)
}

before(async () => {
  gateway = await startGateway({ threads: 2, env })
  backend = await startBackend()
  const back = quota('SendOtoroshiHeadersBack')
  await gateway.route(route('keyed', [quota('ApikeyCalls'), back]))
  await gateway.route(route('looked', [quota('ApikeyCalls', { update_quotas: false })]))
})
after(async () => {
  await gateway.stop()
  await backend.close()
})

describe('limits of API keys', () => {
  it('pass exactly their calls over all threads, and say what is left', async () => {
    await addKey('exact', { throttlingQuota: 30, dailyQuota: 25, monthlyQuota: 40 })
    const first = await get('keyed', basic('exact'))
    assert.deepEqual(
      [first.headers['otoroshi-daily-calls-remaining'], first.headers['otoroshi-monthly-calls-remaining']],
      ['24', '39'],
    )
    assert.match(
      String(first.headers['ratelimit-policy']),
      /^"apikey-window";q=30;w=86400, "apikey-day";q=25;w=86400, "apikey-month";q=40;w=2592000$/,
    )
    assert.match(String(first.headers['ratelimit']), /"apikey-day";r=24;t=\d+/)
    const counts = await tally(Array.from({ length: 59 }, () => get('keyed', basic('exact'))))
    assert.deepEqual(counts, { 200: 24, '429 apikey.quotas_exceeded': 35 })
    const over = await get('keyed', basic('exact'))
    assert.deepEqual(over.json, { 'Otoroshi-Error': 'You performed too much requests' })
    assert.match(String(over.headers['retry-after']), /^\d+$/)
  })

  it('are read and reset by the admin API, over all its paths', async () => {
    await addKey('read', { dailyQuota: 3 })
    assert.deepEqual(await inTurn(4, () => get('keyed', basic('read'))), [
      '200',
      '200',
      '200',
      '429 apikey.quotas_exceeded',
    ])
    const expected = {
      authorizedCallsPerWindow: 10000000,
      throttlingCallsPerWindow: 3,
      remainingCallsPerWindow: 9999997,
      authorizedCallsPerDay: 3,
      currentCallsPerDay: 3,
      remainingCallsPerDay: 0,
      authorizedCallsPerMonth: 10000000,
      currentCallsPerMonth: 3,
      remainingCallsPerMonth: 9999997,
    }
    const paths = ['/api/apikeys/read/quotas', '/api/routes/keyed/apikeys/read/quotas', `${KEYS}/read/quotas`]
    for (const path of paths) {
      const answer = await gateway.admin('GET', path)
      assert.deepEqual([answer.status, answer.json], [200, expected], path)
    }
    const dry = await gateway.admin('PUT', `${paths[0]}?dry_run=true`)
    assert.deepEqual(dry.json, expected)
    for (const [method, path] of [
      ['PUT', paths[0]!],
      ['DELETE', paths[1]!],
    ] as const) {
      const reset = await gateway.admin(method, path)
      assert.deepEqual(
        [reset.status, reset.json.currentCallsPerDay, reset.json.currentCallsPerMonth],
        [200, 0, 0],
        reset.text,
      )
      assert.equal(reset.json.throttlingCallsPerWindow, method === 'PUT' ? 3 : 4)
      assert.equal(reason(await get('keyed', basic('read'))), '200')
    }
  })

  it('are there for keys that are granted, and readable, only', async () => {
    const missing = await gateway.admin('GET', '/api/apikeys/nobody/quotas')
    assert.deepEqual([missing.status, missing.json.error], [404, "ApiKey with clientId 'nobody' not found"])
    for (const path of ['/api/groups/default/apikeys/read/quotas', '/api/routes/nowhere/apikeys/read/quotas'])
      assert.equal((await gateway.admin('GET', path)).status, 404, path)
    const rights = JSON.stringify([{ tenant: 'other:rw', teams: ['*:rw'] }])
    const stranger = {
      clientId: 'stranger',
      clientSecret: 's',
      clientName: 'stranger',
      authorizedEntities: ['group_admin-api-group'],
      metadata: { 'otoroshi-access-rights': rights },
    }
    assert.equal((await gateway.admin('POST', KEYS, stranger)).status, 201)
    for (const method of ['GET', 'PUT', 'DELETE'])
      assert.equal(
        (await gateway.admin(method, '/api/apikeys/read/quotas', undefined, basic('stranger'))).status,
        404,
      )
    const reader = JSON.stringify([{ tenant: '*:r', teams: ['*:r'] }])
    const answer = await gateway.admin('PUT', `${KEYS}/stranger`, {
      ...stranger,
      metadata: { 'otoroshi-access-rights': reader },
    })
    assert.equal(answer.status, 200, answer.text)
    assert.equal(
      (await gateway.admin('GET', '/api/apikeys/read/quotas', undefined, basic('stranger'))).status,
      200,
    )
    assert.equal(
      (await gateway.admin('PUT', '/api/apikeys/read/quotas', undefined, basic('stranger'))).status,
      403,
    )
  })

  it('are not used by calls that only look, which need a call left', async () => {
    await addKey('looker', { dailyQuota: 1 })
    assert.deepEqual(await inTurn(3, () => get('looked', basic('looker'))), ['200', '200', '200'])
    assert.equal(reason(await get('keyed', basic('looker'))), '200')
    assert.equal(reason(await get('looked', basic('looker'))), '429 apikey.quotas_exceeded')
  })

  it('outlive every change of the configuration', async () => {
    await addKey('changed', { dailyQuota: 3 })
    assert.deepEqual(await inTurn(2, () => get('keyed', basic('changed'))), ['200', '200'])
    const key = {
      clientId: 'changed',
      clientSecret: 's',
      clientName: 'other name',
      dailyQuota: 4,
      authorizedEntities: ['route_keyed'],
    }
    assert.equal((await gateway.admin('PUT', `${KEYS}/changed`, key)).status, 200)
    const put = await gateway.admin(
      'PUT',
      '/apis/proxy.otoroshi.io/v1/routes/keyed',
      route('keyed', [quota('ApikeyCalls')]),
    )
    assert.equal(put.status, 200, put.text)
    assert.deepEqual(await inTurn(3, () => get('keyed', basic('changed'))), [
      '200',
      '200',
      '429 apikey.quotas_exceeded',
    ])
  })

  for (const [name, strategy] of Object.entries({
    FixedWindow: { id: 'FixedWindowStrategyConfig', windowDurationMs: 86_400_000, quota: { window: 2 } },
    LocalTokensBucket: {
      id: 'LocalTokensBucketStrategyConfig',
      capacity: 2,
      refillRequestIntervalMs: 86_400_000,
      refillRequestedTokens: 1,
    },
    DistributedRedis: { id: 'DistributedRedisThrottlingStrategyConfig', quota: { window: 2 } },
    Lua: { id: 'LuaDistributedRedisThrottlingStrategyConfig', quota: { daily: 2 } },
    Legacy: { id: 'LegacyThrottlingStrategyConfig', quota: { monthly: 2 } },
  }))
    it(`follow the strategy ${name}`, async () => {
      await addKey(`strategy-${name}`, { throttlingStrategy: strategy, throttlingQuota: 0 })
      assert.deepEqual(await inTurn(3, () => get('keyed', basic(`strategy-${name}`))), [
        '200',
        '200',
        '429 apikey.quotas_exceeded',
      ])
      const read = await gateway.admin('GET', `/api/apikeys/strategy-${name}/quotas`)
      assert.equal(read.json.currentCallsPerDay, 2)
    })

  it('are told of, not enforced, in shadow', async () => {
    await gateway.route(
      route('shadowed', [quota('ApikeyCalls', { shadow_quotas: true })], { debug_flow: true }),
    )
    await addKey('shadow', { dailyQuota: 1, authorizedEntities: ['route_shadowed'] })
    assert.deepEqual(await inTurn(2, () => get('shadowed', basic('shadow'))), ['200', '200'])
    const flows = await until('the report is there', async () => {
      const { json } = await gateway.admin('GET', '/api/flows?route=shadowed')
      return json.length === 2 ? json : null
    })
    assert.match(JSON.stringify(flows[0]), /"over_limits":\["apikey-day"\]/)
    assert.doesNotMatch(JSON.stringify(flows[1]), /over_limits/)
  })

  it('never close the admin API', async () => {
    const path = `${KEYS}/admin-api-apikey-id`
    const { json } = await gateway.admin('GET', path)
    assert.equal(
      (await gateway.admin('PUT', path, { ...json, dailyQuota: 0, throttlingQuota: 0 })).status,
      200,
    )
    assert.equal((await gateway.admin('PUT', path, json)).status, 200)
  })

  it('count nothing for a request that is only thought of', async () => {
    await addKey('thought', { dailyQuota: 1 })
    const request = { method: 'GET', url: 'http://keyed.test/', headers: basic('thought') }
    for (let i = 0; i < 3; i++)
      assert.equal((await gateway.admin('POST', '/api/explain', request)).status, 200)
    assert.equal(reason(await get('keyed', basic('thought'))), '200')
  })
})

describe('plugins that limit', () => {
  const limited = '429 limit.exceeded'
  const over = '403 limit.quotas_exceeded'
  for (const [name, config, refusal] of [
    ['NgServiceQuotas', { throttling_quota: 2 }, over],
    ['NgServiceQuotas', { daily_quota: 2 }, over],
    ['NgCustomThrottling', { throttling_quota: 2 }, over],
    ['NgCustomQuotas', { monthly_quota: 2 }, over],
    ['FixedWindow', { quota: { window: 2 }, windowDurationMs: 86_400_000 }, limited],
    ['LocalTokenBucket', { capacity: 2, refillRequestedTokens: 0 }, limited],
    ['DistributedRedisThrottling', { quota: { window: 2 } }, limited],
    ['LuaDistributedRedisThrottling', { quota: { daily: 2 } }, limited],
  ] as const)
    it(`${name} ${JSON.stringify(config)}`, async () => {
      const id = `${name}-${Object.keys(config)[0]}`.toLowerCase().replaceAll('_', '-')
      await gateway.route(route(`${id}-default`, [quota(name)]))
      assert.deepEqual(await inTurn(3, () => get(`${id}-default`)), ['200', '200', '200'])
      await gateway.route(route(id, [quota(name, config)]))
      const counts = await tally(Array.from({ length: 12 }, () => get(id)))
      assert.deepEqual(counts, { 200: 2, [refusal]: 10 })
    })

  it('ApikeyQuotas counts keys and refuses none', async () => {
    const calls = quota('ApikeyCalls', { update_quotas: false })
    await gateway.route(route('counted', [calls, quota('ApikeyQuotas')]))
    await addKey('counted', { authorizedEntities: ['route_counted'] })
    await inTurn(2, () => get('counted', basic('counted')))
    assert.equal((await gateway.admin('GET', '/api/apikeys/counted/quotas')).json.currentCallsPerDay, 0)
  })

  for (const name of ['RequestBandwidthThrottling', 'ResponseBandwidthThrottling'])
    it(`${name} refuses a group once it has used its bytes, and slows a body down`, async () => {
      const id = name.toLowerCase()
      const config = { kind: 'per_node', throttling_quota: '1500', window_millis: '86400000' }
      const send = (host: string, size: number): Promise<Got> =>
        call(gateway.port, `http://${host}.test/`, { method: 'POST', body: 'x'.repeat(size) })
      await gateway.route(route(id, [quota(name, config)]))
      assert.equal(reason(await send(id, 1000)), '200')
      // The one that goes beyond is ended: refused, or cut where its answer had begun.
      await send(id, 2000).catch(() => {})
      assert.equal(reason(await send(id, 10)), '413 limit.bandwidth')
      await gateway.route(
        route(`${id}-slow`, [quota(name, { throttling_quota: '4000', window_millis: '400', fail: false })]),
      )
      const begin = performance.now()
      const got = await send(`${id}-slow`, 8000)
      assert.equal(got.json.body.length, 8000)
      assert.ok(performance.now() - begin > 300)
      await gateway.route(
        route(`${id}-fast`, [quota(name, { throttling_quota: '100', window_millis: '86400000' })]),
      )
      const cut = await send(`${id}-fast`, 5000).then(reason, () => 'cut')
      assert.equal(cut, name.startsWith('Request') ? '413 limit.bandwidth' : 'cut')
    })

  it('close their route, and say where, when they are set wrongly', async () => {
    for (const [name, config, path] of [
      ['NgServiceQuotas', { daily_quota: -1 }, 'daily_quota'],
      ['NgCustomThrottling', { throttling_quota: 'x' }, 'throttling_quota'],
      ['NgCustomQuotas', { monthly_quota: 1.5 }, 'monthly_quota'],
      ['FixedWindow', { windowDurationMs: 0 }, 'windowDurationMs'],
      ['LocalTokenBucket', { capacity: 'x' }, 'capacity'],
      ['DistributedRedisThrottling', { quota: { window: -1 } }, 'quota.window'],
      ['LuaDistributedRedisThrottling', { quota: 5 }, 'quota'],
      ['RequestBandwidthThrottling', { kind: 'x' }, 'kind'],
      ['ResponseBandwidthThrottling', { throttling_quota: 'ten' }, 'throttling_quota'],
    ] as const) {
      const id = `wrong-${name.toLowerCase()}`
      const { status } = await gateway.admin(
        'POST',
        '/apis/proxy.otoroshi.io/v1/routes',
        route(id, [quota(name, config)]),
      )
      assert.equal(status, 201)
      assert.match(reason(await get(id)), /^503 plugin\.(invalid_config|setup_failed)/, name)
      const { json } = await gateway.admin('GET', '/api/status')
      const fault = json.faults.find((one: { id: string }) => one.id === id)
      assert.match(JSON.stringify(fault), new RegExp(path), name)
    }
  })
})

describe('limits of the global configuration', () => {
  it('hold for each address and for all routes, but not for the admin API', async () => {
    await gateway.route(route('free', []))
    await gateway.route(route('exempt', [], { metadata: { 'otoroshi-core-apply-legacy-checks': 'false' } }))
    await gateway.route(
      route('asked', [quota('GlobalPerIpAddressThrottling'), quota('GlobalThrottling')], {
        metadata: { 'otoroshi-core-apply-legacy-checks': 'false' },
      }),
    )
    const from = (ip: string) => () => get('free', { 'X-Forwarded-For': ip })
    await setGlobal({ perIpThrottlingQuota: 2, throttlingQuota: 5 })
    assert.deepEqual(await inTurn(3, from('1.1.1.1')), ['200', '200', '429 limit.address'])
    assert.deepEqual(await inTurn(3, from('2.2.2.2')), ['200', '200', '429 limit.address'])
    assert.deepEqual(await inTurn(2, from('3.3.3.3')), ['200', '429 limit.global'])
    assert.deepEqual(await inTurn(2, () => get('exempt')), ['200', '200'])
    assert.equal(reason(await get('asked', { 'X-Forwarded-For': '1.1.1.1' })), '429 limit.address')
    assert.equal(reason(await get('asked', { 'X-Forwarded-For': '4.4.4.4' })), '429 limit.global')
    await setGlobal({ perIpThrottlingQuota: 10000000, throttlingQuota: 10000000 })
    assert.equal(reason(await from('1.1.1.1')()), '200')
  })

  it('on requests in flight leave the way to the admin API open', async () => {
    const waiting: (() => void)[] = []
    const slow = await startBackend((_request, response) => void waiting.push(() => response.end('late')))
    await gateway.route({
      ...route('slow', []),
      backend: { targets: [{ hostname: '127.0.0.1', port: slow.port }] },
    })
    await setGlobal({ limitConcurrentRequests: true, maxConcurrentRequests: 2 })
    const held = [get('slow'), get('slow')]
    await until('both are in flight', () => waiting.length === 2)
    assert.equal(reason(await get('free')), '429 too_many_requests')
    await setGlobal({ limitConcurrentRequests: false })
    assert.equal(reason(await get('free')), '200')
    for (const go of waiting) go()
    assert.deepEqual((await Promise.all(held)).map(reason), ['200', '200'])
    await slow.close()
  })
})

describe('alerts and events', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otoroshi-quotas-'))
  const path = join(folder, 'events.log')
  after(() => rmSync(folder, { recursive: true }))
  type Event = Record<string, unknown>
  const events = (): Event[] =>
    existsSync(path)
      ? readFileSync(path, 'utf8')
          .split('\r\n')
          .slice(0, -1)
          .map(line => JSON.parse(line) as Event)
      : []

  it('tell of quotas that are nearly and entirely used up, once, and what is left', async () => {
    const created = await gateway.admin('POST', '/apis/events.otoroshi.io/v1/data-exporters', {
      id: 'alerts',
      name: 'alerts',
      enabled: true,
      type: 'file',
      groupSize: 1,
      groupDuration: 20,
      config: { path, maxFileSize: 10_000_000 },
      filtering: { include: [{ '@type': 'AlertEvent' }, { '@type': 'GatewayEvent' }], exclude: [] },
    })
    assert.equal(created.status, 201, created.text)
    await setGlobal({
      quotasSettings: { enabled: true, dailyQuotasThreshold: 0.5, monthlyQuotasThreshold: 0.9 },
    })
    await addKey('alerted', { dailyQuota: 4, monthlyQuota: 1000 })
    await until('events are wanted', async () => {
      await get('keyed', basic('admin-api-apikey-id'))
      return events().length > 0
    })
    for (let i = 0; i < 7; i++) await get('keyed', basic('alerted'))
    const alerts = (name: string): Event[] => events().filter(event => event['alert'] === name)
    const [exceeded] = await until('both are told', () => {
      const found = alerts('QuotasExceeded')
      return alerts('QuotasAlmostExceeded').length > 0 && found.length > 0 ? found : null
    })
    assert.equal(exceeded!['reason'], 'daily_quotas_exceeded')
    const { metadata, ...key } = exceeded!['apikey'] as Event
    assert.equal(typeof metadata, 'object')
    assert.deepEqual(key, { clientId: 'alerted', clientName: 'alerted', tags: [] })
    assert.equal((exceeded!['remaining'] as Event)['remainingCallsPerDay'], 0)
    const [almost] = alerts('QuotasAlmostExceeded')
    assert.equal(almost!['reason'], 'daily_quotas_almost_exceeded')
    assert.equal((almost!['remaining'] as Event)['currentCallsPerDay'], 2)
    assert.deepEqual(almost!['settings'], {
      enabled: true,
      dailyQuotasThreshold: 0.5,
      monthlyQuotasThreshold: 0.9,
    })
    const served = (): Event[] =>
      events().filter(
        event =>
          event['@type'] === 'GatewayEvent' &&
          (event['identity'] as Event | null)?.['identity'] === 'alerted',
      )
    await until('all calls are told', () => served().length === 7)
    const left = served().map(event => (event['remainingQuotas'] as Event)['remainingCallsPerDay'])
    assert.deepEqual(left.sort(), [0, 0, 0, 0, 1, 2, 3])
    // One for each thread at most: they do not talk about it.
    assert.ok(alerts('QuotasExceeded').length <= 2)
    assert.ok(alerts('QuotasAlmostExceeded').length <= 2)
  })
})

describe('counters of a day and a month', () => {
  it('survive a restart, and a kill but for the calls of the last moments', async () => {
    const own = await startGateway({ threads: 2, env })
    const at = (port: number): Promise<Got> => call(port, 'http://kept.test/', { headers: basic('kept') })
    const key = {
      clientId: 'kept',
      clientSecret: 's',
      clientName: 'kept',
      dailyQuota: 6,
      authorizedEntities: ['route_kept'],
    }
    await own.route(route('kept', [quota('ApikeyCalls')]))
    assert.equal((await own.admin('POST', KEYS, key)).status, 201)
    assert.deepEqual(await inTurn(2, () => at(own.port)), ['200', '200'])
    await own.stopKeeping()
    const again = await startGateway({ threads: 2, env, dataDir: own.dataDir })
    assert.deepEqual(await inTurn(2, () => at(again.port)), ['200', '200'])
    await until('the store knows', async () => {
      const { json } = await again.admin('GET', '/api/apikeys/kept/quotas')
      return json.currentCallsPerDay === 4
    })
    again.child.kill('SIGKILL')
    await until('it is gone', () => again.child.signalCode !== null)
    const last = await startGateway({ threads: 2, env, dataDir: own.dataDir })
    assert.deepEqual(await inTurn(3, () => at(last.port)), ['200', '200', '429 apikey.quotas_exceeded'])
    await last.stop()
    rmSync(own.dataDir, { recursive: true })
  })
})
