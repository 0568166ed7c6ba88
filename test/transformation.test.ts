/** The plugins that transform, through a running gateway: each with the example of docs/transformation.md. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import zlib from 'node:zlib'
import { allBuiltIn } from '../src/plugins/index.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { fencedBlocks } from './support/markdown.ts'
import { until } from './support/wait.ts'

interface Slot {
  readonly plugin: string
  readonly config: Record<string, unknown>
}

const page = readFileSync(join(import.meta.dirname, '../docs/transformation.md'), 'utf8')
const examples = new Map(
  fencedBlocks(page)
    .filter(block => block.language === 'json')
    .map(block => JSON.parse(block.text) as Slot)
    .map(slot => [slot.plugin.slice('cp:otoroshi.next.plugins.'.length), slot]),
)

let gateway: TestGateway
let backend: http.Server
let port = 0

interface Seen {
  readonly url: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

/** What the last request to the backend was. */
let seen: Seen

const html = `<html><head><title>x</title></head><body><a href="/a">http://internal/x</a>${'<p>text</p>'.repeat(50)}</body></html>`
const events: http.ServerResponse[] = []

/** Answers by path; any other request is echoed as JSON. */
function answerBackend(request: http.IncomingMessage, response: http.ServerResponse, body: Buffer): void {
  seen = { url: request.url!, headers: request.headers, body: body.toString() }
  const send = (status: number, type: string, content: string | Buffer, more = {}) => {
    response.writeHead(status, {
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(content),
      ...more,
    })
    response.end(content)
  }
  switch (request.url!.split('?', 1)[0]) {
    case '/page':
      send(200, 'text/html', html, { ETag: '"p"' })
      break
    case '/zipped':
      send(200, 'text/html', zlib.gzipSync(html), { 'Content-Encoding': 'gzip' })
      break
    case '/xml':
      send(200, 'application/xml', '<a id="1"><b>x</b><b>2</b></a>')
      break
    case '/fails':
      send(503, 'text/html', '<pre>stack trace</pre>', { Server: 'secret' })
      break
    case '/image':
      send(200, 'image/png', 'theirs')
      break
    case '/picture':
      send(200, 'image/webp', 'ours')
      break
    case '/bad':
      send(200, 'application/json', '{"nothing":1}')
      break
    case '/bomb':
      send(200, 'application/json', zlib.gzipSync(Buffer.alloc(20_000_000, 32)), {
        'Content-Encoding': 'gzip',
      })
      break
    case '/events':
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write('data: 1\n\n')
      events.push(response)
      break
    default:
      send(
        200,
        'application/json',
        JSON.stringify({
          method: request.method,
          url: request.url,
          body: seen.body,
          headers: request.headers,
        }),
      )
  }
}

before(async () => {
  backend = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => answerBackend(request, response, Buffer.concat(chunks)))
  })
  await new Promise<void>(resolve => backend.listen(0, '127.0.0.1', resolve))
  port = (backend.address() as { port: number }).port
  gateway = await startGateway({ threads: 2 })
  for (const [name, slot] of examples) await route(name, [onThisMachine(slot)])
})
after(async () => {
  backend.closeAllConnections()
  backend.close()
  await gateway.stop()
})

function onThisMachine(slot: Slot): Slot {
  return JSON.parse(JSON.stringify(slot).replace('127.0.0.1:3000', `127.0.0.1:${port}`)) as Slot
}

function route(id: string, plugins: readonly unknown[]): Promise<void> {
  return gateway.route({
    id: id.toLowerCase(),
    name: id,
    frontend: { domains: [`${id.toLowerCase()}.test`] },
    backend: { targets: [{ hostname: '127.0.0.1', port }] },
    plugins,
  })
}

interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly bytes: Buffer
  readonly text: string
  readonly json: ReturnType<typeof JSON.parse>
}

function open(id: string, path: string, options: http.RequestOptions = {}): http.ClientRequest {
  const headers = { Host: `${id.toLowerCase()}.test`, Accept: 'application/json', ...options.headers }
  return http.request({ host: '127.0.0.1', port: gateway.port, path, agent: false, ...options, headers })
}

function call(
  id: string,
  path: string,
  body?: string | Buffer,
  headers: http.OutgoingHttpHeaders = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST'
    const request = open(id, path, {
      method,
      headers: { ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }), ...headers },
    })
    request.on('response', response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const text = bytes.toString()
        let json: unknown
        try {
          json = JSON.parse(text)
        } catch {}
        resolve({ status: response.statusCode!, headers: response.headers, bytes, text, json })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

const asJson = { 'Content-Type': 'application/json' }

/** What each example does; fails when it does not. */
const stories: Record<string, () => Promise<void>> = {
  async JQ() {
    const got = await call('JQ', '/', '{"name":"Ann"}', asJson)
    assert.equal(seen.body, '{"user":"Ann","via":"POST"}')
    assert.deepEqual(got.json, { seen: '{"user":"Ann","via":"POST"}' })
    assert.equal(got.headers['content-length'], String(got.bytes.length))
  },
  async JQRequest() {
    const body = zlib.gzipSync('{"items":[{"id":1,"price":2,"count":3}]}')
    await call('JQRequest', '/', body, { ...asJson, 'Content-Encoding': 'gzip' })
    assert.equal(seen.body, '[{"id":1,"total":6}]')
    assert.deepEqual([seen.headers['content-encoding'], seen.headers['content-length']], [undefined, '20'])
    const failed = await call('JQRequest', '/', '{"items":[{"price":{}}]}', asJson)
    assert.deepEqual([failed.status, failed.headers['otoroshi-error-reason']], [500, 'transform.failed'])
    assert.match(failed.json.details[0], /cannot be multiplied/)
    const bad = await call('JQRequest', '/', 'nope', asJson)
    assert.deepEqual([bad.status, bad.headers['otoroshi-error-reason']], [400, 'transform.bad_request_body'])
  },
  async JQResponse() {
    assert.deepEqual(Object.keys((await call('JQResponse', '/', undefined, { Range: 'bytes=0-5' })).json), [
      'method',
      'url',
      'body',
    ])
    assert.equal(seen.headers.range, undefined)
    const bomb = await call('JQResponse', '/bomb')
    assert.deepEqual(
      [bomb.status, bomb.headers['otoroshi-error-reason']],
      [502, 'transform.response_too_large'],
    )
  },
  async JsonToXmlRequest() {
    await call('JsonToXmlRequest', '/', '{"id":7,"item":["a","b"]}', asJson)
    assert.deepEqual(
      [seen.body, seen.headers['content-type']],
      ['<order id="7"><item>ab</item></order>', 'text/xml; charset=utf-8'],
    )
  },
  async JsonToXmlResponse() {
    const got = await call('JsonToXmlResponse', '/x?a&b')
    assert.match(got.text, /^<root><method>GET<\/method><url>\/x\?a&amp;b<\/url>/)
    assert.equal(got.headers['content-type'], 'text/xml; charset=utf-8')
  },
  async XmlToJsonRequest() {
    await call('XmlToJsonRequest', '/', '<order id="7"><item>a</item><item>b</item></order>', {
      'Content-Type': 'text/xml',
    })
    assert.equal(seen.body, '{"id":7,"item":["a","b"]}')
    const evil = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><order>&b;</order>'
    assert.equal((await call('XmlToJsonRequest', '/', evil, { 'Content-Type': 'text/xml' })).status, 400)
  },
  async XmlToJsonResponse() {
    const got = await call('XmlToJsonResponse', '/xml')
    assert.deepEqual(
      [got.json, got.headers['content-type']],
      [{ a: { id: 1, b: ['x', 2] } }, 'application/json'],
    )
  },
  async JsonSchemaRequestValidator() {
    const fits = await call('JsonSchemaRequestValidator', '/', '{"email":"a@b.test"}', asJson)
    assert.deepEqual([fits.status, seen.body], [200, '{"email":"a@b.test"}'])
    const other = await call('JsonSchemaRequestValidator', '/', '{"email":"nope"}', asJson)
    assert.deepEqual([other.status, other.headers['otoroshi-error-reason']], [422, 'schema.request_invalid'])
    assert.deepEqual(other.json.validation_errors, ['$/email: must match format "email"'])
    assert.equal(
      (await call('JsonSchemaRequestValidator', '/', '{"email":1,"email":"a@b.test"}', asJson)).status,
      422,
    )
  },
  async JsonSchemaResponseValidator() {
    assert.equal((await call('JsonSchemaResponseValidator', '/')).status, 200)
    const bad = await call('JsonSchemaResponseValidator', '/bad')
    assert.deepEqual([bad.status, bad.headers['otoroshi-error-reason']], [502, 'schema.response_invalid'])
  },
  async RegexRequestBodyRewriter() {
    await call('RegexRequestBodyRewriter', '/', 'card 1234-5678-9012', {
      'Content-Type': 'text/plain; charset=utf-8',
    })
    assert.deepEqual([seen.body, seen.headers['content-length']], ['card 1234-…', '13'])
  },
  async RegexResponseBodyRewriter() {
    const got = await call('RegexResponseBodyRewriter', '/page')
    assert.equal(
      got.text,
      html.replace('"/a"', '"/shop/a"').replace('http://internal', 'https://shop.example'),
    )
    assert.deepEqual([got.headers['content-length'], got.headers.etag], [String(got.bytes.length), 'W/"p"'])
    const zipped = await call('RegexResponseBodyRewriter', '/zipped', undefined, {
      'Accept-Encoding': 'gzip',
    })
    assert.equal(zlib.gunzipSync(zipped.bytes).toString(), got.text)
  },
  async NgHtmlPatcher() {
    const wanted = html
      .replace('</head>', '<script src="/banner.js"></script></head>')
      .replace('<body>', '<body><p>You are &#60;b&#62;</p>')
    const forwarded = { 'X-Forwarded-For': '<b>' }
    const got = await call('NgHtmlPatcher', '/page', undefined, forwarded)
    assert.deepEqual([got.text, got.headers['transfer-encoding']], [wanted, 'chunked'])
    const zipped = await call('NgHtmlPatcher', '/zipped', undefined, {
      ...forwarded,
      'Accept-Encoding': 'gzip',
    })
    assert.equal(zlib.gunzipSync(zipped.bytes).toString(), wanted)
  },
  async NgErrorRewriter() {
    const got = await call('NgErrorRewriter', '/fails')
    const id = got.headers['x-otoroshi-error-id'] as string
    assert.deepEqual([got.status, got.json, got.headers['server']], [503, { id, status: 503 }, undefined])
    assert.equal(got.headers['otoroshi-error-reason'], 'error_rewritten')
    await until(
      'the original is in the log',
      () => gateway.output.includes(id) && gateway.output.includes('stack trace'),
    )
    const other = await call('NgErrorRewriter', '/fails', undefined, { Accept: 'image/png' })
    assert.deepEqual([other.status, other.headers['otoroshi-error-reason']], [503, 'error_rewritten'])
    assert.equal((await call('NgErrorRewriter', '/')).status, 200)
  },
  async QueryTransformer() {
    assert.equal(
      (await call('QueryTransformer', '/?q=a%20b&debug=1&x=%7E')).json.url,
      '/?query=a%20b&x=%7E&lang=en',
    )
  },
  async NgDefaultRequestBody() {
    await call('NgDefaultRequestBody', '/')
    assert.deepEqual(
      [seen.body, seen.headers['content-type'], seen.headers['content-length']],
      ['{}', 'application/json', '2'],
    )
    await call('NgDefaultRequestBody', '/', 'mine')
    assert.equal(seen.body, 'mine')
  },
  async ImageReplacer() {
    const got = await call('ImageReplacer', '/image')
    assert.deepEqual([got.text, got.headers['content-type']], ['ours', 'image/webp'])
    assert.equal((await call('ImageReplacer', '/page')).text, html)
  },
  async Http3Switch() {
    assert.equal((await call('Http3Switch', '/')).headers['alt-svc'], 'h3=":443"; ma=86400')
  },
  async GzipResponseCompressor() {
    const got = await call('GzipResponseCompressor', '/page', undefined, { 'Accept-Encoding': 'gzip' })
    assert.equal(zlib.gunzipSync(got.bytes).toString(), html)
    assert.deepEqual(
      [got.headers.vary, got.headers.etag, got.headers['content-length']],
      ['Accept-Encoding', 'W/"p"', String(got.bytes.length)],
    )
    assert.equal(
      (await call('GzipResponseCompressor', '/page', undefined, { 'Accept-Encoding': 'gzip;q=0' })).text,
      html,
    )
    const zipped = await call('GzipResponseCompressor', '/zipped', undefined, { 'Accept-Encoding': 'gzip' })
    assert.equal(zlib.gunzipSync(zipped.bytes).toString(), html)
  },
  async BrotliResponseCompressor() {
    const got = await call('BrotliResponseCompressor', '/page', undefined, { 'Accept-Encoding': 'gzip, br' })
    assert.equal(zlib.brotliDecompressSync(got.bytes).toString(), html)
  },
  async ZstdResponseCompressor() {
    const got = await call('ZstdResponseCompressor', '/page', undefined, { 'Accept-Encoding': 'zstd' })
    assert.equal(zlib.zstdDecompressSync(got.bytes).toString(), html)
  },
}

describe('the examples of docs/transformation.md', () => {
  it('are there for each plugin of the family', async () => {
    const family = (await allBuiltIn())
      .filter(plugin => plugin.family === 'transformation')
      .map(({ id }) => id)
    assert.deepEqual([...examples.values()].map(({ plugin }) => plugin).sort(), [...family].sort())
    assert.deepEqual(Object.keys(stories).sort(), [...examples.keys()].sort())
  })

  for (const [name, story] of Object.entries(stories)) it(`do what they say: ${name}`, story)
})

describe('the defaults', () => {
  it('do what is expected of them', async () => {
    for (const name of examples.keys())
      await route(`plain-${name}`, [{ plugin: `cp:otoroshi.next.plugins.${name}`, config: {} }])
    const untouched = [
      'JQ',
      'JQRequest',
      'QueryTransformer',
      'Http3Switch',
      'NgDefaultRequestBody',
      'NgErrorRewriter',
      'ImageReplacer',
    ]
    const patching = [
      'NgHtmlPatcher',
      'RegexRequestBodyRewriter',
      'RegexResponseBodyRewriter',
      'XmlToJsonRequest',
      'XmlToJsonResponse',
    ]
    for (const name of [...untouched, ...patching]) {
      const got = await call(`plain-${name}`, '/page')
      assert.deepEqual([got.status, got.text], [200, html], name)
    }
    const json = await call('plain-JQResponse', '/')
    assert.equal(json.status, 200)
    assert.match((await call('plain-JsonToXmlResponse', '/')).text, /^<root>/)
    assert.equal((await call('plain-JsonSchemaRequestValidator', '/', '{"name":1}', asJson)).status, 200)
    assert.equal((await call('plain-JsonSchemaRequestValidator', '/', '{}', asJson)).status, 422)
    const failed = await call('plain-NgErrorRewriter', '/fails', undefined, { Accept: 'text/html' })
    assert.match(failed.text, /An error occurred with id: <span style="color: red">[\da-f-]{36}</)
  })
})

describe('settings that cannot be used', () => {
  const faults: [name: string, config: object, wanted: RegExp][] = [
    ['JQ', { request: '.a |' }, /request: the jq filter cannot be used: syntax error/],
    ['JQ', { response: 'nope' }, /response: .*nope\/0 is not defined/],
    ['JQRequest', { filter: '(' }, /filter: /],
    ['JQResponse', { filter: 5 }, /filter/],
    ['JsonToXmlRequest', { filter: '(' }, /filter: /],
    ['XmlToJsonResponse', { max_body_size: -1 }, /max_body_size/],
    ['JsonSchemaRequestValidator', { schema: '{"type":"x"}' }, /schema cannot be used/],
    ['JsonSchemaResponseValidator', { schema: '{"$ref":"http://127.0.0.1/x"}' }, /can't resolve reference/],
    ['RegexRequestBodyRewriter', { rules: [{ pattern: '(?=a)' }] }, /rules\.0: .*look-around/],
    ['RegexResponseBodyRewriter', { rules: [{ pattern: 'a', replacement: '$1' }] }, /rules\.0: /],
    ['NgHtmlPatcher', { append_head: [1] }, /append_head/],
    ['NgErrorRewriter', { ranges: [{ from: 600, to: 500 }] }, /ranges\.0/],
    ['QueryTransformer', { add: { a: 1 } }, /add/],
    ['NgDefaultRequestBody', { bodyBinary: '?' }, /Base64/],
    ['ImageReplacer', { url: 'file:///etc/passwd' }, /url/],
    ['Http3Switch', { port: 70_000 }, /port/],
    ['GzipResponseCompressor', { compression_level: 12 }, /compression_level/],
    ['BrotliResponseCompressor', { excluded_patterns: ['('] }, /parenthesis/],
    ['ZstdResponseCompressor', { allowed_list: 'text/*' }, /allowed_list/],
  ]
  it('close the route, and their fault is named with its place', async () => {
    for (const [at, [name, config, wanted]] of faults.entries()) {
      const id = `bad${at}`
      await route(id, [{ plugin: `cp:otoroshi.next.plugins.${name}`, config }])
      const got = await call(id, '/')
      assert.equal(got.status, 503, name)
      assert.match(
        String(got.headers['otoroshi-error-reason']),
        new RegExp(
          `^plugin\\.(?:invalid_config|setup_failed); plugin="cp:otoroshi\\.next\\.plugins\\.${name}"`,
        ),
      )
      const status = await gateway.admin('GET', `/api/routes/${id}/_status`)
      assert.match(JSON.stringify(status.json), wanted, name)
    }
  })
})

describe('several of them on one route', () => {
  it('work on what the ones before made, compressors behind all others', async () => {
    const slot = (name: string, config = {}) => ({ plugin: `cp:otoroshi.next.plugins.${name}`, config })
    await route('many', [
      slot('GzipResponseCompressor'),
      slot('BrotliResponseCompressor'),
      slot('NgHtmlPatcher', { append_body: ['<i>1</i>'] }),
      slot('RegexResponseBodyRewriter', { rules: [{ pattern: '<i>1</i>', replacement: '<i>2</i>' }] }),
    ])
    const got = await call('many', '/zipped', undefined, { 'Accept-Encoding': 'gzip;q=0.5, br' })
    // What the backend compressed stays as it is, with the changes in it.
    assert.equal(got.headers['content-encoding'], 'gzip')
    assert.match(zlib.gunzipSync(got.bytes).toString(), /<i>2<\/i><\/body>/)
    const plain = await call('many', '/page', undefined, { 'Accept-Encoding': 'gzip;q=0.5, br' })
    assert.equal(plain.headers['content-encoding'], 'br')
    assert.match(zlib.brotliDecompressSync(plain.bytes).toString(), /<i>2<\/i><\/body>/)
  })
})

describe('an event stream', () => {
  for (const [name, coding, decoder] of [
    ['GzipResponseCompressor', 'gzip', () => zlib.createGunzip()],
    ['BrotliResponseCompressor', 'br', () => zlib.createBrotliDecompress()],
    ['ZstdResponseCompressor', 'zstd', () => zlib.createZstdDecompress()],
  ] as const)
    it(`flows through ${name}`, async () => {
      const request = open(name, '/events', { headers: { 'Accept-Encoding': coding } })
      request.end()
      const response = await new Promise<http.IncomingMessage>((resolve, reject) =>
        request.on('response', resolve).on('error', reject),
      )
      assert.equal(response.headers['content-encoding'], coding)
      let text = ''
      const decoded = response.pipe(decoder())
      decoded.on('data', chunk => (text += String(chunk)))
      await until('the first event is here', () => text === 'data: 1\n\n')
      const stream = events.at(-1)!
      stream.write('data: 2\n\n')
      await until('the second event is here', () => text === 'data: 1\n\ndata: 2\n\n')
      request.destroy()
      // Whoever closed one way may still listen: it shows when more is sent.
      await until('the backend is let go', () => {
        stream.write('data: 3\n\n')
        return stream.destroyed
      })
    })
})

describe('a filter that never ends', () => {
  it('costs its own request and no other', async () => {
    await route('endless', [
      {
        plugin: 'cp:otoroshi.next.plugins.JQRequest',
        config: { filter: 'if .loop then def f: f; f else . end' },
      },
    ])
    const endless = call('endless', '/', '{"loop":true}', asJson)
    for (let i = 0; i < 20; i++) assert.equal((await call('QueryTransformer', '/')).status, 200)
    const got = await endless
    assert.deepEqual([got.status, got.headers['otoroshi-error-reason']], [500, 'transform.failed'])
    await call('endless', '/', '{"a":1}', asJson)
    assert.equal(seen.body, '{"a":1}')
  })
})
