import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { countingAlone } from '../../limits/counting.ts'
import { windowPlan } from '../../limits/plan.ts'
import { LOOK } from '../../limits/tally.ts'
import { answer } from '../../plugin/index.ts'
import { pluginServices, type RequestInput, routeView, runPlugin, setUp } from '../../plugin/testing.ts'
import { durationOf } from './duration.ts'
import plugin from './fail2ban-plugin.ts'
import { statusRanges } from './status-ranges.ts'

/** A route whose backend answers the given status. */
function route(config: object, counting = countingAlone()) {
  const services = pluginServices(routeView({ id: 'r' }), [], [], { counting })
  const instance = setUp(plugin, config, services)
  const shared = { ...plugin, setup: () => instance }
  return async (status: number, request: RequestInput = {}) =>
    runPlugin(shared, { config, request: { ip: '10.0.0.1', ...request }, backend: { status } })
}

describe('clients who fail too often', () => {
  it('are banned from the last failure on, for a while', async () => {
    const call = route({ max_retry: 3 })
    for (let i = 0; i < 3; i++) assert.equal((await call(401)).status, 401)
    const banned = await call(200)
    assert.equal(banned.status, 403)
    assert.equal(banned.backend, null)
    assert.equal(banned.headers.get('otoroshi-error-reason'), 'ban.temporary')
    const { retry_in_seconds: seconds, ...body } = JSON.parse(banned.text)
    assert.deepEqual(body, { error: 'temporary_ban', message: 'You cant access this resource for now.' })
    assert.ok(seconds > 10_700 && seconds <= 10_800, String(seconds))
  })

  it('do not drag others along', async () => {
    const call = route({ max_retry: 1 })
    await call(500)
    assert.equal((await call(200)).status, 403)
    assert.equal((await call(200, { ip: '10.0.0.2' })).status, 200)
  })

  it('are told apart by the expression', async () => {
    const call = route({ max_retry: 1, identifier: '${req.headers.x-user}' })
    await call(401, { headers: { 'X-User': 'a' } })
    assert.equal((await call(200, { ip: '10.0.0.9', headers: { 'X-User': 'a' } })).status, 403)
    assert.equal((await call(200, { headers: { 'X-User': 'b' } })).status, 200)
  })

  it('fail by the statuses of the settings only', async () => {
    const call = route({ max_retry: 1, status_codes: ['404', '500-502'] })
    for (const status of [200, 401, 403, 503]) await call(status)
    assert.equal((await call(200)).status, 200)
    await call(501)
    assert.equal((await call(200)).status, 403)
  })

  it('fail on the paths of the settings only: the first rule that fits decides', async () => {
    const url_regex = [
      { pattern: '^/login/health', mode: 'block' },
      { pattern: '^/login', mode: 'allow' },
      { pattern: '.*', mode: 'block' },
    ]
    const call = route({ max_retry: 1, url_regex })
    await call(401, { url: '/login/health' })
    await call(401, { url: '/other' })
    assert.equal((await call(200)).status, 200)
    await call(401, { url: '/login' })
    assert.equal((await call(200)).status, 403)
  })

  it('are counted once for an answer, those other plugins give included', async () => {
    const counting = countingAlone()
    const call = route({ max_retry: 2 }, counting)
    await call(401)
    assert.equal((await call(200)).status, 200)
    const services = pluginServices(routeView({ id: 'r' }), [], [], { counting })
    const instance = setUp(plugin, { max_retry: 2 }, services)
    const shared = { ...plugin, setup: () => ({ ...instance, request: () => answer(401) }) }
    await runPlugin(shared, { request: { ip: '10.0.0.1' } })
    assert.equal((await call(200)).status, 403)
  })

  it('do not make their ban longer by trying', async () => {
    const counting = countingAlone()
    const call = route({ max_retry: 1, identifier: 'x' }, counting)
    await call(401)
    for (let i = 0; i < 5; i++) assert.equal((await call(200)).status, 403)
    const failures = counting.tally('node', 'x', 'fail2ban failures')
    counting.stepNow(failures, windowPlan(1, 600_000), LOOK)
    assert.equal(failures.figures[0], 0)
  })

  it('begin anew after a ban', async () => {
    const call = route({ max_retry: 2, ban_time: 1 })
    await call(401)
    await call(401)
    await new Promise(resolve => setTimeout(resolve, 20))
    assert.equal((await call(401)).status, 401)
    assert.equal((await call(200)).status, 200)
  })

  it('stay banned when the route changes', async () => {
    const counting = countingAlone()
    await route({ max_retry: 1 }, counting)(401)
    assert.equal((await route({ max_retry: 5 }, counting)(200)).status, 403)
  })
})

describe('listed clients', () => {
  it('are never banned, or always refused', async () => {
    const config = { identifier: '${req.headers.x-user}', max_retry: 1 }
    const lists = {
      ignored: ['good*', 'Ip(10.1.*)', 'Cidr(10.2.0.0/16)'],
      blocked: ['bad', 'Cidr(10.3.0.0/16)'],
    }
    const call = route({ ...config, ...lists })
    for (const request of [{ headers: { 'X-User': 'goodman' } }, { ip: '10.1.2.3' }, { ip: '10.2.3.4' }]) {
      await call(500, request)
      await call(500, request)
      assert.equal((await call(200, request)).status, 200, JSON.stringify(request))
    }
    for (const request of [{ headers: { 'X-User': 'bad' } }, { ip: '10.3.0.1' }]) {
      const run = await call(200, request)
      assert.equal(run.status, 403)
      assert.deepEqual(JSON.parse(run.text), { error: 'blocked', message: 'You cant access this resource.' })
      assert.equal(run.headers.get('otoroshi-error-reason'), 'ban.blocked')
    }
  })
})

describe('settings of bans', () => {
  it('take durations as numbers and texts', () => {
    for (const [given, ms] of [
      [500, 500],
      ['500', 500],
      ['500ms', 500],
      ['60s', 60_000],
      ['10m', 600_000],
      [' 3 H ', 10_800_000],
      ['1d', 86_400_000],
    ] as const)
      assert.equal(durationOf(given), ms)
  })

  it('take statuses and ranges', () => {
    const test = statusRanges(['400', ' 403 - 499 '])
    assert.deepEqual([399, 400, 401, 403, 499, 500].map(test), [false, true, false, true, true, false])
  })

  it('that cannot be read do not start', () => {
    for (const config of [
      { detect_time: 'soon' },
      { detect_time: 0 },
      { ban_time: '10 fortnights' },
      { ban_time: '99999999d' },
      { max_retry: 0 },
      { max_retry: 1.5 },
      { status_codes: ['4xx'] },
      { status_codes: ['500-400'] },
      { url_regex: [{ pattern: '(' }] },
      { url_regex: [{ pattern: 'a', mode: 'maybe' }] },
      { blocked: ['Cidr(10.0.0.0/40)'] },
    ])
      assert.throws(() => setUp(plugin, config), JSON.stringify(config))
  })
})
