import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'

let gateway: TestGateway
let backend: Backend
const folder = mkdtempSync(join(tmpdir(), 'otoroshi-events-'))

before(async () => {
  gateway = await startGateway({ threads: 2 })
  backend = await startBackend()
  await gateway.route({
    id: 'seen',
    name: 'seen',
    frontend: { domains: ['seen.test'] },
    backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
  })
})
after(async () => {
  await gateway.stop()
  await backend.close()
  rmSync(folder, { recursive: true })
})

interface Ledger {
  readonly produced: number
  readonly delivered: number
  readonly dropped: Record<string, number>
  readonly pending: number
}

async function ledgerOf(id: string): Promise<Ledger & { fault: string | null }> {
  const answer = await gateway.admin('GET', '/api/events/_ledger')
  return answer.json.exporters[id]
}

const exporter = (id: string, more: Record<string, unknown>) => ({
  id,
  name: id,
  enabled: true,
  groupSize: 10,
  groupDuration: 50,
  filtering: {
    include: [{ '@type': 'GatewayEvent', '@serviceId': 'seen' }],
    exclude: [{ status: { $gte: 500 } }],
  },
  ...more,
})

describe('a file exporter', () => {
  it('gets one event per request that passes its filter, projected, and the account adds up', async () => {
    const path = join(folder, 'events-{year}.log')
    const created = await gateway.admin(
      'POST',
      '/apis/events.otoroshi.io/v1/data-exporters',
      exporter('to-file', {
        type: 'file',
        config: { path, maxFileSize: 10_000_000 },
        projection: {
          status: true,
          url: true,
          secret: { $header: { path: 'headers', name: 'authorization' } },
        },
      }),
    )
    assert.equal(created.status, 201, created.text)
    await settled(async () => (await ledgerOf('to-file')) !== undefined)
    for (let i = 0; i < 25; i++)
      assert.equal(
        (
          await call(gateway.port, `http://seen.test/${i}?pappsToken=secret`, {
            headers: { Authorization: 'Basic c2VjcmV0' },
          })
        ).status,
        200,
      )
    await call(gateway.port, 'http://nobody.test/')
    await settled(async () => (await ledgerOf('to-file')).delivered === 25)
    const { produced, delivered, dropped, pending, fault } = await ledgerOf('to-file')
    assert.deepEqual(
      { produced, delivered, dropped, pending, fault },
      { produced: 25, delivered: 25, dropped: {}, pending: 0, fault: null },
    )
    const lines = readFileSync(path.replace('{year}', String(new Date().getUTCFullYear())), 'utf8')
      .trimEnd()
      .split('\r\n')
    const events = lines.map(line => JSON.parse(line))
    assert.deepEqual(
      events.map(event => event.url).sort(),
      Array.from({ length: 25 }, (_, i) => `http://seen.test/${i}?pappsToken=***`).sort(),
    )
    assert.ok(events.every(event => event.status === 200 && event.secret === '***'))
  })

  it('that cannot write drops with a reason', async () => {
    const created = await gateway.admin(
      'POST',
      '/apis/events.otoroshi.io/v1/data-exporters',
      exporter('to-nowhere', {
        type: 'file',
        config: { path: '/dev/null/events.log', maxFileSize: 1000 },
        groupSize: 1,
      }),
    )
    assert.equal(created.status, 201)
    await settled(async () => (await ledgerOf('to-nowhere')) !== undefined)
    await call(gateway.port, 'http://seen.test/lost')
    await settled(async () => (await ledgerOf('to-nowhere')).dropped['send_failed'] === 1)
    assert.equal((await ledgerOf('to-nowhere')).pending, 0)
  })

  it('of a kind that is not there says so in its status', async () => {
    const created = await gateway.admin(
      'POST',
      '/apis/events.otoroshi.io/v1/data-exporters',
      exporter('to-kafka', { type: 'kafka', config: { servers: ['127.0.0.1:1'] } }),
    )
    assert.equal(created.status, 201)
    await settled(async () => (await gateway.admin('GET', '/api/status')).text.includes('exporter.invalid'))
    assert.match((await ledgerOf('to-kafka')).fault!, /not available/)
  })
})

describe('monitoring', () => {
  const monitoring = (path: string, accept = 'application/json') =>
    call(gateway.port, `http://any.test/.well-known/otoroshi/monitoring/${path}`, {
      headers: { Accept: accept },
    })

  it('tells health, readiness and life on any host', async () => {
    assert.equal((await monitoring('health')).json.otoroshi, 'healthy')
    assert.deepEqual((await monitoring('live')).json, { live: true })
    assert.deepEqual((await monitoring('ready')).json, { ready: true })
    assert.deepEqual((await monitoring('startup')).json, { started: true })
    assert.equal((await monitoring('nothing')).status, 404)
  })

  it('answers short paths where the host is an address, and leaves them to routes elsewhere', async () => {
    const on = (host: string, path: string) => call(gateway.port, `http://${host}/${path}`)
    for (const path of ['health', 'ready', 'live', 'startup', 'metrics'])
      assert.equal((await on('127.0.0.1:8080', path)).status, 200, path)
    assert.equal((await on('127.0.0.1', 'other')).status, 404)
    await call(gateway.port, 'http://seen.test/health')
    assert.equal(backend.seen.at(-1)?.url, '/health')
  })

  it('answers short paths on the domain of the admin API, and that API itself with its key', async () => {
    for (const path of ['health', 'ready', 'live', 'startup', 'metrics']) {
      const got = await call(gateway.port, `http://otoroshi-api.oto.tools/${path}`)
      assert.equal(got.status, 200, path)
    }
    const health = await gateway.admin('GET', '/apis/health')
    assert.deepEqual([health.status, health.json.otoroshi], [200, 'healthy'])
    const metrics = await gateway.admin('GET', '/apis/metrics?filter=otoroshi.requests')
    assert.deepEqual(
      metrics.json.map(({ name, type }: { name: string; type: string }) => [name, type]),
      [['otoroshi.requests', 'counters']],
    )
    const text = await gateway.admin('GET', '/apis/metrics?format=prom')
    assert.match(text.text, /^otoroshi_requests \d+$/m)
    for (const path of ['health', 'metrics']) {
      const answer = await gateway.admin('GET', `/apis/${path}`, undefined, { Authorization: '' })
      assert.equal(answer.status, 400, path)
    }
  })

  it('tells how many connections are open', async () => {
    const agent = new Agent({ keepAlive: true })
    await Promise.all(Array.from({ length: 5 }, () => call(gateway.port, 'http://seen.test/open', { agent })))
    const open = async (): Promise<number> => {
      const metrics = (await monitoring('metrics')).json as { name: string; value: number }[]
      return metrics.find(({ name }) => name === 'otoroshi.connections')!.value
    }
    await settled(async () => (await open()) >= 5)
    agent.destroy()
    await settled(async () => (await open()) < 5)
  })

  it('counts every request of every thread', async () => {
    const count = async (): Promise<number> => {
      const metrics = (await monitoring('metrics')).json as { name: string; count: number }[]
      return metrics.find(metric => metric.name === 'otoroshi.requests')!.count
    }
    const before = await count()
    for (let i = 0; i < 20; i++) await call(gateway.port, 'http://seen.test/')
    // A request counts when it is over, which is a little after its answer.
    await settled(async () => (await count()) - before >= 20)
    assert.equal((await count()) - before, 20)
    const text = await monitoring('metrics?format=prometheus', 'text/plain')
    assert.match(text.body, /^otoroshi_requests \d+$/m)
    assert.match(text.body, /^ng_report_request_duration\{quantile="0.99"\} /m)
  })
})

describe('a flow report', () => {
  it('is kept for routes with debug_flow, and its durations add up', async () => {
    await gateway.route({
      id: 'debugged',
      name: 'debugged',
      debug_flow: true,
      frontend: { domains: ['debugged.test'] },
      backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
    })
    const got = await call(gateway.port, 'http://debugged.test/x')
    const id = String(got.headers['otoroshi-request-id'])
    await settled(async () => (await gateway.admin('GET', `/api/flows/${id}`)).status === 200)
    const { report } = (await gateway.admin('GET', `/api/flows/${id}`)).json
    const steps = report.steps as { task: string; duration: number }[]
    assert.ok(steps.some(step => step.task === 'call-backend'))
    const sum = steps.reduce((total, step) => total + step.duration, 0)
    assert.ok(Math.abs(sum - report.duration) < 0.1, `${sum} of ${report.duration}`)
    assert.equal((await gateway.admin('GET', '/api/flows?route=debugged')).json.length, 1)
  })

  it('comes once for a request that names a registered id', async () => {
    const registered = await gateway.admin('POST', '/api/flows/_try-it')
    assert.equal(registered.status, 201, registered.text)
    const { id, header } = registered.json
    assert.equal((await gateway.admin('GET', `/api/flows/_try-it/${id}`)).status, 202)
    await settled(async () => {
      await call(gateway.port, 'http://seen.test/tried', { headers: { [header]: id } })
      return (await gateway.admin('GET', `/api/flows/_try-it/${id}`)).status === 200
    })
    assert.equal((await gateway.admin('GET', `/api/flows/_try-it/${id}`)).status, 404)
    assert.ok(
      backend.seen
        .filter(seen => seen.url === '/tried')
        .every(seen => seen.headers[header.toLowerCase()] === undefined),
    )
  })
})

/** Waits until the condition holds, at most five seconds. */
async function settled(condition: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + 5000
  while (!(await condition())) {
    if (Date.now() > until) assert.fail('the condition did not come true in time')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
