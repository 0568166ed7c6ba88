import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { openRawBackend, plainAnswer } from '../../gateway/testing/test-backend.ts'
import { openTestGateway, testRoute } from '../../gateway/testing/test-gateway.ts'
import { answer, definePlugin, type PluginDefinition, schema } from '../../plugin/index.ts'
import { type Fields, type PluginRunInput, runPlugin } from '../../plugin/testing.ts'
import plugin from './w3c-tracing.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const spanId = 'b7ad6b7169203331'
const traceparent = `00-${traceId}-${spanId}-01`

const run = (headers: Fields = {}, config: unknown = {}, more: PluginRunInput = {}) =>
  runPlugin(plugin, { ...more, config, request: { ...more.request, headers } })

/** What the backend is told, and what is logged about the span. */
async function traced(headers: Fields = {}, config: Record<string, unknown> = {}, more: PluginRunInput = {}) {
  const got = await run(headers, { kind: 'logger', ...config }, more)
  const told = got.backend!.headers
  const parts = /^00-([\da-f]{32})-([\da-f]{16})-(0[01])$/.exec(told.get('traceparent') ?? '')
  assert.notEqual(parts, null)
  assert.equal(told.getAll('traceparent').length, 1)
  const spans = got.log.map(({ message }) => JSON.parse(message.slice(message.indexOf('{'))))
  return { got, told, trace: parts![1]!, span: parts![2]!, flags: parts![3]!, spans }
}

describe('a trace', () => {
  it('goes on through the gateway', async () => {
    const { trace, span, flags, told, spans } = await traced({ traceparent, tracestate: 'a=1, b=2' })
    assert.deepEqual([trace, flags], [traceId, '01'])
    assert.notEqual(span, spanId)
    assert.equal(told.get('tracestate'), 'a=1,b=2')
    assert.equal(spans.length, 1)
    assert.deepEqual([spans[0].traceId, spans[0].spanId, spans[0].parentId], [traceId, span, spanId])
  })

  it('begins here when there is none, or none that is valid', async () => {
    const seen = new Set<string>()
    const cases: Fields[] = [
      {},
      { traceparent: `ff-${traceId}-${spanId}-01`, tracestate: 'a=1' },
      { traceparent: `00-${'0'.repeat(32)}-${spanId}-01`, tracestate: 'a=1' },
      [
        ['traceparent', traceparent],
        ['traceparent', traceparent],
        ['tracestate', 'a=1'],
      ],
      { tracestate: 'a=1' },
    ]
    for (const headers of cases) {
      const { trace, flags, told, spans } = await traced(headers)
      assert.notEqual(trace, traceId)
      assert.equal(flags, '01')
      assert.equal(told.has('tracestate'), false)
      assert.equal(spans[0].parentId, '')
      seen.add(trace)
    }
    assert.equal(seen.size, cases.length)
  })

  it('goes on without a state that is broken', async () => {
    const { trace, told } = await traced({ traceparent, tracestate: 'a=1,B=2' })
    assert.deepEqual([trace, told.has('tracestate')], [traceId, false])
  })

  it('that is not sampled is handed on and not exported', async () => {
    const { trace, flags, spans } = await traced({ traceparent: traceparent.replace(/01$/, '00') })
    assert.deepEqual([trace, flags, spans], [traceId, '00', []])
  })

  it('is handed on without any exporter', async () => {
    const got = await run({ traceparent })
    assert.match(
      got.backend!.headers.get('traceparent')!,
      new RegExp(`^00-${traceId}-(?!${spanId})[\\da-f]{16}-01$`),
    )
    assert.deepEqual(got.log, [])
  })
})

describe('a span', () => {
  it('says what was asked and answered', async () => {
    const { spans } = await traced(
      {},
      {},
      { request: { method: 'PUT', url: 'http://shop.test/a?b', ip: '1.2.3.4' }, backend: { status: 201 } },
    )
    assert.equal(spans[0].name, 'http_proxy')
    assert.equal(spans[0].status, 'ok')
    assert.deepEqual(spans[0].attributes, {
      lc: 'otoroshi',
      'service.id': 'route_test',
      'service.name': 'Route under test',
      'http.method': 'PUT',
      'http.version': 'HTTP/1.1',
      'http.path': '/a',
      'http.domain': 'shop.test',
      'http.scheme': 'http',
      'http.from': '1.2.3.4',
      'http.response': 201,
    })
  })
})

describe('baggage', () => {
  it('passes untouched when nothing is configured', async () => {
    assert.equal((await traced({ baggage: 'a=1;p=2 , b' })).told.get('baggage'), 'a=1;p=2 , b')
    assert.equal((await traced()).told.has('baggage'), false)
  })

  it('gets the configured members, which replace those of the client', async () => {
    const { told } = await traced(
      [
        ['baggage', 'a=1;p=2, tenant=evil'],
        ['baggage', 'c=3, broken, =4'],
      ],
      { baggage: { tenant: '${route.name}', q: '${req.query.q}' } },
      { request: { url: `/?q=${encodeURIComponent('x,admin=1;y="é%')}` } },
    )
    assert.deepEqual(told.getAll('baggage'), [
      'tenant=Route%20under%20test,q=x%2Cadmin=1%3By=%22%C3%A9%25,a=1;p=2,c=3',
    ])
  })

  it('stays within the limits of the standard', async () => {
    const many = Array.from({ length: 300 }, (_, at) => `k${at}=v`).join(',')
    const { told } = await traced({ baggage: many }, { baggage: { own: '1' } })
    assert.equal(told.get('baggage')!.split(',').length, 180)
    const long = Array.from({ length: 100 }, (_, at) => `k${at}=${'v'.repeat(200)}`).join(',')
    const { told: less } = await traced({ baggage: long }, { baggage: { own: '1' } })
    const { length } = less.get('baggage')!
    assert.ok(length > 7900 && length <= 8192, String(length))
  })
})

describe('settings of tracing', () => {
  it('close the route when they name no exporter, address, time or key', async () => {
    for (const config of [
      { kind: 'other' },
      { kind: 'zipkin', endpoint: 'nowhere' },
      { timeout: 0 },
      { timeout: 2 ** 31 },
      { baggage: { 'a b': '1' } },
      { baggage: { a: 1 } },
    ])
      await assert.rejects(run({}, config), JSON.stringify(config))
    await run({}, { kind: 'NOOP' })
  })
})

describe('tracing in a gateway', () => {
  const open: { close(): unknown }[] = []
  after(async () => {
    for (const thing of open) await thing.close()
  })

  it('exports what failed, what another plugin answered and what passed', async () => {
    const collected: Record<string, unknown>[] = []
    const { promise: all, resolve } = Promise.withResolvers<void>()
    const collector = createServer(async (request, response) => {
      const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>))
      collected.push(...JSON.parse(body.toString()))
      response.end()
      if (collected.length >= 3) resolve()
    })
    await new Promise<void>(done => collector.listen(0, '127.0.0.1', done))
    const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/spans`
    const backend = await openRawBackend(socket => socket.write(plainAnswer('ok')))
    const stands = definePlugin({
      id: 'stands',
      name: '',
      description: '',
      family: 'test',
      steps: ['CallBackend'],
      config: schema.looseObject({}),
      setup: () => ({ backend: () => answer(418) }),
    }) as PluginDefinition<never>
    const gateway = await openTestGateway({ plugins: [plugin as PluginDefinition<never>, stands] })
    open.push(gateway, backend, { close: () => collector.close() })
    const slot = { plugin: plugin.id, enabled: true, config: { kind: 'zipkin', endpoint } }
    const instead = { plugin: 'stands', enabled: true, config: {} }
    assert.deepEqual(
      await gateway.write(
        ['Route', testRoute('passes', 'passes.test', backend.port, { plugins: [slot] })],
        ['Route', testRoute('stands', 'stands.test', backend.port, { plugins: [slot, instead] })],
        ['Route', testRoute('dead', 'dead.test', 1, { plugins: [slot] })],
      ),
      [],
    )
    for (const name of ['passes', 'stands', 'dead'])
      await gateway.call(`http://${name}.test/`, { headers: { traceparent } })
    assert.match(
      backend.requests[0]!,
      new RegExp(`\\r\\ntraceparent: 00-${traceId}-[\\da-f]{16}-01\\r\\n`, 'i'),
    )
    await all
    const told = new Map(
      collected.map(span => [(span['tags'] as Record<string, string>)['service.id'], span]),
    )
    for (const [name, status, code] of [
      ['passes', '200', 'OK'],
      ['stands', '418', 'OK'],
      ['dead', '502', 'ERROR'],
    ] as const) {
      const span = told.get(name)!
      const tags = span['tags'] as Record<string, string>
      assert.deepEqual([span['traceId'], span['parentId']], [traceId, spanId])
      assert.deepEqual([tags['http.response'], tags['otel.status_code']], [status, code])
      assert.ok((span['duration'] as number) >= 1)
    }
  })
})
