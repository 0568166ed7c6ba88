/** The lists of addresses of the global configuration (`ipFiltering`), and the switch that they hang on. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { inTurn, LimitedGateway, outcomeOf, quota } from './support/limited.ts'

const on = new LimitedGateway()
before(() => on.start())
after(() => on.stop())

const from = (ip: string, id = 'plain') => on.get(id, { 'X-Forwarded-For': ip })
const outcome = async (ip: string, id = 'plain') => outcomeOf(await from(ip, id))
const lists = (whitelist: readonly string[], blacklist: readonly string[]) =>
  on.setGlobal({ ipFiltering: { whitelist, blacklist } })

describe('lists of addresses', () => {
  before(async () => {
    await on.add('plain', [])
    await on.add('exempt', [], { metadata: { 'otoroshi-core-apply-legacy-checks': 'false' } })
    await on.add('insisting', [], { metadata: { 'otoroshi-core-apply-legacy-checks': 'true' } })
    await on.add('guarded', [quota('ApikeyCalls')])
  })
  after(() => lists([], []))

  it('keep those out who are blocked: addresses, networks, patterns, however they are written', async () => {
    await lists([], ['10.1.2.3', '172.16.0.0/12', '192.168.7.*', '2001:db8::/32'])
    for (const ip of [
      '10.1.2.3',
      '172.31.0.9',
      '192.168.7.200',
      '2001:db8::5',
      '::ffff:10.1.2.3',
      '10.1.2.3:99',
    ])
      assert.equal(await outcome(ip), '403 ip_not_allowed', ip)
    for (const ip of ['10.1.2.4', '172.32.0.9', '192.168.8.1', '2001:db9::5'])
      assert.equal(await outcome(ip), '200', ip)
    const refused = await from('10.1.2.3')
    assert.equal(refused.headers['otoroshi-error-msg'], 'Your IP address is not allowed')
    assert.doesNotMatch(refused.body, /10\.1\.2\.3/)
  })

  it('let in only those who are allowed, and of these nobody who is blocked', async () => {
    await lists(['10.0.0.0/8'], ['10.6.6.6'])
    assert.deepEqual(await Promise.all(['10.1.1.1', '10.6.6.6', '11.1.1.1'].map(ip => outcome(ip))), [
      '200',
      '403 ip_not_allowed',
      '403 ip_not_allowed',
    ])
  })

  it('stand behind the guards of a route', async () => {
    await lists(['10.0.0.0/8'], [])
    assert.equal(await outcome('11.1.1.1', 'guarded'), '400 apikey.missing')
  })

  it('leave a route alone that says so, and the admin API whatever is said', async () => {
    await lists(['10.0.0.0/8'], ['0.0.0.0/0', '::/0'])
    assert.equal(await outcome('11.1.1.1', 'exempt'), '200')
    assert.equal(await outcome('10.1.1.1'), '403 ip_not_allowed')
    assert.equal((await on.gateway.admin('GET', '/api/globalconfig')).status, 200)
  })

  it('refuse before anything is counted', async () => {
    await on.setGlobal({ perIpThrottlingQuota: 2, ipFiltering: { whitelist: [], blacklist: ['12.0.0.1'] } })
    assert.deepEqual(await inTurn(4, () => from('12.0.0.1')), new Array(4).fill('403 ip_not_allowed'))
    await lists([], [])
    assert.deepEqual(await inTurn(3, () => from('12.0.0.1')), ['200', '200', '429 limit.address'])
    await on.setGlobal({ perIpThrottlingQuota: 10_000_000 })
  })

  it('hang on the setting of the engine, over which a route has the last word', async () => {
    await lists([], ['0.0.0.0/0'])
    const { json } = await on.gateway.admin('GET', '/api/globalconfig')
    const { plugins } = json
    const engine = { ...plugins.config?.NextGenProxyEngine, apply_legacy_checks: false }
    await on.setGlobal({ plugins: { ...plugins, config: { ...plugins.config, NextGenProxyEngine: engine } } })
    assert.deepEqual(
      [await outcome('9.9.9.9'), await outcome('9.9.9.9', 'insisting')],
      ['200', '403 ip_not_allowed'],
    )
    await on.setGlobal({ plugins })
    assert.equal(await outcome('9.9.9.9'), '403 ip_not_allowed')
  })

  it('are not written with an entry that nobody can read', async () => {
    await lists([], ['10.6.6.6'])
    for (const entry of ['10.0.0.300', 'localhost', '10.0.0.0/99', '']) {
      const value = { whitelist: ['1.1.1.1'], blacklist: ['10.6.6.6', entry] }
      const patch = [{ op: 'replace', path: '/ipFiltering', value }]
      const { status, json, text } = await on.gateway.admin('PATCH', '/api/globalconfig', patch)
      assert.deepEqual([status, json.reason], [400, 'admin.change_refused'], text)
      assert.match(text, /ipFiltering\.blacklist\.1: expected an IP address/)
    }
    assert.deepEqual([await outcome('10.6.6.6'), await outcome('10.6.6.7')], ['403 ip_not_allowed', '200'])
  })
})

describe('an instance that is set to hold no route to them', () => {
  let gateway: TestGateway
  let backend: Backend
  before(async () => {
    backend = await startBackend()
    gateway = await startGateway({ env: { OTOROSHI_NEXT_PLUGINS_APPLY_LEGACY_CHECKS: 'false' } })
  })
  after(async () => {
    await gateway?.stop()
    await backend?.close()
  })

  it('does so unless the engine or the route says otherwise', async () => {
    const route = (id: string, metadata: object) => ({
      id,
      name: id,
      metadata,
      frontend: { domains: [`${id}.test`] },
      backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
    })
    await gateway.route(route('plain', {}))
    await gateway.route(route('insisting', { 'otoroshi-core-apply-legacy-checks': 'true' }))
    const set = async (values: object) => {
      const patch = Object.entries(values).map(([key, value]) => ({ op: 'replace', path: `/${key}`, value }))
      assert.equal((await gateway.admin('PATCH', '/api/globalconfig', patch)).status, 200)
    }
    const outcomes = async () =>
      Promise.all(
        ['plain', 'insisting'].map(async id => outcomeOf(await call(gateway.port, `http://${id}.test/`))),
      )
    await set({ ipFiltering: { whitelist: [], blacklist: ['*'] } })
    assert.deepEqual(await outcomes(), ['200', '403 ip_not_allowed'])
    const { json } = await gateway.admin('GET', '/api/globalconfig')
    const config = { ...json.plugins.config, NextGenProxyEngine: { apply_legacy_checks: true } }
    await set({ plugins: { ...json.plugins, config } })
    assert.deepEqual(await outcomes(), ['403 ip_not_allowed', '403 ip_not_allowed'])
  })
})
