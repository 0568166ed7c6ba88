/** Limits of the global configuration, alerts, and what outlives a process. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startBackend } from './support/backend.ts'
import { startGateway } from './support/gateway.ts'
import { call, type Got } from './support/http.ts'
import { basic, inTurn, KEYS, LimitedGateway, limitsEnv, outcomeOf, quota } from './support/limited.ts'
import { until } from './support/wait.ts'

const on = new LimitedGateway()
before(() => on.start())
after(() => on.stop())

describe('limits of the global configuration', () => {
  it('hold for each address and for all routes, but not for the admin API', async () => {
    await on.add('free', [])
    await on.add('exempt', [], { metadata: { 'otoroshi-core-apply-legacy-checks': 'false' } })
    await on.add('asked', [quota('GlobalPerIpAddressThrottling'), quota('GlobalThrottling')], {
      metadata: { 'otoroshi-core-apply-legacy-checks': 'false' },
    })
    const from = (ip: string) => () => on.get('free', { 'X-Forwarded-For': ip })
    await on.setGlobal({ perIpThrottlingQuota: 2, throttlingQuota: 5 })
    assert.deepEqual(await inTurn(3, from('1.1.1.1')), ['200', '200', '429 limit.address'])
    assert.deepEqual(await inTurn(3, from('2.2.2.2')), ['200', '200', '429 limit.address'])
    assert.deepEqual(await inTurn(2, from('3.3.3.3')), ['200', '429 limit.global'])
    assert.deepEqual(await inTurn(2, () => on.get('exempt')), ['200', '200'])
    assert.equal(outcomeOf(await on.get('asked', { 'X-Forwarded-For': '1.1.1.1' })), '429 limit.address')
    assert.equal(outcomeOf(await on.get('asked', { 'X-Forwarded-For': '4.4.4.4' })), '429 limit.global')
    await on.setGlobal({ perIpThrottlingQuota: 10000000, throttlingQuota: 10000000 })
    assert.equal(outcomeOf(await from('1.1.1.1')()), '200')
  })

  it('on requests in flight leave the way to the admin API open', async () => {
    const waiting: (() => void)[] = []
    const slow = await startBackend((_request, response) => void waiting.push(() => response.end('late')))
    await on.gateway.route({
      ...on.route('slow', []),
      backend: { targets: [{ hostname: '127.0.0.1', port: slow.port }] },
    })
    await on.setGlobal({ limitConcurrentRequests: true, maxConcurrentRequests: 2 })
    const held = [on.get('slow'), on.get('slow')]
    await until('both are in flight', () => waiting.length === 2)
    assert.equal(outcomeOf(await on.get('free')), '429 too_many_requests')
    await on.setGlobal({ limitConcurrentRequests: false })
    assert.equal(outcomeOf(await on.get('free')), '200')
    for (const go of waiting) go()
    assert.deepEqual((await Promise.all(held)).map(outcomeOf), ['200', '200'])
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
    const created = await on.gateway.admin('POST', '/apis/events.otoroshi.io/v1/data-exporters', {
      id: 'alerts',
      name: 'alerts',
      enabled: true,
      type: 'file',
      groupSize: 1,
      groupDuration: 20,
      config: { path, maxFileSize: 10_000_000 },
      filtering: {
        include: ['AlertEvent', 'GatewayEvent', 'AuditEvent'].map(type => ({ '@type': type })),
        exclude: [],
      },
    })
    assert.equal(created.status, 201, created.text)
    await on.setGlobal({
      quotasSettings: { enabled: true, dailyQuotasThreshold: 0.5, monthlyQuotasThreshold: 0.9 },
    })
    await on.addKey('alerted', { dailyQuota: 4, monthlyQuota: 1000 })
    await until('events are wanted', async () => {
      await on.get('keyed', basic('admin-api-apikey-id'))
      return events().length > 0
    })
    for (let i = 0; i < 7; i++) await on.get('keyed', basic('alerted'))
    const alerts = (name: string): Event[] =>
      events().filter(
        event => event['alert'] === name && (event['apikey'] as Event | null)?.['clientId'] === 'alerted',
      )
    // Events of two threads come in no order: the other thread may tell of the third call before.
    const [exceeded, almost] = await until('both are told', () => {
      const used = (event: Event) => (event['remaining'] as Event)['currentCallsPerDay']
      const [first] = alerts('QuotasExceeded')
      const second = alerts('QuotasAlmostExceeded').find(event => used(event) === 2)
      return first !== undefined && second !== undefined ? ([first, second] as const) : null
    })
    assert.equal(exceeded['reason'], 'daily_quotas_exceeded')
    const { metadata, ...key } = exceeded['apikey'] as Event
    assert.equal(typeof metadata, 'object')
    assert.deepEqual(key, { clientId: 'alerted', clientName: 'alerted', tags: [] })
    assert.equal((exceeded['remaining'] as Event)['remainingCallsPerDay'], 0)
    assert.equal(almost['reason'], 'daily_quotas_almost_exceeded')
    assert.deepEqual(almost['settings'], {
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
    assert.equal((await on.gateway.admin('PUT', '/api/apikeys/alerted/quotas')).status, 200)
    const [reset] = await until('the reset is told', () => {
      const found = events().filter(event => event['action'] === 'RESET_APIKEY_QUOTAS')
      return found.length > 0 ? found : null
    })
    assert.deepEqual(reset!['metadata'], { clientId: 'alerted' })
    await on.add('shadowed', [quota('ApikeyCalls', { shadow_quotas: true })])
    await on.addKey('shadow', { dailyQuota: 0, authorizedEntities: ['route_shadowed'] })
    const shadowed = await until('the call beyond its limit is told', async () => {
      await on.get('shadowed', basic('shadow'))
      return events().find(event => JSON.stringify(event['extraInfos'] ?? null).includes('overLimits'))
    })
    assert.deepEqual(shadowed['extraInfos'], { overLimits: ['apikey-day'] })
    const refused = served().find(event => event['status'] === 429)
    assert.deepEqual(refused!['extraInfos'], { apikey_rejection_reason: "apikey 'alerted' quotas exceeded" })
    // One for each thread at most: they do not talk about it.
    assert.ok(alerts('QuotasExceeded').length <= 2)
    assert.ok(alerts('QuotasAlmostExceeded').length <= 2)
  })
})

describe('counters of a day and a month', () => {
  it('survive a restart, and a kill but for the calls of the last moments', async () => {
    const own = await startGateway({ threads: 2, env: limitsEnv })
    const at = (port: number): Promise<Got> => call(port, 'http://kept.test/', { headers: basic('kept') })
    const key = {
      clientId: 'kept',
      clientSecret: 's',
      clientName: 'kept',
      dailyQuota: 6,
      authorizedEntities: ['route_kept'],
    }
    await own.route(on.route('kept', [quota('ApikeyCalls')]))
    assert.equal((await own.admin('POST', KEYS, key)).status, 201)
    assert.deepEqual(await inTurn(2, () => at(own.port)), ['200', '200'])
    await own.stopKeeping()
    const again = await startGateway({ threads: 2, env: limitsEnv, dataDir: own.dataDir })
    assert.deepEqual(await inTurn(2, () => at(again.port)), ['200', '200'])
    await until('the store knows', async () => {
      const { json } = await again.admin('GET', '/api/apikeys/kept/quotas')
      return json.currentCallsPerDay === 4
    })
    again.child.kill('SIGKILL')
    await until('it is gone', () => again.child.signalCode !== null)
    const last = await startGateway({ threads: 2, env: limitsEnv, dataDir: own.dataDir })
    assert.deepEqual(await inTurn(3, () => at(last.port)), ['200', '200', '429 apikey.quotas_exceeded'])
    await last.stop()
    rmSync(own.dataDir, { recursive: true })
  })
})
