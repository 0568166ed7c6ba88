/** Plugins that do one small thing each, and that no other test meets on a running gateway: with their defaults and with settings that tell. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type CallOptions, type Got } from './support/http.ts'
import { closes, pluginRoute } from './support/plugin-routes.ts'

let gateway: TestGateway
let backend: Backend

const routes: readonly [id: string, plugin: string, config?: object][] = [
  ['forwarded', 'ForwardedHeader'],
  ['forwarded-rfc', 'ForwardedHeader', { rfc7239: true }],
  ['missing-in', 'MissingHeadersIn', { headers: { 'X-Given': 'gateway', 'X-Path': '${req.path}' } }],
  ['missing-out', 'MissingHeadersOut', { headers: { 'X-Version': 'none', 'X-Route': '${route.id}' } }],
  ['moved', 'OverrideLocationHeader'],
  ['moved-too', 'OverrideLocationHeader', { matching_hostnames: ['inner.example'] }],
  ['traced', 'W3CTracing', { baggage: { route: '${route.id}' } }],
  ['open', 'IpAddressBlockList'],
  ['blocked', 'IpAddressBlockList', { addresses: ['10.9.*', '2001:db8::/32'] }],
  ['echo', 'RequestBodyEchoBackend'],
  ['short-echo', 'RequestBodyEchoBackend', { limit: 10 }],
  ['robots', 'Robots'],
  [
    'robots-told',
    'Robots',
    { robot_txt_content: 'User-agent: *\nAllow: /\n', meta_enabled: false, header_content: 'all' },
  ],
  ['fixed', 'StaticResponse'],
  [
    'fixed-told',
    'StaticResponse',
    { status: 418, headers: { 'X-Path': '${req.path}' }, body: 'you asked for ${req.path}', apply_el: true },
  ],
  ['building', 'BuildMode'],
  ['modern', 'DisableHttp10'],
  ['reading', 'ReadOnlyCalls'],
  ['any-length', 'RequestBodyLengthLimiter'],
  ['cut', 'RequestBodyLengthLimiter', { max_length: 5 }],
  ['limited', 'RequestBodyLengthLimiter', { max_length: 5, fail: true }],
]

before(async () => {
  backend = await startBackend((seen, response) => {
    response.setHeader('X-Version', '7')
    if (seen.url.startsWith('/go?')) {
      response.writeHead(302, { Location: decodeURIComponent(seen.url.slice(4)) }).end()
      return
    }
    if (seen.url === '/page') {
      response.setHeader('Content-Type', 'text/html')
      response.end('<html><head><title>x</title></head><body></body></html>')
      return
    }
    response.end(JSON.stringify({ headers: seen.headers, body: seen.body.toString() }))
  })
  gateway = await startGateway({ threads: 1 })
  for (const [id, plugin, config] of routes) await gateway.route(pluginRoute(id, backend, [[plugin, config]]))
})
after(async () => {
  await gateway?.stop()
  await backend?.close()
})

const ask = (id: string, path = '/', options: CallOptions = {}): Promise<Got> =>
  call(gateway.port, `http://${id}.test${path}`, options)
const reason = ({ status, headers }: Got): string =>
  `${status} ${headers['otoroshi-error-reason'] ?? 'passed'}`

describe('header fields', () => {
  it('tell the backend who asked: ForwardedHeader', async () => {
    const spoofed = { headers: { Forwarded: 'for=6.6.6.6' } }
    const { headers } = (await ask('forwarded', '/', spoofed)).json
    assert.match(headers.forwarded, /^for: 127\.0\.0\.1;proto: http;host: forwarded\.test;by: /)
    const standard = (await ask('forwarded-rfc', '/', spoofed)).json.headers.forwarded
    assert.equal(standard, 'for=127.0.0.1;proto=http;host=forwarded-rfc.test')
  })

  it('are added where they are missing: MissingHeadersIn, MissingHeadersOut', async () => {
    const given = (await ask('missing-in', '/a', { headers: { 'x-given': 'client' } })).json.headers
    assert.deepEqual([given['x-given'], given['x-path']], ['client', '/a'])
    assert.equal((await ask('missing-in')).json.headers['x-given'], 'gateway')
    const { headers } = await ask('missing-out')
    assert.deepEqual([headers['x-version'], headers['x-route']], ['7', 'missing-out'])
  })

  it('keep clients on the host they called: OverrideLocationHeader', async () => {
    const location = async (id: string, to: string) =>
      (await ask(id, `/go?${encodeURIComponent(to)}`)).headers['location']
    assert.equal(await location('moved', `http://127.0.0.1:${backend.port}/x?y=1`), 'http://moved.test/x?y=1')
    assert.equal(await location('moved', 'https://inner.example/x'), 'https://inner.example/x')
    assert.equal(await location('moved-too', 'https://inner.example/x'), 'http://moved-too.test/x')
    assert.equal(await location('moved-too', 'https://user@inner.example/x'), 'https://user@inner.example/x')
  })

  it('carry the trace on: W3CTracing', async () => {
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const { headers } = (await ask('traced', '/', { headers: { traceparent: parent, tracestate: 'a=1' } }))
      .json
    assert.match(headers.traceparent, /^00-0af7651916cd43dd8448eb211c80319c-[\da-f]{16}-01$/)
    assert.notEqual(headers.traceparent, parent)
    assert.deepEqual([headers.tracestate, headers.baggage], ['a=1', 'route=traced'])
    const begun = (await ask('traced', '/', { headers: { traceparent: 'nonsense' } })).json.headers
      .traceparent
    assert.match(begun, /^00-[\da-f]{32}-[\da-f]{16}-01$/)
    const other = (await ask('traced')).json.headers.traceparent
    assert.notEqual(other.slice(3, 35), begun.slice(3, 35))
  })
})

describe('who may call, and how', () => {
  it('is not from these addresses: IpAddressBlockList', async () => {
    const from = (id: string, ip: string) => ask(id, '/', { headers: { 'X-Forwarded-For': ip } }).then(reason)
    assert.equal(await from('open', '10.9.1.2'), '200 passed')
    assert.equal(await from('blocked', '10.8.1.2'), '200 passed')
    for (const ip of ['10.9.1.2', '2001:db8:7::1', 'no address'])
      assert.equal(await from('blocked', ip), '403 ip_not_allowed', ip)
  })

  it('speaks HTTP/1.1 at least: DisableHttp10', async () => {
    assert.equal(reason(await ask('modern')), '200 passed')
    const socket = net.connect(gateway.port, '127.0.0.1')
    socket.end('GET / HTTP/1.0\r\nHost: modern.test\r\n\r\n')
    let text = ''
    socket.on('data', chunk => (text += chunk))
    await once(socket, 'close')
    assert.match(text, /^HTTP\/1\.1 503 [\s\S]*http10_not_allowed/i)
  })

  it('only reads: ReadOnlyCalls', async () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS'])
      assert.equal(reason(await ask('reading', '/', { method })), '200 passed')
    const refused = await ask('reading', '/', { method: 'POST', body: 'x' })
    assert.deepEqual(
      [reason(refused), refused.headers['allow']],
      ['405 method_not_allowed', 'GET, HEAD, OPTIONS'],
    )
  })

  it('waits while it is built: BuildMode', async () => {
    const seen = backend.seen.length
    const got = await ask('building')
    assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [503, 'under_construction'])
    assert.equal(backend.seen.length, seen)
  })
})

describe('bodies', () => {
  it('come back: RequestBodyEchoBackend', async () => {
    const options = { method: 'POST', headers: { 'Content-Type': 'text/csv' }, body: 'a,b,c,d,e,f,g' }
    const got = await ask('echo', '/', options)
    assert.deepEqual([got.status, got.headers['content-type'], got.body], [200, 'text/csv', options.body])
    assert.equal((await ask('echo')).status, 204)
    assert.equal((await ask('short-echo', '/', options)).status, 413)
  })

  it('are cut or refused when they are too long: RequestBodyLengthLimiter', async () => {
    const sent = (id: string) => ask(id, '/', { method: 'POST', body: '1234567890' })
    assert.equal((await sent('any-length')).json.body, '1234567890')
    assert.equal((await sent('cut')).json.body, '12345')
    assert.equal(reason(await sent('limited')), '413 body_too_large')
  })

  it('are those of the settings: StaticResponse', async () => {
    const plain = await ask('fixed')
    assert.deepEqual([plain.status, plain.body], [200, ''])
    const told = await ask('fixed-told', '/tea')
    assert.deepEqual([told.status, told.headers['x-path'], told.body], [418, '/tea', 'you asked for /tea'])
  })

  it('tell robots where not to go: Robots', async () => {
    const file = await ask('robots', '/robots.txt')
    assert.deepEqual([file.status, file.body], [200, 'User-agent: *\nDisallow: /\n'])
    const page = await ask('robots', '/page')
    assert.match(page.body, /<head><meta name="robots" content="noindex,nofollow,noarchive">/)
    assert.equal(page.headers['x-robots-tag'], 'noindex, nofollow, noarchive')
    assert.equal((await ask('robots-told', '/robots.txt')).body, 'User-agent: *\nAllow: /\n')
    const told = await ask('robots-told', '/page')
    assert.deepEqual([told.headers['x-robots-tag'], told.body.includes('<meta')], ['all', false])
  })
})

describe('settings that are wrong', () => {
  for (const [plugin, config, place] of [
    ['ForwardedHeader', { rfc7239: 'yes' }, /rfc7239/],
    ['MissingHeadersIn', { headers: { 'a b': 'x' } }, /a b/],
    ['MissingHeadersOut', { headers: [] }, /headers/],
    ['OverrideLocationHeader', { matching_hostnames: 'x' }, /matching_hostnames/],
    ['W3CTracing', { kind: 'pigeon' }, /kind/],
    ['IpAddressBlockList', { addresses: ['300.1.1.1'] }, /300\.1\.1\.1/],
    ['RequestBodyEchoBackend', { limit: -1 }, /limit/],
    ['Robots', { meta_enabled: 1 }, /meta_enabled/],
    ['StaticResponse', { status: 99 }, /status/],
    ['RequestBodyLengthLimiter', { max_length: 'much' }, /max_length/],
    ['NgIncomingRequestValidatorAllowedDomainNames', { domains: [''] }, /domains/],
    ['NgIncomingRequestValidatorDeniedDomainNames', { domains: 'x' }, /domains/],
  ] as const)
    it(`close the route and name what is wrong: ${plugin}`, () =>
      closes(gateway, backend, plugin, config, place))
})
