/** Limits under settings of the whole gateway: shadow, and the zone of days. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { basic, counted, inTurn, LimitedGateway, outcomeOf, quota } from './support/limited.ts'
import { call } from './support/http.ts'
import { until } from './support/wait.ts'

const ZONE = 'Pacific/Kiritimati'
const on = new LimitedGateway()
before(() => on.start({ OTOROSHI_LIMITS_SHADOW: 'true', OTOROSHI_LIMITS_TIME_ZONE: ZONE }))
after(() => on.stop())

/** What the flow reports of a route say is over its limits. */
const overLimits = (route: string, count: number): Promise<string[][]> =>
  until('the reports are there', async () => {
    const { json } = await on.gateway.admin('GET', `/api/flows?route=${route}`)
    if (json.length !== count) return null
    return json.map((report: unknown) => {
      const [, list = ''] = /"over_limits":\[([^\]]*)\]/.exec(JSON.stringify(report)) ?? []
      return list.split(',').filter(one => one !== '')
    })
  })

describe('otoroshi.limits.shadow', () => {
  it('refuses nobody for keys, plugins and limits of the whole gateway, and tells of all', async () => {
    const hour = { windowDurationMs: 3_600_000, quota: { window: 0 } }
    const plugins = [
      quota('ApikeyCalls'),
      quota('FixedWindow', hour),
      quota('NgServiceQuotas', { daily_quota: 0 }),
    ]
    await on.add('shadowed', plugins, { debug_flow: true })
    await on.addKey('over', { monthlyQuota: 0, authorizedEntities: ['route_shadowed'] })
    await on.setGlobal({ throttlingQuota: 1, perIpThrottlingQuota: 1 })
    assert.deepEqual(await inTurn(2, () => on.get('shadowed', basic('over'))), ['200', '200'])
    await on.setGlobal({ throttlingQuota: 10_000_000, perIpThrottlingQuota: 10_000_000 })
    const [last = []] = await overLimits('shadowed', 2)
    assert.deepEqual(last.toSorted(), [
      '"address-window"',
      '"apikey-month"',
      '"global-window"',
      '"limiter-window"',
      '"route-day"',
    ])
  })

  for (const name of ['RequestBandwidthThrottling', 'ResponseBandwidthThrottling'])
    it(`lets bodies through that ${name} would end or slow down`, async () => {
      const kinds = {
        request: { throttling_quota: '10', window_millis: '86400000' },
        slow: { throttling_quota: '10', window_millis: '86400000', fail: false },
        none: { throttling_quota: '0', window_millis: '86400000' },
        unreadable: { throttling_quota: '${req.query.none}' },
        node: { kind: 'per_node', throttling_quota: '10', window_millis: '86400000' },
        cluster: { kind: 'per_cluster', throttling_quota: '10', window_millis: '86400000' },
      }
      for (const [kind, config] of Object.entries(kinds)) {
        const id = `${name}-${kind}`.toLowerCase()
        await on.add(id, [quota(name, config)], { debug_flow: true })
        for (let i = 0; i < 2; i++) {
          const got = await call(on.gateway.port, `http://${id}.test/`, {
            method: 'POST',
            body: 'x'.repeat(5000),
          })
          assert.deepEqual([outcomeOf(got), got.json?.body?.length], ['200', 5000], id)
        }
        for (const told of await overLimits(id, 2)) assert.deepEqual(told, ['"bandwidth-window"'], id)
      }
    })

  it('lets more requests in at once than the gateway wants', async () => {
    await on.setGlobal({ maxConcurrentRequests: 1, limitConcurrentRequests: true })
    await on.add('crowd', [quota('NgDefaultRequestBody')])
    const seen = await counted(Array.from({ length: 40 }, () => on.get('crowd')))
    assert.deepEqual(seen, { 200: 40 })
  })
})

describe('otoroshi.limits.timeZone', () => {
  it('is where days and months end', async () => {
    await on.addKey('zoned', { dailyQuota: 10 })
    const { headers } = await on.get('keyed', basic('zoned'))
    const left = Number(/"apikey-day";r=9;t=(\d+)/.exec(String(headers['ratelimit']))?.[1])
    const parts = new Intl.DateTimeFormat('en', {
      timeZone: ZONE,
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      hourCycle: 'h23',
    }).formatToParts()
    const of = (type: string): number => Number(parts.find(part => part.type === type)?.value)
    const wanted = 86_400 - (of('hour') * 3600 + of('minute') * 60 + of('second'))
    // Both are the end of the same day; a midnight in between makes them differ by a day.
    const apart = Math.abs(left - wanted) % 86_400
    assert.ok(Math.min(apart, 86_400 - apart) <= 5, `${left} seconds are left, not ${wanted}`)
  })
})
