/** `POST /api/explain`: the whole decision about a request that nobody made, whatever becomes of it. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { until } from './support/wait.ts'
import { call } from './support/http.ts'

let gateway: TestGateway
let backend: Backend

before(async () => {
  gateway = await startGateway({ threads: 2 })
  backend = await startBackend()
  const targets = [{ hostname: '127.0.0.1', port: backend.port }]
  const route = (id: string, domain: string, more: Record<string, unknown> = {}) =>
    gateway.route({ id, name: id, frontend: { domains: [domain] }, backend: { targets }, ...more })
  await route('plain', 'plain.test/api')
  await route('posts', 'posts.test', { frontend: { domains: ['posts.test'], methods: ['POST'] } })
  await route('open-only', 'guarded.test', {
    plugins: [
      {
        plugin: 'cp:otoroshi.next.plugins.IpAddressAllowedList',
        config: { addresses: ['10.0.0.1'] },
      },
    ],
  })
  await route('static', 'static.test', {
    backend: { targets: [] },
    plugins: [
      { plugin: 'cp:otoroshi.next.plugins.EchoBackend', include: ['/echo'] },
      { plugin: 'cp:otoroshi.next.plugins.StaticBackendOfNobody', enabled: false },
    ],
  })
  await route('bound', 'bound.test', { bound_listeners: ['elsewhere'] })
  await route('faulty', 'faulty.test', { plugins: [{ plugin: 'cp:nobody.knows.Me' }] })
})
after(async () => {
  await gateway.stop()
  await backend.close()
})

const explain = async (url: string, more: Record<string, unknown> = {}) => {
  const answer = await gateway.admin('POST', '/api/explain', { method: 'GET', url, ...more })
  assert.equal(answer.status, 200, answer.text)
  return answer.json as {
    readonly status: number
    readonly state: string
    readonly refusal: { readonly reason: string; readonly status: number; readonly subject: string } | null
    readonly steps: readonly { readonly task: string; readonly ctx: Record<string, unknown> }[]
  }
}

const ctxOf = (report: Awaited<ReturnType<typeof explain>>, task: string): Record<string, unknown> =>
  report.steps.find(step => step.task === task)!.ctx

describe('the explanation of a request that no route takes', () => {
  const lost: [string, string, Record<string, unknown>][] = [
    ['of another domain', 'http://nobody.test/', { outcome: 'no_domain', candidates: [] }],
    ['of another path', 'http://plain.test/other', { outcome: 'no_path', candidates: [] }],
    [
      'that fails a condition',
      'http://posts.test/',
      { outcome: 'no_candidate', candidates: [{ id: 'posts', failed: 'method', chosen: false }] },
    ],
    [
      'of another listener',
      'http://bound.test/',
      { outcome: 'no_candidate', candidates: [{ id: 'bound', failed: 'listener', chosen: false }] },
    ],
  ]
  for (const [name, url, wanted] of lost)
    it(`${name} is 404 and says why`, async () => {
      const report = await explain(url)
      assert.deepEqual(
        [report.status, report.state, report.refusal?.reason],
        [404, 'Failed', 'route.not_found'],
      )
      const { matched_path: _, ...told } = ctxOf(report, 'find-route')['candidates'] as Record<
        string,
        unknown
      >
      assert.deepEqual(told, wanted)
    })

  it('with a path that is refused is 400', async () => {
    const report = await explain('http://plain.test/api/../x')
    assert.deepEqual([report.status, report.refusal?.reason], [400, 'request.bad_path'])
  })
})

describe('the explanation of a request that a route takes', () => {
  it('tells the target and what would be sent', async () => {
    const report = await explain('http://plain.test/api/x?y=1', { headers: { 'X-Mine': 'yes' } })
    assert.deepEqual([report.status, report.state, report.refusal], [0, 'Successful', null])
    assert.deepEqual(ctxOf(report, 'find-route')['candidates'], {
      outcome: 'matched',
      matched_path: '/api',
      candidates: [{ id: 'plain', failed: null, chosen: true }],
    })
    const { target, request } = ctxOf(report, 'call-backend') as {
      target: string
      request: { path: string; headers: [string, string][] }
    }
    assert.match(target, new RegExp(`127\\.0\\.0\\.1:${backend.port}$`))
    assert.equal(request.path, '/x?y=1')
    assert.ok(request.headers.some(([name, value]) => name === 'X-Mine' && value === 'yes'))
  })

  it('and a plugin refuses names the plugin and its verdict', async () => {
    const report = await explain('http://guarded.test/')
    assert.deepEqual([report.status, report.refusal?.reason], [403, 'ip_not_allowed'])
    const [note] = ctxOf(report, 'call-access-validator-plugins')['plugins'] as Record<string, unknown>[]
    assert.equal(note?.['plugin'], 'cp:otoroshi.next.plugins.IpAddressAllowedList')
    const passed = await explain('http://guarded.test/', { headers: { 'X-Forwarded-For': '10.0.0.1' } })
    assert.equal(passed.state, 'Successful')
  })

  it('and a plugin answers names it, though there is no target', async () => {
    const echoed = await explain('http://static.test/echo')
    assert.equal(echoed.state, 'Successful')
    assert.equal(ctxOf(echoed, 'call-backend')['answered_by'], 'cp:otoroshi.next.plugins.EchoBackend')
    assert.deepEqual(ctxOf(echoed, 'compute-plugins')['disabled_plugins'], [
      'cp:otoroshi.next.plugins.StaticBackendOfNobody',
    ])
    // The plugin leaves other paths to the backend, which there is not.
    const report = await explain('http://static.test/other')
    assert.deepEqual([report.status, report.refusal?.reason], [503, 'backend.no_target'])
  })

  it('that is closed names what closes it', async () => {
    const report = await explain('http://faulty.test/')
    assert.deepEqual(
      [report.status, report.refusal?.reason, report.refusal?.subject],
      [503, 'plugin.unknown', 'cp:nobody.knows.Me'],
    )
  })
})

describe('an explanation', () => {
  it('calls no backend, counts nowhere and is the same as what happens', async () => {
    const count = async (): Promise<number> => {
      const { json } = await call(gateway.port, 'http://x.test/.well-known/otoroshi/monitoring/metrics')
      const metrics = json as { name: string; count: number }[]
      return metrics.find(({ name }) => name === 'otoroshi.requests')!.count
    }
    const urls = ['plain.test/api', 'nobody.test/', 'guarded.test/', 'static.test/echo', 'faulty.test/']
    const seen = backend.seen.length
    const before = await count()
    const told: (readonly [number, string])[] = []
    for (const url of urls) {
      const { status, refusal } = await explain(`http://${url}`)
      told.push([refusal?.status ?? (status === 0 ? 200 : status), refusal?.reason ?? ''])
    }
    // The calls of the admin API themselves are requests, too; each is counted once its answer is written.
    await until('the last call is counted', async () => (await count()) - before >= urls.length)
    assert.equal((await count()) - before, urls.length)
    assert.equal(backend.seen.length, seen)
    const happened: (readonly [number, string])[] = []
    for (const url of urls) {
      const { status, headers } = await call(gateway.port, `http://${url}`)
      happened.push([status, String(headers['otoroshi-error-reason'] ?? '').split(';')[0]!])
    }
    assert.deepEqual(told, happened)
  })

  it('of what is no request is 400', async () => {
    for (const body of [
      { url: 'ftp://x.test/' },
      { url: 'http://x.test/', headers: { 'bad name': 'x' } },
      { url: 'http://x.test/', headers: { X: 'a\r\nY: b' } },
      { method: 'G E T', url: 'http://x.test/' },
      [],
    ])
      assert.equal((await gateway.admin('POST', '/api/explain', body)).status, 400, JSON.stringify(body))
  })
})
