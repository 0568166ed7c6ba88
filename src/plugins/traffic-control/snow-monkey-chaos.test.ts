import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pluginServices, routeView, runPlugin, setUp } from '../../plugin/testing.ts'
import { harmsOf } from './chaos-faults.ts'
import plugin from './snow-monkey-chaos.ts'

const bad = {
  ratio: 1,
  responses: [
    { status: 502, body: 'a' },
    { status: 503, body: 'b', headers: { 'X-B': '1' } },
  ],
}

describe('the snow monkey on a route', () => {
  it('does nothing unless told', async () => {
    const run = await runPlugin(plugin, { request: { method: 'POST', body: 'x' }, backend: { body: 'y' } })
    assert.equal(run.backend?.body.toString(), 'x')
    assert.equal(run.text, 'y')
  })

  it('makes bodies longer and says their length', async () => {
    const config = {
      large_request_fault: { ratio: 1, additionalRequestSize: 5 },
      large_response_fault: { ratio: 1, additional_response_size: 3 },
    }
    const run = await runPlugin(plugin, {
      config,
      request: { method: 'POST', body: 'x' },
      backend: { body: 'y', headers: { ETag: '"1"' } },
    })
    assert.equal(run.backend?.body.toString(), 'x     ')
    assert.equal(run.text, 'y   ')
    assert.equal(run.length, 4)
    assert.equal(run.headers.get('etag'), 'W/"1"')
    const empty = await runPlugin(plugin, { config })
    assert.equal(empty.backend?.body.length, 0)
  })

  it('answers its errors in turn', async () => {
    const instance = setUp(plugin, { bad_responses_fault: bad })
    const shared = { ...plugin, setup: () => instance }
    const first = await runPlugin(shared)
    assert.deepEqual([first.status, first.text, first.backend], [502, 'a', null])
    assert.equal(first.headers.get('otoroshi-error-reason'), 'chaos.injected')
    assert.equal(first.headers.get('snowmonkey-latency'), '0')
    const second = await runPlugin(shared)
    assert.deepEqual([second.status, second.text, second.headers.get('x-b')], [503, 'b', '1'])
  })

  it('waits', async () => {
    const start = performance.now()
    await runPlugin(plugin, { config: { latency_injection_fault: { ratio: 1, from: 60, to: 70 } } })
    assert.ok(performance.now() - start >= 58)
  })

  it('hurts exactly the share that is wanted', () => {
    const harms = harmsOf({ bad_responses_fault: { ...bad, ratio: 0.2 } })
    const hurt = Array.from({ length: 200 }, () => harms()).filter(({ answer }) => answer !== null)
    assert.equal(hurt.length, 40)
  })

  it('refuses faults that are none', async () => {
    await assert.rejects(
      runPlugin(plugin, { config: { bad_responses_fault: { ratio: 2 } } }),
      /bad_responses_fault\.ratio/,
    )
    await assert.rejects(
      runPlugin(plugin, { config: { large_request_fault: { additionalRequestSize: 1e12 } } }),
      /additionalRequestSize/,
    )
  })
})

describe('the snow monkey of the global configuration', () => {
  const route = routeView({ id: 'r' })
  const status = async (
    faults: Readonly<Record<string, unknown>> | 'calm' | null,
    adminRoute = 'other',
  ): Promise<number> => {
    const { status: got } = await runPlugin(plugin, {
      config: { bad_responses_fault: { ratio: 1, responses: [{ status: 501 }] } },
      route: { id: 'r' },
      services: { outages: { faultsFor: id => (id === 'r' ? faults : null) }, adminRoute },
    })
    return got
  }

  it('comes before the settings of the route', async () => {
    assert.equal(await status(null), 501)
    assert.equal(await status('calm'), 200)
    assert.equal(await status({ badResponsesFaultConfig: { ratio: 1, responses: [{ status: 505 }] } }), 505)
  })

  it('leaves the admin API alone, and hurts nobody with faults that are none', async () => {
    assert.equal(await status(null, 'r'), 200)
    assert.equal(await status({ badResponsesFaultConfig: { ratio: 7 } }), 200)
    const log: { level: string; message: string }[] = []
    const services = pluginServices(route, [], log, {
      outages: { faultsFor: () => ({ badResponsesFaultConfig: 'x' }) },
    })
    const instance = setUp(plugin, {}, services)
    await runPlugin({ ...plugin, setup: () => instance })
    assert.match(log[0]!.message, /bad_responses_fault/)
  })
})
