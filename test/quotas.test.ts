/** Limits of API keys and of plugins, as clients and administrators see them: one on.gateway, a route for each. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { call, type Got } from './support/http.ts'
import { basic, counted, inTurn, KEYS, LimitedGateway, outcomeOf, quota } from './support/limited.ts'
import { until } from './support/wait.ts'

const on = new LimitedGateway()
before(async () => {
  await on.start()
  await on.add('looked', [quota('ApikeyCalls', { update_quotas: false })])
})
after(() => on.stop())

describe('limits of API keys', () => {
  it('pass exactly their calls over all threads, and say what is left', async () => {
    await on.addKey('exact', { throttlingQuota: 30, dailyQuota: 25, monthlyQuota: 40 })
    const first = await on.get('keyed', basic('exact'))
    assert.deepEqual(
      [first.headers['otoroshi-daily-calls-remaining'], first.headers['otoroshi-monthly-calls-remaining']],
      ['24', '39'],
    )
    assert.match(
      String(first.headers['ratelimit-policy']),
      /^"apikey-window";q=30;w=86400, "apikey-day";q=25;w=86400, "apikey-month";q=40;w=2592000$/,
    )
    assert.match(String(first.headers['ratelimit']), /"apikey-day";r=24;t=\d+/)
    const counts = await counted(Array.from({ length: 59 }, () => on.get('keyed', basic('exact'))))
    assert.deepEqual(counts, { 200: 24, '429 apikey.quotas_exceeded': 35 })
    const over = await on.get('keyed', basic('exact'))
    assert.deepEqual(over.json, { 'Otoroshi-Error': 'You performed too much requests' })
    assert.match(String(over.headers['retry-after']), /^\d+$/)
  })

  it('are read and reset by the admin API, over all its paths', async () => {
    await on.addKey('read', { dailyQuota: 3 })
    assert.deepEqual(await inTurn(4, () => on.get('keyed', basic('read'))), [
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
      const answer = await on.gateway.admin('GET', path)
      assert.deepEqual([answer.status, answer.json], [200, expected], path)
    }
    const dry = await on.gateway.admin('PUT', `${paths[0]}?dry_run=true`)
    assert.deepEqual(dry.json, expected)
    for (const [method, path] of [
      ['PUT', paths[0]!],
      ['DELETE', paths[1]!],
    ] as const) {
      const reset = await on.gateway.admin(method, path)
      assert.deepEqual(
        [reset.status, reset.json.currentCallsPerDay, reset.json.currentCallsPerMonth],
        [200, 0, 0],
        reset.text,
      )
      assert.equal(reset.json.throttlingCallsPerWindow, method === 'PUT' ? 3 : 4)
      assert.equal(outcomeOf(await on.get('keyed', basic('read'))), '200')
    }
  })

  it('are there for keys that are granted, and readable, only', async () => {
    const missing = await on.gateway.admin('GET', '/api/apikeys/nobody/quotas')
    assert.deepEqual([missing.status, missing.json.error], [404, "ApiKey with clientId 'nobody' not found"])
    for (const path of ['/api/groups/default/apikeys/read/quotas', '/api/routes/nowhere/apikeys/read/quotas'])
      assert.equal((await on.gateway.admin('GET', path)).status, 404, path)
    const rights = JSON.stringify([{ tenant: 'other:rw', teams: ['*:rw'] }])
    const stranger = {
      clientId: 'stranger',
      clientSecret: 's',
      clientName: 'stranger',
      authorizedEntities: ['group_admin-api-group'],
      metadata: { 'otoroshi-access-rights': rights },
    }
    assert.equal((await on.gateway.admin('POST', KEYS, stranger)).status, 201)
    for (const method of ['GET', 'PUT', 'DELETE'])
      assert.equal(
        (await on.gateway.admin(method, '/api/apikeys/read/quotas', undefined, basic('stranger'))).status,
        404,
      )
    const reader = JSON.stringify([{ tenant: '*:r', teams: ['*:r'] }])
    const answer = await on.gateway.admin('PUT', `${KEYS}/stranger`, {
      ...stranger,
      metadata: { 'otoroshi-access-rights': reader },
    })
    assert.equal(answer.status, 200, answer.text)
    assert.equal(
      (await on.gateway.admin('GET', '/api/apikeys/read/quotas', undefined, basic('stranger'))).status,
      200,
    )
    assert.equal(
      (await on.gateway.admin('PUT', '/api/apikeys/read/quotas', undefined, basic('stranger'))).status,
      403,
    )
  })

  it('are not used by calls that only look, which need a call left', async () => {
    await on.addKey('looker', { dailyQuota: 1 })
    assert.deepEqual(await inTurn(3, () => on.get('looked', basic('looker'))), ['200', '200', '200'])
    assert.equal(outcomeOf(await on.get('keyed', basic('looker'))), '200')
    assert.equal(outcomeOf(await on.get('looked', basic('looker'))), '429 apikey.quotas_exceeded')
  })

  it('outlive every change of the configuration', async () => {
    await on.addKey('changed', { dailyQuota: 3 })
    assert.deepEqual(await inTurn(2, () => on.get('keyed', basic('changed'))), ['200', '200'])
    const key = {
      clientId: 'changed',
      clientSecret: 's',
      clientName: 'other name',
      dailyQuota: 4,
      authorizedEntities: ['route_keyed'],
    }
    assert.equal((await on.gateway.admin('PUT', `${KEYS}/changed`, key)).status, 200)
    const put = await on.gateway.admin(
      'PUT',
      '/apis/proxy.otoroshi.io/v1/routes/keyed',
      on.route('keyed', [quota('ApikeyCalls')]),
    )
    assert.equal(put.status, 200, put.text)
    assert.deepEqual(await inTurn(3, () => on.get('keyed', basic('changed'))), [
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
      await on.addKey(`strategy-${name}`, { throttlingStrategy: strategy, throttlingQuota: 0 })
      assert.deepEqual(await inTurn(3, () => on.get('keyed', basic(`strategy-${name}`))), [
        '200',
        '200',
        '429 apikey.quotas_exceeded',
      ])
      const read = await on.gateway.admin('GET', `/api/apikeys/strategy-${name}/quotas`)
      assert.equal(read.json.currentCallsPerDay, 2)
    })

  it('of one name are windows of their own where they differ in kind or length', async () => {
    const strategy = (windowDurationMs: number) => ({
      throttlingStrategy: {
        id: 'FixedWindowStrategyConfig',
        bucketKey: 'one name',
        windowDurationMs,
        quota: { window: 2 },
      },
    })
    const bucket = {
      throttlingStrategy: {
        id: 'LocalTokensBucketStrategyConfig',
        bucketKey: 'one name',
        capacity: 2,
        refillRequestIntervalMs: 86_400_000,
        refillRequestedTokens: 1,
      },
    }
    await on.addKey('a-day', strategy(86_400_000))
    await on.addKey('an-hour', strategy(3_600_000))
    await on.addKey('a-bucket', bucket)
    await on.addKey('an-hour-too', strategy(3_600_000))
    const seen: string[] = []
    for (let i = 0; i < 3; i++)
      for (const id of ['a-day', 'an-hour', 'a-bucket'])
        seen.push(`${id} ${outcomeOf(await on.get('keyed', basic(id)))}`)
    const refused = seen.filter(one => !one.endsWith(' 200')).map(one => one.split(' ')[0])
    assert.deepEqual(refused, ['a-day', 'an-hour', 'a-bucket'], seen.join(', '))
    assert.equal(outcomeOf(await on.get('keyed', basic('an-hour-too'))), '429 apikey.quotas_exceeded')
    const { json } = await on.gateway.admin('GET', '/api/apikeys/an-hour/quotas')
    assert.deepEqual([json.throttlingCallsPerWindow, json.remainingCallsPerWindow], [2, 0])
  })

  it('that are reset begin anew for all that share their name', async () => {
    const strategy = (more: object) => ({
      throttlingStrategy: { bucketKey: 'reset together', quota: { daily: 3 }, ...more },
    })
    await on.addKey('reset-window', strategy({ id: 'FixedWindowStrategyConfig', windowDurationMs: 1000 }))
    await on.addKey('reset-bucket', strategy({ id: 'LocalTokensBucketStrategyConfig' }))
    const over = '429 apikey.quotas_exceeded'
    assert.deepEqual(await inTurn(4, () => on.get('keyed', basic('reset-window'))), [
      '200',
      '200',
      '200',
      over,
    ])
    await until('the other one knows', async () =>
      outcomeOf(await on.get('keyed', basic('reset-bucket'))) === over ? true : null,
    )
    assert.equal((await on.gateway.admin('DELETE', '/api/apikeys/reset-window/quotas')).status, 200)
    for (const id of ['reset-window', 'reset-bucket'])
      assert.equal(outcomeOf(await on.get('keyed', basic(id))), '200', id)
  })

  it('of a strategy nobody knows are refused when they are written', async () => {
    for (const throttlingStrategy of [{ id: 'Other' }, { quota: { window: 1 } }]) {
      const key = { clientId: 'unknown', clientSecret: 's', clientName: 'unknown', throttlingStrategy }
      const { status, json } = await on.gateway.admin('POST', KEYS, key)
      assert.equal(status, 400)
      assert.match(JSON.stringify(json), /throttlingStrategy.*FixedWindowStrategyConfig/)
    }
    await on.addKey('no-strategy', { throttlingStrategy: {}, dailyQuota: 1 })
    assert.equal(outcomeOf(await on.get('keyed', basic('no-strategy'))), '200')
  })

  it('hold for keys that another plugin attached, and take each call once', async () => {
    await on.add('attached', [quota('ApikeyAuthModule'), quota('ApikeyCalls'), quota('ApikeyQuotas')])
    await on.addKey('attached', { dailyQuota: 2, authorizedEntities: ['route_attached'] })
    assert.deepEqual(await inTurn(3, () => on.get('attached', basic('attached'))), [
      '200',
      '200',
      '429 apikey.quotas_exceeded',
    ])
    await on.add('twice', [quota('ApikeyCalls'), quota('ApikeyCalls')])
    await on.addKey('twice', { dailyQuota: 2, authorizedEntities: ['route_twice'] })
    assert.deepEqual(await inTurn(3, () => on.get('twice', basic('twice'))), [
      '200',
      '200',
      '429 apikey.quotas_exceeded',
    ])
  })

  it('are told of, not enforced, in shadow', async () => {
    await on.add('shadowed', [quota('ApikeyCalls', { shadow_quotas: true })], { debug_flow: true })
    await on.addKey('shadow', { dailyQuota: 1, authorizedEntities: ['route_shadowed'] })
    assert.deepEqual(await inTurn(2, () => on.get('shadowed', basic('shadow'))), ['200', '200'])
    const flows = await until('the report is there', async () => {
      const { json } = await on.gateway.admin('GET', '/api/flows?route=shadowed')
      return json.length === 2 ? json : null
    })
    assert.match(JSON.stringify(flows[0]), /"over_limits":\["apikey-day"\]/)
    assert.doesNotMatch(JSON.stringify(flows[1]), /over_limits/)
  })

  it('never close the admin API', async () => {
    const path = `${KEYS}/admin-api-apikey-id`
    const { json } = await on.gateway.admin('GET', path)
    assert.equal(
      (await on.gateway.admin('PUT', path, { ...json, dailyQuota: 0, throttlingQuota: 0 })).status,
      200,
    )
    assert.equal((await on.gateway.admin('PUT', path, json)).status, 200)
  })

  it('count nothing for a request that is only thought of', async () => {
    await on.addKey('thought', { dailyQuota: 1 })
    const request = { method: 'GET', url: 'http://keyed.test/', headers: basic('thought') }
    for (let i = 0; i < 3; i++)
      assert.equal((await on.gateway.admin('POST', '/api/explain', request)).status, 200)
    assert.equal(outcomeOf(await on.get('keyed', basic('thought'))), '200')
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
      await on.add(`${id}-default`, [quota(name)])
      assert.deepEqual(await inTurn(3, () => on.get(`${id}-default`)), ['200', '200', '200'])
      await on.add(id, [quota(name, config)])
      const counts = await counted(Array.from({ length: 12 }, () => on.get(id)))
      assert.deepEqual(counts, { 200: 2, [refusal]: 10 })
    })

  it('go on with their day when their settings change, two of a kind each for itself', async () => {
    const limiter = (windowDurationMs: number, daily: number) =>
      quota('FixedWindow', { windowDurationMs, quota: { daily } })
    const set = async (first: object, second: object): Promise<void> => {
      const path = '/apis/proxy.otoroshi.io/v1/routes/day'
      const put = await on.gateway.admin('PUT', path, on.route('day', [first, second]))
      assert.equal(put.status, 200, put.text)
    }
    await on.add('day', [limiter(3_600_000, 3), limiter(3_600_000, 100)])
    assert.deepEqual(await inTurn(2, () => on.get('day')), ['200', '200'])
    await set(limiter(7_200_000, 3), limiter(1_800_000, 100))
    assert.deepEqual(await inTurn(2, () => on.get('day')), ['200', limited])
    // Each call was counted once by each of them: the second has 97 left.
    await set(limiter(7_200_000, 1000), limiter(1_800_000, 5))
    assert.deepEqual(await inTurn(3, () => on.get('day')), ['200', '200', limited])
  })

  it('ApikeyQuotas counts keys and refuses none', async () => {
    const calls = quota('ApikeyCalls', { update_quotas: false })
    await on.add('counted', [calls, quota('ApikeyQuotas')])
    await on.addKey('counted', { authorizedEntities: ['route_counted'] })
    await inTurn(2, () => on.get('counted', basic('counted')))
    assert.equal((await on.gateway.admin('GET', '/api/apikeys/counted/quotas')).json.currentCallsPerDay, 2)
  })

  for (const name of ['RequestBandwidthThrottling', 'ResponseBandwidthThrottling'])
    it(`${name} refuses a group once it has used its bytes, and slows a body down`, async () => {
      const id = name.toLowerCase()
      const config = { kind: 'per_node', throttling_quota: '1500', window_millis: '86400000' }
      const send = (host: string, size: number): Promise<Got> =>
        call(on.gateway.port, `http://${host}.test/`, { method: 'POST', body: 'x'.repeat(size) })
      await on.add(id, [quota(name, config)])
      assert.equal(outcomeOf(await send(id, 1000)), '200')
      // The one that goes beyond is ended: refused, or cut where its answer had begun.
      await send(id, 2000).catch(() => {})
      assert.equal(outcomeOf(await send(id, 10)), '413 limit.bandwidth')
      await on.add(`${id}-slow`, [
        quota(name, { throttling_quota: '4000', window_millis: '400', fail: false }),
      ])
      const begin = performance.now()
      const got = await send(`${id}-slow`, 8000)
      assert.equal(got.json.body.length, 8000)
      assert.ok(performance.now() - begin > 300)
      await on.add(`${id}-fast`, [quota(name, { throttling_quota: '100', window_millis: '86400000' })])
      const cut = await send(`${id}-fast`, 5000).then(outcomeOf, () => 'cut')
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
      const { status } = await on.gateway.admin(
        'POST',
        '/apis/proxy.otoroshi.io/v1/routes',
        on.route(id, [quota(name, config)]),
      )
      assert.equal(status, 201)
      assert.match(outcomeOf(await on.get(id)), /^503 plugin\.(invalid_config|setup_failed)/, name)
      const { json } = await on.gateway.admin('GET', '/api/status')
      const fault = json.faults.find((one: { id: string }) => one.id === id)
      assert.match(JSON.stringify(fault), new RegExp(path), name)
    }
  })
})
