/** What the gateway says no to before a route is looked for: broken messages, and requests that are too big. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http2 from 'node:http2'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { until } from './support/wait.ts'

/** Writes bytes and answers everything that comes until the gateway closes. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = ''
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'))
    socket.setTimeout(5000, () => socket.destroy(new Error(`no end after ${JSON.stringify(got)}`)))
    socket.on('data', chunk => (got += chunk.toString('latin1')))
    socket.on('close', () => resolve(got))
    socket.on('error', reject)
  })
}

interface Figures {
  readonly requests: number
  readonly refused: number
  readonly answers4xx: number
  readonly answers5xx: number
}

async function figures(gateway: TestGateway): Promise<Figures> {
  const { json } = await call(gateway.port, 'http://any.test/.well-known/otoroshi/monitoring/metrics')
  const count = (name: string): number =>
    (json as { name: string; count: number }[]).find(metric => metric.name === name)!.count
  return {
    requests: count('otoroshi.requests'),
    refused: count('otoroshi.requests.refused'),
    answers4xx: count('otoroshi.responses.4xx'),
    answers5xx: count('otoroshi.responses.5xx'),
  }
}

const route = (backend: Backend) => ({
  id: 'r',
  name: 'r',
  frontend: { domains: ['api.test'] },
  backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
})

describe('a message that is not valid', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otoroshi-refusals-'))
  const events = join(folder, 'events.log')
  let gateway: TestGateway
  let backend: Backend

  before(async () => {
    gateway = await startGateway({
      threads: 2,
      args: ['-Dotoroshi.headers.response.errormsg=My-Error-Msg'],
      env: {
        OTOROSHI_AKKA_HTTP_SERVER_PARSING_MAX_CONTENT_LENGHT: '1000',
      },
    })
    backend = await startBackend()
    await gateway.route(route(backend))
    const created = await gateway.admin('POST', '/apis/events.otoroshi.io/v1/data-exporters', {
      id: 'refusals',
      name: 'refusals',
      enabled: true,
      type: 'file',
      groupSize: 1,
      groupDuration: 50,
      config: { path: events, maxFileSize: 10_000_000 },
      filtering: { include: [{ '@type': 'GatewayEvent', '@serviceId': 'none' }], exclude: [] },
      projection: { status: true, gwReason: true, gwError: true, from: true, protocol: true },
    })
    assert.equal(created.status, 201, created.text)
  })
  after(async () => {
    await gateway.stop()
    await backend.close()
    rmSync(folder, { recursive: true })
  })

  const head = 'Host: api.test\r\n'
  const cases: readonly (readonly [status: number, code: string, message: string, bytes: string])[] = [
    [400, 'request.bad_message', 'a space before the colon', 'GET / HTTP/1.1\r\nHost : api.test\r\n\r\n'],
    [
      400,
      'request.bad_message',
      'both Content-Length and Transfer-Encoding',
      `POST / HTTP/1.1\r\n${head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    ],
    [405, 'request.connect_refused', 'CONNECT is not allowed', `CONNECT api.test:80 HTTP/1.1\r\n${head}\r\n`],
    [
      413,
      'request.body_too_large',
      'the body is too large',
      `PUT / HTTP/1.1\r\n${head}Content-Length: 1001\r\n\r\n`,
    ],
    [
      414,
      'request.target_too_long',
      'the request target is too long',
      `GET /${'x'.repeat(16_384)} HTTP/1.1\r\n${head}\r\n`,
    ],
    [
      417,
      'request.unknown_expectation',
      'an unknown expectation',
      `GET / HTTP/1.1\r\n${head}Expect: more\r\n\r\n`,
    ],
    [
      431,
      'request.head_too_large',
      'a header value is too long',
      `GET / HTTP/1.1\r\n${head}A: ${'x'.repeat(16_385)}\r\n\r\n`,
    ],
    [
      501,
      'request.unsupported',
      'an unknown transfer coding',
      `POST / HTTP/1.1\r\n${head}Transfer-Encoding: gzip, chunked\r\n\r\n`,
    ],
    [505, 'request.unknown_version', 'HTTP version not supported', `GET / HTTP/3.0\r\n${head}\r\n`],
  ]

  it('is refused with a reason code, and counted', async () => {
    const before = await figures(gateway)
    for (const [status, code, message, bytes] of cases) {
      const [fields, body] = (await raw(gateway.port, bytes)).split('\r\n\r\n')
      assert.match(fields!, new RegExp(`^HTTP/1\\.1 ${status} `))
      assert.match(fields!, new RegExp(`^Otoroshi-Error-Reason: ${code.replace('.', '\\.')}\\r$`, 'm'))
      assert.match(fields!, /^Otoroshi-Error: true\r$/m)
      assert.match(fields!, /^My-Error-Msg: \S.*\r$/m)
      assert.equal(body, `${message}\n`)
    }
    assert.equal(backend.seen.length, 0)
    const now = await figures(gateway)
    const high = cases.filter(([status]) => status >= 500).length
    // The reading of the figures before is itself counted.
    assert.deepEqual(
      [now.refused - before.refused, now.requests - before.requests],
      [cases.length, cases.length],
    )
    assert.deepEqual(
      [now.answers4xx - before.answers4xx, now.answers5xx - before.answers5xx],
      [cases.length - high, high],
    )
  })

  it('makes an event as every refused request does', async () => {
    const written = (): { gwReason: string; gwError: string; status: number; from: string }[] =>
      existsSync(events)
        ? readFileSync(events, 'utf8')
            .split('\r\n')
            .filter(line => line !== '')
            .map(line => JSON.parse(line))
        : []
    await until('every event is written', () => written().length >= cases.length)
    assert.deepEqual(
      written()
        .map(event => `${event.status} ${event.gwReason} ${event.from} ${event.gwError.split(' / ')[0]}`)
        .sort(),
      cases.map(([status, code, message]) => `${status} ${code} 127.0.0.1 ${message}`).sort(),
    )
  })

  it('is refused so over HTTP/2 too', async () => {
    const session = http2.connect(`http://127.0.0.1:${gateway.port}`)
    const fields = await new Promise<http2.IncomingHttpHeaders>((resolve, reject) => {
      session.on('error', reject)
      const stream = session.request({ ':path': `/${'x'.repeat(16_384)}`, ':authority': 'api.test' })
      stream.on('response', resolve)
      stream.on('error', reject)
      stream.resume()
    })
    session.destroy()
    assert.equal(fields[':status'], 414)
    assert.equal(fields['otoroshi-error-reason'], 'request.target_too_long')
  })

  it('is not found by the admin API where the gateway found none, whatever fields it added', async () => {
    // With Host, Accept, Authorization and Connection as many as the gateway takes.
    const most = Object.fromEntries(Array.from({ length: 124 }, (_, i) => [`X-${i}`, '1']))
    assert.equal(
      (await gateway.admin('GET', '/apis/proxy.otoroshi.io/v1/routes/r', undefined, most)).status,
      200,
    )
    const refused = await gateway.admin('GET', '/apis/proxy.otoroshi.io/v1/routes/r', undefined, {
      ...most,
      'X-More': '1',
    })
    assert.equal(refused.status, 431)
    assert.equal(refused.headers.get('otoroshi-error-reason'), 'request.head_too_large')
  })

  it('that turns out broken in its body is told so by its route', async () => {
    const post = `POST / HTTP/1.1\r\n${head}Accept: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`
    const long = await raw(gateway.port, `${post}3e9\r\n${'x'.repeat(1001)}\r\n0\r\n\r\n`)
    assert.match(long, /^HTTP\/1\.1 413 [\s\S]*^Otoroshi-Error-Reason: request\.body_too_large\r$/m)
    const broken = await raw(gateway.port, `${post}3;a=b\r\nabcdef\r\n`)
    assert.match(broken, /^HTTP\/1\.1 400 [\s\S]*^Otoroshi-Error-Reason: request\.bad_body\r$/m)
  })
})

describe('a request beyond the bounds of otoroshi.requests', () => {
  const bounds = [
    '-Dotoroshi.requests.maxUrlLength=100',
    '-Dotoroshi.requests.maxCookieLength=20',
    '-Dotoroshi.requests.maxHeaderNameLength=40',
    '-Dotoroshi.requests.maxHeaderValueLength=300',
  ]
  const requests: readonly (readonly [message: string, path: string, headers: Record<string, string>])[] = [
    ['URL should be smaller', `/${'x'.repeat(100)}`, {}],
    ['Cookies should be smaller', '/', { Cookie: `a=1; b=${'x'.repeat(21)}` }],
    ['Headers should be smaller', '/', { ['X'.repeat(41)]: '1' }],
    ['Headers should be smaller', '/', { 'X-A': 'x'.repeat(301) }],
  ]

  async function answers(more: readonly string[]): Promise<string[]> {
    const gateway = await startGateway({ threads: 1, args: [...bounds, ...more] })
    const backend = await startBackend()
    await gateway.route(route(backend))
    const got: string[] = []
    for (const [, path, headers] of [['', '/', {}] as const, ...requests]) {
      const { status, headers: fields } = await call(gateway.port, `http://api.test${path}`, { headers })
      got.push(
        `${status} ${fields['otoroshi-error-reason'] ?? ''} ${fields['otoroshi-error-msg'] ?? ''}`.trim(),
      )
    }
    await gateway.stop()
    await backend.close()
    return got
  }

  it('gets 400 with a reason code', async () => {
    assert.deepEqual(await answers([]), [
      '200',
      ...requests.map(([message]) => `400 request_too_large ${message}`),
    ])
  })

  it('passes when they are switched off', async () => {
    assert.deepEqual(await answers(['-Dotoroshi.requests.validate=false']), Array(5).fill('200'))
  })
})
