/** Canaries, mirrors, delays and the snow monkey, driven through a running gateway. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type Got } from './support/http.ts'
import { closes, pluginRoute } from './support/plugin-routes.ts'
import { until } from './support/wait.ts'

let gateway: TestGateway
let old: Backend
let fresh: Backend
let mirror: Backend

const named = (name: string) =>
  startBackend((seen, response) => void response.end(`${name} ${seen.url} ${seen.body}`))
const day = 86_400_000
const at = (offset: number): string => new Date(Date.now() + offset).toISOString()

before(async () => {
  gateway = await startGateway({ threads: 2 })
  old = await named('old')
  fresh = await named('new')
  mirror = await named('mirror')
  const targets = [{ hostname: '127.0.0.1', port: fresh.port, tls: false }]
  const chaos = { bad_responses_fault: { ratio: 1, responses: [{ status: 418, body: 'teapot' }] } }
  const routes: [string, string, object][] = [
    ['canary', 'CanaryMode', { traffic: 1, targets, root: '/v2/' }],
    ['half', 'CanaryMode', { traffic: 0.5, targets }],
    ['nobody', 'CanaryMode', {}],
    ['over', 'TimeControlledCanaryMode', { start: at(-2 * day), stop: at(-day), targets }],
    ['later', 'TimeControlledCanaryMode', { start: at(day), stop: at(2 * day), targets }],
    [
      'mirrored',
      'NgTrafficMirroring',
      { to: `http://127.0.0.1:${mirror.port}`, headers: { 'X-Mirror': 'yes' } },
    ],
    ['unmirrored', 'NgTrafficMirroring', { to: 'http://127.0.0.1:1' }],
    ['slow', 'NgDeferPlugin', { duration: 120 }],
    ['chaos', 'SnowMonkeyChaos', chaos],
    ['calm', 'SnowMonkeyChaos', {}],
  ]
  for (const [id, name, config] of routes) await gateway.route(pluginRoute(id, old, [[name, config]]))
})
after(async () => {
  await gateway.stop()
  for (const backend of [old, fresh, mirror]) await backend.close()
})

const get = (id: string, headers: Record<string, string> = {}, path = '/'): Promise<Got> =>
  call(gateway.port, `http://${id}.test${path}`, { headers })
const cookieOf = ({ headers }: Got): string => headers['set-cookie']![0]!.split(';', 1)[0]!

describe('canaries', () => {
  it('are called in place of the backend, under their own root', async () => {
    assert.equal((await get('canary', {}, '/a?b')).body, 'new /v2/a?b ')
    assert.equal((await get('nobody')).body, 'old / ')
    assert.equal((await get('over')).body, 'new / ')
    const later = await get('later')
    assert.equal(later.body, 'old / ')
    assert.equal(later.headers['set-cookie'], undefined)
  })

  it('keep their clients, on every thread', async () => {
    const seen = new Set<string>()
    for (let client = 0; client < 30; client++) {
      const first = await get('half')
      seen.add(first.body)
      for (let again = 0; again < 3; again++)
        assert.equal((await get('half', { Cookie: cookieOf(first) })).body, first.body)
    }
    assert.deepEqual([...seen].sort(), ['new / ', 'old / '])
  })
})

describe('mirrored requests', () => {
  it('reach the other server as the backend got them', async () => {
    const got = await call(gateway.port, 'http://mirrored.test/a?b=1', { method: 'POST', body: 'text' })
    assert.equal(got.body, 'old /a?b=1 text')
    await until('the copy is there', () => mirror.seen.length > 0)
    const [seen] = mirror.seen
    assert.deepEqual(
      [seen?.method, seen?.url, seen?.body, seen?.headers['x-mirror'], seen?.headers.host],
      ['POST', '/a?b=1', 'text', 'yes', `127.0.0.1:${mirror.port}`],
    )
  })

  it('cost the client nothing when that server is gone', async () => {
    assert.equal((await get('unmirrored')).body, 'old / ')
  })
})

it('requests are delayed as settings or clients say', async () => {
  const time = async (headers: Record<string, string> = {}): Promise<number> => {
    const start = performance.now()
    assert.equal((await get('slow', headers)).status, 200)
    return performance.now() - start
  }
  assert.ok((await time()) >= 115)
  assert.ok((await time({ 'X-Defer': '200' })) >= 195)
  const bad = await get('slow', { 'X-Defer': 'soon' })
  assert.deepEqual([bad.status, bad.headers['otoroshi-error-reason']], [400, 'defer.bad_duration'])
})

describe('the snow monkey', () => {
  const admin = (method: string, path: string, body?: unknown) =>
    gateway.admin(method, `/api/snowmonkey/${path}`, body)

  it('injects the faults of the route while it sleeps', async () => {
    const got = await get('chaos')
    assert.deepEqual(
      [got.status, got.body, got.headers['otoroshi-error-reason']],
      [418, 'teapot', 'chaos.injected'],
    )
    assert.equal((await get('calm')).status, 200)
  })

  it('has settings that are read, replaced and patched, and refuses others', async () => {
    const settings = (await admin('GET', 'config')).json
    assert.equal(settings.enabled, false)
    const more = { ...settings, startTime: '00:00:00.000', stopTime: '23:59:59.999', timesPerDay: 10_000 }
    assert.equal((await admin('PUT', 'config', more)).json.timesPerDay, 10_000)
    const faults = { bad: { ratio: 1, responses: [{ status: 505, body: 'monkey' }] } }
    const patched = await admin('PATCH', 'config', {
      outageStrategy: 'AllServicesPerGroup',
      chaosConfig: { enabled: true, latencyInjectionFaultConfig: null, badResponsesFaultConfig: faults.bad },
    })
    assert.equal(patched.json.outageStrategy, 'AllServicesPerGroup')
    assert.equal((await gateway.admin('GET', '/api/globalconfig')).json.snowMonkeyConfig.timesPerDay, 10_000)
    const refused = await admin('PATCH', 'config', { timesPerDay: 'often' })
    assert.equal(refused.status, 400)
    assert.match(refused.text, /timesPerDay/)
    assert.equal((await admin('GET', 'config')).json.timesPerDay, 10_000)
  })

  it('makes outages once it is started, lists them, and ends them', async () => {
    assert.deepEqual((await admin('GET', 'outages')).json, [])
    assert.deepEqual((await admin('POST', '_start')).json, { done: true })
    await until('the monkey bites', async () => (await get('calm')).status === 505)
    assert.equal((await get('chaos')).body, 'monkey')
    const outages = (await admin('GET', 'outages')).json as {
      descriptorId: string
      until: number
      startedAt: number
    }[]
    assert.deepEqual(outages.map(({ descriptorId }) => descriptorId).sort(), ['calm', 'chaos'])
    for (const { until: end, startedAt } of outages) assert.ok(startedAt <= Date.now() && end > Date.now())
    assert.deepEqual((await admin('DELETE', 'outages')).json, { done: true })
    assert.deepEqual((await admin('POST', '_stop')).json, { done: true })
    await until('it sleeps', async () => (await get('calm')).status === 200)
    assert.deepEqual((await admin('GET', 'outages')).json, [])
    // The admin API goes on answering all the time, or none of this had worked.
    assert.equal((await get('chaos')).body, 'teapot')
  })
})

it('settings that are none close the route and name the place', async () => {
  await closes(gateway, old, 'CanaryMode', { traffic: 2 }, /traffic/)
  await closes(
    gateway,
    old,
    'CanaryMode',
    { targets: [{ hostname: 'a b', port: 1 }] },
    /targets\.0\.hostname/,
  )
  await closes(gateway, old, 'TimeControlledCanaryMode', { start: 'soon' }, /start/)
  await closes(gateway, old, 'NgTrafficMirroring', { to: 'nowhere' }, /to/)
  await closes(gateway, old, 'NgDeferPlugin', { duration: -1 }, /duration/)
  await closes(gateway, old, 'SnowMonkeyChaos', { bad_responses_fault: { ratio: 2 } }, /bad_responses_fault/)
})
