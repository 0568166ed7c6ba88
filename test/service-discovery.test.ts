/** Services that register themselves, driven through a running gateway. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { dnsmasqMissing, TestDns } from './support/dns.ts'
import { call, type CallOptions, type Got } from './support/http.ts'
import { closes, pluginRoute } from './support/plugin-routes.ts'
import { until } from './support/wait.ts'

let gateway: TestGateway
let home: Backend
let service: Backend

const named = (name: string) => startBackend((_seen, response) => void response.end(name))

before(async () => {
  gateway = await startGateway({ threads: 2 })
  home = await named('home')
  service = await named('service')
  await gateway.route(
    pluginRoute('self', home, [
      ['NgDiscoverySelfRegistrationTransformer', { registrationTtl: 600_000 }],
      ['NgDiscoveryTargetsSelector'],
    ]),
  )
  await gateway.route(
    pluginRoute('short', home, [
      ['NgDiscoverySelfRegistrationTransformer', { registrationTtl: 300 }],
      ['NgDiscoveryTargetsSelector'],
    ]),
  )
  await gateway.route(pluginRoute('eureka', home, [['EurekaServerSink']]))
  await gateway.route(
    pluginRoute('inner', home, [['EurekaTarget', { eureka_server: 'eureka', eureka_app: 'SHOP' }]]),
  )
  const zone = `http://127.0.0.1:${gateway.port}/eureka`
  await gateway.route(
    pluginRoute('outer', home, [
      ['ExternalEurekaTarget', { service_url_default_zone: zone, eureka_app: 'SHOP' }],
    ]),
  )
  // Asked by the address of the gateway.
  await gateway.route({
    ...pluginRoute('byaddress', home, [['EurekaServerSink']]),
    frontend: { domains: [`127.0.0.1/eureka`], strip_path: false },
  })
  await gateway.route(pluginRoute('bare', home, [['EurekaTarget']]))
  const sink = {
    plugin: 'cp:otoroshi.next.plugins.NgDiscoverySelfRegistrationSink',
    config: { hosts: ['register.test'], token: 'secret' },
  }
  const plugins = { plugins: { config: { ng: [sink] } } }
  assert.equal((await gateway.admin('PATCH', '/api/globalconfig', plugins)).status, 200)
})
after(async () => {
  await gateway.stop()
  await home.close()
  await service.close()
})

const ask = (id: string, path = '/', options: CallOptions = {}): Promise<Got> =>
  call(gateway.port, `http://${id}.test${path}`, options)
const json = (method: string, body: unknown, headers = {}): CallOptions => ({
  method,
  body: JSON.stringify(body),
  headers: { 'Content-Type': 'application/json', ...headers },
})
/** On both threads: connections are spread over them. */
const everywhere = async (id: string, text: string): Promise<void> => {
  await until(`${id} answers ${text}`, async () => {
    for (let n = 0; n < 12; n++) if ((await ask(id)).body !== text) return false
    return true
  })
}

describe('services', () => {
  it('register for the route they call, live on by heartbeats, and leave', async () => {
    await everywhere('self', 'home')
    const made = await ask(
      'self',
      '/discovery/_register',
      json('POST', { host: `127.0.0.1:${service.port}`, scheme: 'http' }),
    )
    assert.deepEqual([made.status, made.json.serviceId], [200, 'self'])
    await everywhere('self', 'service')
    assert.deepEqual(
      (await ask('self', `/discovery/${made.json.registrationId}/_heartbeat`, { method: 'POST' })).json,
      { done: true },
    )
    assert.deepEqual(
      (await ask('self', `/discovery/${made.json.registrationId}/_unregister`, { method: 'DELETE' })).json,
      { done: true },
    )
    await everywhere('self', 'home')
  })

  it('are gone when they are not heard of', async () => {
    await ask('short', '/discovery/_register', json('POST', { host: `127.0.0.1:${service.port}` }))
    await everywhere('short', 'home')
  })

  it('register for other routes with the token, on hosts that no route has', async () => {
    const body = { host: `127.0.0.1:${service.port}`, serviceId: 'self' }
    assert.equal((await ask('register', '/discovery/_register', json('POST', body))).status, 401)
    const made = await ask(
      'register',
      '/discovery/_register',
      json('POST', body, { Authorization: 'Bearer secret' }),
    )
    assert.equal(made.json.serviceId, 'self')
    await everywhere('self', 'service')
    assert.equal((await ask('register', '/other')).status, 404)
  })
})

describe('a Eureka server', () => {
  const instance = () => ({
    instance: {
      instanceId: 'i',
      hostName: '127.0.0.1',
      ipAddr: '127.0.0.1',
      status: 'UP',
      port: { $: service.port, '@enabled': 'true' },
    },
  })

  it('keeps instances, which routes of the gateway take for targets', async () => {
    assert.equal((await ask('inner')).body, 'home')
    assert.equal((await ask('eureka', '/eureka/apps/SHOP', json('POST', instance()))).status, 204)
    await everywhere('inner', 'service')
    const xml = await ask('eureka', '/eureka/apps/SHOP')
    assert.match(xml.body, /"application"|<application>/)
    assert.equal((await ask('eureka', '/eureka/apps/SHOP/i', { method: 'DELETE' })).status, 200)
    await everywhere('inner', 'home')
  })

  it('is asked from elsewhere too', async () => {
    const post = await call(
      gateway.port,
      `http://127.0.0.1:${gateway.port}/eureka/apps/SHOP`,
      json('POST', instance()),
    )
    assert.equal(post.status, 204)
    await until('it has been asked', async () => (await ask('outer')).body === 'service')
  })

  it('is missed where it is not named', async () => {
    const bare = await ask('bare')
    assert.deepEqual([bare.status, bare.headers['otoroshi-error-reason']], [400, 'eureka.not_configured'])
  })
})

describe('servers that the DNS tells', { skip: dnsmasqMissing }, () => {
  let dns: TestDns
  let spare: Backend
  before(async () => {
    dns = await TestDns.start()
    spare = await named('spare')
  })
  after(async () => {
    await dns.stop()
    await spare.close()
  })

  const follow = (id: string, more: object = {}) =>
    gateway.route(
      pluginRoute(id, home, [
        ['DnsSrvTarget', { service: '_http._tcp.shop.test', dns_server: dns.address, refresh: 0.1, ...more }],
      ]),
    )
  const record = (port: number, priority: number, host = 'a.shop.test') =>
    `--srv-host=_http._tcp.shop.test,${host},${port},${priority},10`

  it('are called instead of the backend, and followed when they change', async () => {
    await follow('srv')
    await everywhere('srv', 'home')
    await dns.tell([record(service.port, 1), record(spare.port, 2)])
    await everywhere('srv', 'service')
    await dns.tell([record(spare.port, 2)])
    await everywhere('srv', 'spare')
    await dns.tell([])
    await everywhere('srv', 'home')
  })

  it('share the requests by weight among those of one priority, and others take over when they are down', async () => {
    await dns.tell([record(service.port, 1), record(spare.port, 1)])
    await follow('shared')
    await until('both answer', async () => {
      const bodies = new Set<string>()
      for (let n = 0; n < 12; n++) bodies.add((await ask('shared')).body)
      return [...bodies].sort().join() === 'service,spare'
    })
    // Nobody listens on port 1.
    await dns.tell([record(1, 1), record(spare.port, 2)])
    await everywhere('shared', 'spare')
  })

  it('stay those known last while the DNS does not answer', async () => {
    await dns.tell([record(service.port, 1)])
    await follow('lasting')
    await everywhere('lasting', 'service')
    await dns.stop()
    await new Promise(resolve => setTimeout(resolve, 500))
    await everywhere('lasting', 'service')
    await dns.tell([record(spare.port, 1)])
    await everywhere('lasting', 'spare')
  })

  it('need a name and a server that can be asked', async () => {
    await closes(gateway, home, 'DnsSrvTarget', {}, /service/)
    await closes(gateway, home, 'DnsSrvTarget', { service: 'x', dns_server: 'nowhere' }, /dns_server/)
    await closes(gateway, home, 'DnsSrvTarget', { service: 'x', refresh: 0 }, /refresh/)
  })
})

it('settings that are none close the route and name the place', async () => {
  await closes(gateway, home, 'NgDiscoveryTargetsSelector', { registrationTtl: 0 }, /registrationTtl/)
  await closes(gateway, home, 'NgDiscoverySelfRegistrationTransformer', { hosts: 'x' }, /hosts/)
  await closes(gateway, home, 'EurekaServerSink', { evictionTimeout: 0 }, /evictionTimeout/)
  await closes(gateway, home, 'EurekaTarget', { eureka_app: 1 }, /eureka_app/)
  await closes(
    gateway,
    home,
    'ExternalEurekaTarget',
    { service_url_default_zone: 'x', eureka_app: 'a' },
    /service_url/,
  )
})
