import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import type { Span } from './span.ts'
import { type ExporterKind, spanExporter } from './span-exporter.ts'

const open: (Server | Http2Server)[] = []
after(() => {
  for (const server of open) server.close()
})

async function listen(server: Server | Http2Server): Promise<string> {
  open.push(server)
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const readAll = async (stream: AsyncIterable<Buffer>): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(stream))

const span = (more: Partial<Span> = {}): Span => ({
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  parentId: '00f067aa0ba902b7',
  traceState: 'a=1',
  name: 'http_proxy',
  start: 1_700_000_000_123_456_000n,
  end: 1_700_000_000_223_457_000n,
  attributes: new Map<string, string | number>([
    ['http.path', '/é'],
    ['http.response', 503],
  ]),
  events: [{ name: 'process_request', at: 1_700_000_000_123_500_000n }],
  status: 'error',
  ...more,
})

/** What an exporter logs, and a promise of the next line. */
function logs() {
  const lines: string[] = []
  const { promise, resolve } = Promise.withResolvers<string>()
  const log = (_level: string, line: string): void => {
    lines.push(line)
    resolve(line)
  }
  return { lines, first: promise, log }
}

/** Fields of a protobuf message by number: numbers as bigint, anything else as bytes. */
function fields(message: Buffer): Map<number, (bigint | Buffer)[]> {
  const found = new Map<number, (bigint | Buffer)[]>()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(message[at++]!)
      value |= (byte & 127n) << shift
      if (byte < 128n) return value
    }
  }
  while (at < message.length) {
    const tag = Number(varint())
    let value: bigint | Buffer
    if ((tag & 7) === 0) value = varint()
    else if ((tag & 7) === 1) {
      value = message.readBigUInt64LE(at)
      at += 8
    } else {
      assert.equal(tag & 7, 2)
      const length = Number(varint())
      value = message.subarray(at, at + length)
      at += length
    }
    found.set(tag >> 3, [...(found.get(tag >> 3) ?? []), value])
  }
  assert.equal(at, message.length)
  return found
}

const inside = (message: Buffer, ...path: number[]): Buffer[] =>
  path.reduce<Buffer[]>(
    (list, number) => list.flatMap(one => (fields(one).get(number) ?? []) as Buffer[]),
    [message],
  )

const attributes = (message: Buffer, number: number): Record<string, unknown> =>
  Object.fromEntries(
    inside(message, number).map(pair => {
      const value = fields(inside(pair, 2)[0]!)
      return [String(inside(pair, 1)[0]), value.has(1) ? String(value.get(1)![0]) : value.get(3)![0]]
    }),
  )

function checkOtlp(body: Buffer, count: number): void {
  assert.deepEqual(attributes(inside(body, 1, 1)[0]!, 1), { 'service.name': 'otoroshi' })
  assert.equal(String(inside(body, 1, 2, 1, 1)[0]), 'otoroshi')
  const spans = inside(body, 1, 2, 2)
  assert.equal(spans.length, count)
  const one = fields(spans[0]!)
  assert.equal((one.get(1)![0] as Buffer).toString('hex'), '0af7651916cd43dd8448eb211c80319c')
  assert.equal((one.get(2)![0] as Buffer).toString('hex'), 'b7ad6b7169203331')
  assert.equal(String(one.get(3)![0]), 'a=1')
  assert.equal((one.get(4)![0] as Buffer).toString('hex'), '00f067aa0ba902b7')
  assert.equal(String(one.get(5)![0]), 'http_proxy')
  assert.deepEqual(
    [one.get(6), one.get(7), one.get(8)],
    [[2n], [1_700_000_000_123_456_000n], [1_700_000_000_223_457_000n]],
  )
  assert.deepEqual(attributes(spans[0]!, 9), { 'http.path': '/é', 'http.response': 503n })
  assert.equal(String(inside(spans[0]!, 11, 2)[0]), 'process_request')
  assert.deepEqual(fields(inside(spans[0]!, 11)[0]!).get(1), [1_700_000_000_123_500_000n])
  assert.deepEqual(fields(inside(spans[0]!, 15)[0]!).get(3), [2n])
}

/** A collector over HTTP/1.1 that answers with these statuses in turn. */
async function collector(...statuses: number[]) {
  const got: { request: IncomingMessage; body: Buffer }[] = []
  const waiting: (() => void)[] = []
  const server = createServer(async (request, response) => {
    const body = await readAll(request)
    response.writeHead(statuses[got.length] ?? 202, { Location: '/elsewhere' }).end('x')
    got.push({ request, body })
    for (const wake of waiting.splice(0)) wake()
  })
  const url = await listen(server)
  const calls = async (count: number): Promise<typeof got> => {
    while (got.length < count) await new Promise<void>(wake => waiting.push(wake))
    return got
  }
  return { url, got, calls }
}

describe('spans on their way', () => {
  it('go nowhere by default, or into the log', () => {
    const { lines, log } = logs()
    assert.equal(spanExporter('noop', 'nonsense', 1, log), null)
    spanExporter('logger', 'nonsense', 1, log)!.add(span())
    assert.equal(lines.length, 1)
    assert.match(
      lines[0]!,
      /"traceId":"0af7651916cd43dd8448eb211c80319c".*"status":"error","milliseconds":100\.001/,
    )
  })

  it('go to Zipkin as JSON', async () => {
    const { url, calls } = await collector()
    const exporter = spanExporter('zipkin', `${url}/api/v2/spans`, 5000, logs().log)!
    exporter.add(span())
    exporter.add(span({ parentId: '', status: 'ok', attributes: new Map(), end: 1_700_000_000_123_456_000n }))
    exporter.close()
    const [call] = await calls(1)
    assert.deepEqual([call!.request.method, call!.request.url], ['POST', '/api/v2/spans'])
    assert.equal(call!.request.headers['content-type'], 'application/json')
    const [first, second] = JSON.parse(call!.body.toString())
    assert.deepEqual(first, {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      id: 'b7ad6b7169203331',
      parentId: '00f067aa0ba902b7',
      kind: 'SERVER',
      name: 'http_proxy',
      timestamp: 1_700_000_000_123_456,
      duration: 100_001,
      localEndpoint: { serviceName: 'otoroshi' },
      annotations: [{ timestamp: 1_700_000_000_123_500, value: 'process_request' }],
      tags: { 'http.path': '/é', 'http.response': '503', 'otel.status_code': 'ERROR', error: 'true' },
    })
    assert.deepEqual(
      [second.duration, second.tags, 'parentId' in second],
      [1, { 'otel.status_code': 'OK' }, false],
    )
  })

  it('go to an OTLP collector over HTTP', async () => {
    const { url, calls } = await collector()
    const exporter = spanExporter('otlp-http', `${url}/v1/traces`, 5000, logs().log)!
    exporter.add(span())
    exporter.add(span())
    exporter.close()
    const [call] = await calls(1)
    assert.equal(call!.request.url, '/v1/traces')
    assert.equal(call!.request.headers['content-type'], 'application/x-protobuf')
    checkOtlp(call!.body, 2)
  })

  it('go to an OTLP collector over gRPC, and its refusal is seen', async () => {
    for (const kind of ['otlp-grpc', 'jaeger'] as const) {
      const got = Promise.withResolvers<{ path: unknown; type: unknown; body: Buffer }>()
      const server = createHttp2Server()
      let status = '0'
      server.on('stream', async (stream: ServerHttp2Stream, headers) => {
        const body = await readAll(stream)
        got.resolve({ path: headers[':path'], type: headers['content-type'], body })
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }))
        stream.end(Buffer.alloc(5))
      })
      const url = await listen(server)
      const { lines, first, log } = logs()
      const exporter = spanExporter(kind, `${url}/ignored`, 5000, log)!
      exporter.add(span())
      exporter.close()
      const { path, type, body } = await got.promise
      assert.equal(path, '/opentelemetry.proto.collector.trace.v1.TraceService/Export')
      assert.equal(type, 'application/grpc')
      assert.deepEqual([body[0], body.readUInt32BE(1)], [0, body.length - 5])
      checkOtlp(body.subarray(5), 1)
      assert.deepEqual(lines, [])
      status = '14'
      exporter.add(span())
      exporter.close()
      assert.match(await first, /1 spans lost: .*grpc-status 14/)
    }
  })

  it('are counted when they cannot be shipped; a redirection is not followed', async () => {
    const { url, calls, got } = await collector(307)
    const { first, log } = logs()
    const exporter = spanExporter('zipkin', url, 5000, log)!
    exporter.add(span())
    exporter.add(span())
    exporter.close()
    assert.match(await first, /2 spans lost: the collector answered 307/)
    exporter.add(span())
    exporter.close()
    await calls(2)
    assert.deepEqual(
      got.map(({ request }) => request.url),
      ['/', '/'],
    )
  })

  it('are given up after the time-out', async () => {
    for (const kind of ['zipkin', 'otlp-grpc'] as const) {
      const server = kind === 'zipkin' ? createServer(() => {}) : createHttp2Server()
      if (kind === 'otlp-grpc') server.on('stream', () => {})
      const url = await listen(server)
      const { first, log } = logs()
      const exporter = spanExporter(kind, url, 50, log)!
      exporter.add(span())
      exporter.close()
      assert.match(await first, /1 spans lost: /)
      if ('closeAllConnections' in server) server.closeAllConnections()
    }
  })

  it('that nobody takes are lost, but neither the process nor its memory', async () => {
    for (const kind of ['zipkin', 'otlp-http', 'otlp-grpc'] as const) {
      const { first, log } = logs()
      const exporter = spanExporter(kind, 'http://127.0.0.1:1', 5000, log)!
      exporter.add(span())
      exporter.close()
      assert.match(await first, /1 spans lost: /)
    }
  })

  it('wait in bounded memory, in batches, while the collector is slow', async () => {
    const { url, calls, got } = await collector()
    const { first, log } = logs()
    const exporter = spanExporter('zipkin', url, 5000, log)!
    // 512 leave at once, 2048 wait, the rest is lost.
    for (let at = 0; at < 4000; at++) exporter.add(span({ attributes: new Map() }))
    assert.match(await first, /1440 spans lost: the collector is too slow/)
    await calls(5)
    assert.deepEqual(
      got.map(({ body }) => JSON.parse(body.toString()).length),
      [512, 512, 512, 512, 512],
    )
  })

  it('need an HTTP address', () => {
    for (const kind of ['zipkin', 'otlp-http', 'otlp-grpc', 'jaeger'] satisfies ExporterKind[])
      for (const endpoint of ['', 'collector:4317', 'file:///etc/passwd', 'unix:/x'])
        assert.throws(() => spanExporter(kind, endpoint, 1, () => {}), /http or https URL/)
  })
})
