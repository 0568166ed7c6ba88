/** What is found out about clients, driven through a running gateway. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { mmdbOf } from '../src/plugins/monitoring/testing/mmdb.ts'
import { berlin } from '../src/plugins/monitoring/testing/places.ts'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type Got } from './support/http.ts'
import { closes, pluginRoute } from './support/plugin-routes.ts'
import { until } from './support/wait.ts'

const folder = mkdtempSync(join(tmpdir(), 'monitoring-'))
const path = join(folder, 'city.mmdb')
const events = join(folder, 'events.ndjson')
let gateway: TestGateway
let backend: Backend
let ipstack: Backend

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0'

before(async () => {
  writeFileSync(path, mmdbOf('85.10.0.0', 16, berlin))
  gateway = await startGateway({ threads: 1 })
  backend = await startBackend()
  ipstack = await startBackend(
    (_seen, response) => void response.end('{"country_code":"FR","country_name":"France","city":"Nîmes"}'),
  )
  const shown = [
    ['NgGeolocationInfoHeader', { header_name: 'X-Place' }],
    ['NgGeolocationInfoEndpoint'],
    ['NgUserAgentInfoHeader'],
    ['NgUserAgentInfoEndpoint'],
  ] as const
  const expression = [
    'AdditionalHeadersIn',
    { headers: { 'X-City': '${ctx.geolocation.city}', 'X-Browser': '${ctx.useragent.browser}' } },
  ] as const
  await gateway.route(
    pluginRoute('known', backend, [
      ['NgMaxMindGeolocationInfoExtractor', { path }],
      ['NgUserAgentExtractor'],
      ...shown,
      expression,
    ]),
  )
  await gateway.route(
    pluginRoute('asked', backend, [
      ['NgIpStackGeolocationInfoExtractor', { apikey: 'key', url: `http://127.0.0.1:${ipstack.port}` }],
      ...shown,
    ]),
  )
  await gateway.route(pluginRoute('unknown', backend, shown))
  await gateway.route(pluginRoute('global', backend, [['NgMaxMindGeolocationInfoExtractor'], ...shown]))
  const near = {
    hostname: '127.0.0.1',
    port: backend.port,
    predicate: { type: 'GeolocationMatch', positions: ['52.5:13.4:50'] },
  }
  await gateway.route(
    pluginRoute('near', backend, [['NgMaxMindGeolocationInfoExtractor', { path }]], {
      backend: { targets: [near] },
    }),
  )
})
after(async () => {
  await gateway.stop()
  await backend.close()
  await ipstack.close()
  rmSync(folder, { recursive: true })
})

const get = (id: string, at = '/', ip = '85.10.1.2', more: Record<string, string> = {}): Promise<Got> =>
  call(gateway.port, `http://${id}.test${at}`, {
    headers: { 'X-Forwarded-For': ip, 'User-Agent': firefox, ...more },
  })

describe('clients', () => {
  it('are located and known by their software, for backends and expressions', async () => {
    const { headers } = (await get('known')).json
    assert.equal(JSON.parse(headers['x-place']).country, 'Germany')
    assert.equal(JSON.parse(headers['x-user-agent-info']).browserMajorVersion, '121')
    assert.deepEqual([headers['x-city'], headers['x-browser']], ['Berlin', 'Firefox'])
  })

  it('may see what is known of them', async () => {
    const base = '/.well-known/otoroshi/plugins'
    assert.equal((await get('known', `${base}/geolocation`)).json.city, 'Berlin')
    assert.equal((await get('known', `${base}/user-agent`)).json.platform, 'Linux')
    const nobody = await get('unknown', `${base}/geolocation`)
    assert.deepEqual([nobody.status, nobody.json.error], [404, 'geolocation not found'])
    assert.equal((await get('unknown', `${base}/user-agent`)).json.url, `${base}/user-agent`)
  })

  it('cannot say where they are themselves', async () => {
    const { headers } = (await get('unknown', '/', '85.10.1.2', { 'X-Place': 'here' })).json
    assert.equal(headers['x-place'], undefined)
  })

  it('are asked for once where nobody knows', async () => {
    for (let n = 0; n < 3; n++)
      assert.equal(JSON.parse((await get('asked', '/', '8.8.8.8')).json.headers['x-place']).city, 'Nîmes')
    assert.deepEqual(
      ipstack.seen.map(({ url }) => url),
      ['/8.8.8.8?access_key=key&format=1'],
    )
    assert.equal((await get('asked', '/', '10.0.0.1')).json.headers['x-place'], undefined)
  })

  it('are located as the global configuration says', async () => {
    assert.equal((await get('global')).json.headers['x-place'], undefined)
    const settings = { geolocationSettings: { type: 'maxmind', enabled: true, path } }
    assert.equal((await gateway.admin('PATCH', '/api/globalconfig', settings)).status, 200)
    await until('the place is known', async () => (await get('global')).json.headers['x-place'] !== undefined)
  })

  it('are sent to the targets of their place', async () => {
    assert.equal((await get('near')).status, 200)
    writeFileSync(
      join(folder, 'far.mmdb'),
      mmdbOf('85.10.0.0', 16, { location: { latitude: -33.9, longitude: 151.2 } }),
    )
    const near = {
      hostname: '127.0.0.1',
      port: backend.port,
      predicate: { type: 'GeolocationMatch', positions: ['52.5:13.4:50'] },
    }
    await gateway.route(
      pluginRoute(
        'far',
        backend,
        [['NgMaxMindGeolocationInfoExtractor', { path: join(folder, 'far.mmdb') }]],
        { backend: { targets: [near] } },
      ),
    )
    const far = await get('far')
    assert.deepEqual([far.status, far.headers['otoroshi-error-reason']], [503, 'backend.no_target'])
  })

  it('stand in events with what is known of them', async () => {
    const exporter = {
      id: 'to-file',
      name: 'to-file',
      type: 'file',
      enabled: true,
      groupSize: 10,
      groupDuration: 50,
      filtering: { include: [{ '@type': 'GatewayEvent' }], exclude: [] },
      config: { path: events, maxFileSize: 10_000_000 },
    }
    assert.equal(
      (await gateway.admin('POST', '/apis/events.otoroshi.io/v1/data-exporters', exporter)).status,
      201,
    )
    const lines = (): Record<string, unknown>[] => {
      try {
        return readFileSync(events, 'utf8')
          .split('\n')
          .filter(Boolean)
          .map(line => JSON.parse(line))
      } catch {
        return []
      }
    }
    const event = await until('the event is there', async () => {
      await get('known')
      return lines().find(line => line['@serviceId'] === 'known')
    })
    assert.equal((event['geolocationInfo'] as Record<string, unknown>)['country'], 'Germany')
    assert.equal((event['userAgentInfo'] as Record<string, unknown>)['browser'], 'Firefox')
  })
})

it('settings that are none close the route and name the place', async () => {
  await closes(gateway, backend, 'NgMaxMindGeolocationInfoExtractor', { path: '/nowhere.mmdb' }, /path/)
  await closes(gateway, backend, 'NgIpStackGeolocationInfoExtractor', { apikey: 'k', timeout: 0 }, /timeout/)
  await closes(gateway, backend, 'NgGeolocationInfoHeader', { header_name: 'a b' }, /a b/)
  await closes(gateway, backend, 'NgUserAgentInfoHeader', { header_name: '' }, /name/)
  await closes(gateway, backend, 'NgUserAgentExtractor', { log: 'yes' }, /log/)
})
