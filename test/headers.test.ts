/** Plugins of the family `headers` that check, bound and rewrite fields, driven through a running gateway. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Alerts } from './support/alerts.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { closes, pluginRoute } from './support/plugin-routes.ts'

const folder = mkdtempSync(join(tmpdir(), 'otoroshi-headers-'))
let gateway: TestGateway
let backend: Backend
let alerts: Alerts

before(async () => {
  gateway = await startGateway({ threads: 1 })
  backend = await startBackend((seen, response) => {
    response.setHeader('X-Long', '1234567890')
    response.setHeader('X-Version', 'v1.2')
    response.end(JSON.stringify(seen.headers))
  })
  const routes: [string, string, object?][] = [
    ['any', 'HeadersValidation'],
    ['checked', 'HeadersValidation', { headers: { 'x-version': 'Regex(v\\d+)', 'X-Path': '${req.path}' } }],
    ['limit-in', 'LimitHeaderInTooLong', { value: 5 }],
    ['limit-out', 'LimitHeaderOutTooLong', { value: 5 }],
    ['reject-in', 'RejectHeaderInTooLong', { value: 5 }],
    ['reject-out', 'RejectHeaderOutTooLong', { value: 5 }],
    ['unbound', 'LimitHeaderInTooLong'],
    [
      'rewritten',
      'RegexRequestHeadersRewriter',
      {
        rules: [
          { name: 'X-Version', pattern: '^V(\\d)$', replacement: 'version $1 of ${route.id}', flags: 'i' },
        ],
      },
    ],
    [
      'rewritten-out',
      'RegexResponseHeadersRewriter',
      { rules: [{ name: 'x-version', pattern: '\\.\\d', replacement: '' }] },
    ],
    ['untouched', 'RegexRequestHeadersRewriter'],
  ]
  for (const [id, name, config] of routes) await gateway.route(pluginRoute(id, backend, [[name, config]]))
  alerts = await Alerts.of(gateway, join(folder, 'alerts.log'))
})
after(async () => {
  await gateway.stop()
  await backend.close()
  rmSync(folder, { recursive: true })
})

const get = (id: string, headers: Record<string, string> = {}, path = '/') =>
  call(gateway.port, `http://${id}.test${path}`, { headers })

describe('header fields', () => {
  it('are asked for', async () => {
    assert.equal((await get('any')).status, 200)
    assert.equal((await get('checked', { 'X-Version': 'v12', 'X-Path': '/a' }, '/a')).status, 200)
    const refused = await get('checked', { 'X-Version': 'v12', 'X-Path': '/b' }, '/a')
    assert.equal(refused.status, 400)
    assert.equal(refused.headers['otoroshi-error-reason'], 'header.refused')
  })

  it('are cut, or dropped, both ways', async () => {
    const long = { 'X-Long': '1234567890', 'X-Short': '12345' }
    const cut = (await get('limit-in', long)).json
    assert.deepEqual([cut['x-long'], cut['x-short'], cut.host], ['12345', '12345', 'limit-in.test'])
    const dropped = (await get('reject-in', long)).json
    assert.deepEqual(
      [dropped['x-long'], dropped['x-short'], dropped.host],
      [undefined, '12345', 'reject-in.test'],
    )
    assert.equal((await get('limit-out')).headers['x-long'], '12345')
    assert.equal((await get('reject-out')).headers['x-long'], undefined)
    assert.equal((await get('unbound', long)).json['x-long'], '1234567890')
  })

  it('that are too long raise an alert of the route, without what is secret', async () => {
    const provoke = () => get('reject-in', { Authorization: 'Basic c2VjcmV0' })
    const alert = await alerts.first(one => one['header_name'] === 'Authorization', provoke)
    assert.equal(alert['alert'], 'HeaderTooLongAlert')
    assert.equal(alert['@type'], 'AlertEvent')
    assert.equal(alert['@serviceId'], 'reject-in')
    assert.equal(alert['header_value'], '***')
    assert.equal(alert['header_value_length'], 14)
    assert.doesNotMatch(JSON.stringify(alert), /c2VjcmV0/)
  })

  it('are rewritten, both ways', async () => {
    assert.equal((await get('rewritten', { 'X-Version': 'v7' })).json['x-version'], 'version 7 of rewritten')
    assert.equal((await get('rewritten', { 'X-Version': 'v77' })).json['x-version'], 'v77')
    assert.equal((await get('rewritten-out')).headers['x-version'], 'v1')
    assert.equal((await get('untouched', { 'X-Version': 'v7' })).json['x-version'], 'v7')
  })
})

it('settings that are none close the route and name the place', async () => {
  await closes(gateway, backend, 'HeadersValidation', { headers: { 'X-A': 'Regex(()' } }, /cannot be used/)
  await closes(gateway, backend, 'HeadersValidation', { headers: { 'X-A': 1 } }, /headers\.X-A/)
  for (const name of ['LimitHeaderIn', 'LimitHeaderOut', 'RejectHeaderIn', 'RejectHeaderOut'])
    await closes(gateway, backend, `${name}TooLong`, { value: -1 }, /value/)
  for (const name of ['Request', 'Response'])
    await closes(
      gateway,
      backend,
      `Regex${name}HeadersRewriter`,
      { rules: [{ name: 'X', pattern: '(' }] },
      /rules\.0/,
    )
})
