import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { headerNames, runPlugin } from '../../plugin/testing.ts'
import plugin from './otoroshi-headers-in.ts'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/

describe('protocol fields of the request', () => {
  it('tell host, id and time', async () => {
    const start = Date.now()
    const { backend } = await runPlugin(plugin, { request: { url: 'http://api.test:8080/x' } })
    assert.equal(backend!.headers.get('otoroshi-proxied-host'), 'api.test:8080')
    assert.equal(backend!.headers.get('otoroshi-request-id'), '1')
    const time = backend!.headers.get('otoroshi-request-timestamp')!
    assert.match(time, TIME)
    assert.ok(Date.parse(time) >= start && Date.parse(time) <= Date.now())
  })

  it('cannot come from the client', async () => {
    const headers = [
      ['Otoroshi-Proxied-Host', 'forged'],
      ['otoroshi-proxied-host', 'again'],
      ['OTOROSHI-REQUEST-ID', 'forged'],
      ['Otoroshi-Request-Timestamp', 'forged'],
      ['Otoroshi-Parent-Request', 'forged'],
      ['Otoroshi-Parent-Request', 'again'],
      ['X-A', 'kept'],
    ] as const
    const { backend } = await runPlugin(plugin, { request: { headers } })
    for (const name of ['otoroshi-proxied-host', 'otoroshi-request-id', 'otoroshi-request-timestamp'])
      assert.equal(backend!.headers.getAll(name).length, 1, name)
    assert.ok(![...backend!.headers].some(([, value]) => value === 'forged' || value === 'again'))
    assert.equal(backend!.headers.has('otoroshi-parent-request'), false)
    assert.equal(backend!.headers.get('x-a'), 'kept')
  })

  it('have the names of the settings', async () => {
    const names = { ...headerNames, requestId: 'Corr-Id', proxiedHost: 'Via-Host', parentRequest: 'Par' }
    const request = { headers: { par: 'x', 'corr-ID': 'forged' } }
    const { backend } = await runPlugin(plugin, { request, services: { headerNames: names } })
    assert.equal(backend!.headers.get('corr-id'), '1')
    assert.equal(backend!.headers.get('via-host'), 'gateway.test')
    assert.equal(backend!.headers.has('par'), false)
    assert.equal(backend!.headers.has('otoroshi-request-id'), false)
  })

  it('take the forwarded host only when it is trusted', async () => {
    const request = { headers: { 'X-Forwarded-Host': 'public.test' } }
    for (const [trustForwarded, host] of [
      [true, 'public.test'],
      [false, 'gateway.test'],
    ] as const) {
      const { backend } = await runPlugin(plugin, { request, services: { trustForwarded } })
      assert.equal(backend!.headers.get('otoroshi-proxied-host'), host)
    }
  })

  it('leave expressions in the fields of a client alone', async () => {
    const request = { headers: { 'X-A': '${req.headers.cookie}', Cookie: 'secret=1' } }
    const { backend } = await runPlugin(plugin, { request })
    assert.equal(backend!.headers.get('x-a'), '${req.headers.cookie}')
  })
})
