import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { windowPlan } from '../../limits/plan.ts'
import { Attributes, countedCallAttribute } from '../../plugin/index.ts'
import { headerNames, runPlugin } from '../../plugin/testing.ts'
import plugin from './send-otoroshi-headers-back.ts'

describe('protocol fields of the response', () => {
  it('tell id, time and latencies', async () => {
    const start = Date.now()
    const { headers } = await runPlugin(plugin)
    assert.equal(headers.get('otoroshi-request-id'), '1')
    const time = Date.parse(headers.get('otoroshi-request-timestamp')!)
    assert.ok(time >= start && time <= Date.now())
    assert.match(headers.get('otoroshi-proxy-latency')!, /^\d+$/)
    assert.match(headers.get('otoroshi-upstream-latency')!, /^\d+$/)
  })

  it('measure the backend apart from the gateway', async () => {
    const slow = () => {
      for (const until = performance.now() + 30; performance.now() < until; );
      return {}
    }
    const { headers } = await runPlugin(plugin, { backend: slow })
    assert.ok(Number(headers.get('otoroshi-upstream-latency')) >= 30)
    assert.ok(Number(headers.get('otoroshi-proxy-latency')) < 30)
  })

  it('say -1 where nothing was measured', () => {
    const fields = new Map<string, string>()
    const headers = { set: (name: string, value: string) => fields.set(name, value), delete: () => {} }
    const exchange = {
      id: '1',
      startedAt: 0,
      timings: { overheadIn: -1, upstream: -1 },
      response: { headers },
      attributes: new Attributes(),
    }
    const services = { headerNames } as Parameters<typeof plugin.setup>[1]
    void plugin.setup({}, services).response!(
      exchange as unknown as Parameters<NonNullable<ReturnType<typeof plugin.setup>['response']>>[0],
    )
    assert.equal(fields.get('Otoroshi-Proxy-Latency'), '-1')
    assert.equal(fields.get('Otoroshi-Upstream-Latency'), '-1')
  })

  it('tell what is left of the quotas of a key', async () => {
    const { headers } = await runPlugin(plugin, {
      backend: { headers: { 'Otoroshi-Daily-Calls-Remaining': '99' } },
      before: ({ attributes }) =>
        attributes.set(countedCallAttribute, {
          plan: windowPlan(5, 1000, 10, 3),
          figures: Float64Array.of(1, 0, 4, 0, 7, 0),
        }),
    })
    assert.deepEqual(
      [headers.get('otoroshi-daily-calls-remaining'), headers.get('otoroshi-monthly-calls-remaining')],
      ['6', '0'],
    )
  })

  it('cannot come from the backend', async () => {
    const names = [
      'Otoroshi-Request-Id',
      'Otoroshi-Request-Timestamp',
      'Otoroshi-Proxy-Latency',
      'Otoroshi-Upstream-Latency',
      'Otoroshi-Daily-Calls-Remaining',
      'Otoroshi-Monthly-Calls-Remaining',
      'Otoroshi-ApiKey-Rotation-At',
      'Otoroshi-ApiKey-Rotation-Remaining',
    ]
    const fields = names.flatMap(name => [[name, 'forged'] as const, [name.toLowerCase(), 'forged'] as const])
    const { headers } = await runPlugin(plugin, { backend: { headers: [...fields, ['X-A', 'kept']] } })
    assert.ok(![...headers].some(([, value]) => value === 'forged'))
    assert.equal(headers.get('x-a'), 'kept')
    for (const name of names.slice(0, 4)) assert.equal(headers.getAll(name.toLowerCase()).length, 1, name)
  })

  it('have the names of the settings', async () => {
    const services = { headerNames: { ...headerNames, requestId: 'Corr-Id', dailyQuotas: 'Left' } }
    const backend = { headers: { left: 'forged' } }
    const { headers } = await runPlugin(plugin, { backend, services })
    assert.equal(headers.get('corr-id'), '1')
    assert.equal(headers.has('left'), false)
    assert.equal(headers.has('otoroshi-request-id'), false)
  })

  it('do not go to the backend', async () => {
    const { backend } = await runPlugin(plugin)
    assert.deepEqual(
      [...backend!.headers].map(([name]) => name),
      ['Host'],
    )
  })
})
