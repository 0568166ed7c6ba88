/** The response cache and the fields for browsers, through a running gateway with two threads. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { after, before, beforeEach, describe, it } from 'node:test'
import { type Backend, type Seen, startBackend } from './support/backend.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call, type Got } from './support/http.ts'
import { until as wait } from './support/wait.ts'

const RESPONSE_CACHE = 'cp:otoroshi.next.plugins.NgResponseCache'
const CLIENT_CACHE = 'cp:otoroshi.next.plugins.NgHttpClientCache'

let gateway: TestGateway
let backend: Backend
/** What the backend does with the next requests; it counts them in the body. */
let answer: (seen: Seen, response: http.ServerResponse, count: number) => void
let counts = 0

const say =
  (fields: Record<string, string | string[]>, status = 200, body?: string | Buffer) =>
  (_: Seen, response: http.ServerResponse, count: number): void => {
    response.writeHead(status, fields).end(body ?? `answer ${count}`)
  }

async function route(id: string, plugins: readonly object[], more: object = {}): Promise<void> {
  await gateway.route({
    id,
    name: id,
    frontend: { domains: [`${id}.test`] },
    backend: { targets: [{ hostname: '127.0.0.1', port: backend.port }] },
    plugins,
    ...more,
  })
}

const cached = (config: object = {}) => ({ plugin: RESPONSE_CACHE, config })

const get = (path: string, headers: http.OutgoingHttpHeaders = {}, id = 'plain'): Promise<Got> =>
  call(gateway.port, `http://${id}.test${path}`, { headers })
const bodies = (answers: readonly Got[]): string[] => answers.map(({ body }) => body)

const until = (holds: () => unknown): Promise<unknown> => wait('the cache did it', holds)

/** The same request so often, on connections of their own: every thread gets some. */
async function times(count: number, path: string, headers: http.OutgoingHttpHeaders = {}, id = 'plain') {
  const answers: Got[] = []
  for (let i = 0; i < count; i++) answers.push(await get(path, headers, id))
  return answers
}

async function figures(): Promise<Record<string, number>> {
  const { status, json } = await gateway.admin('GET', '/api/cache')
  assert.equal(status, 200)
  return json
}

async function purge(order: object): Promise<number> {
  const { status, json, text } = await gateway.admin('POST', '/api/cache/_purge', order)
  assert.equal(status, 200, text)
  return json.purged
}

before(async () => {
  gateway = await startGateway({ threads: 2, env: { OTOROSHI_RESPONSE_CACHE_MEMORY: '24m' } })
  backend = await startBackend((seen, response) => answer(seen, response, ++counts))
  await route('plain', [cached()])
  await route('strict', [cached({ silent: 'heuristic' })])
  await route('small', [cached({ maxSize: 100_000 })])
  await route('filtered', [
    cached({
      filter: {
        statuses: [200, '404'],
        methods: ['GET'],
        paths: ['/kept/.*', '/also'],
        notPaths: ['/kept/not.*'],
      },
    }),
  ])
  await route('notstatus', [cached({ filter: { statuses: [], notStatuses: [404] } })])
})
after(async () => {
  await gateway?.stop()
  await backend?.close()
})
beforeEach(async () => {
  await purge({ all: true })
  counts = 0
  backend.seen.length = 0
  answer = say({})
})

describe('what is kept', () => {
  it('an answer that says nothing, for the time given, on every thread', async () => {
    const answers = await times(8, '/a?b=1')
    assert.deepEqual(new Set(bodies(answers)), new Set(['answer 1']))
    assert.equal(answers[0]!.headers['cache-status'], 'Otoroshi; fwd=uri-miss; stored')
    assert.equal(answers[0]!.headers['x-otoroshi-cache'], undefined)
    assert.equal(backend.seen[0]!.headers['x-otoroshi-cache'], 'MISS')
    const hit = answers[7]!.headers
    assert.equal(hit['x-otoroshi-cache'], 'HIT')
    assert.match(hit['cache-status'] as string, /^Otoroshi; hit; ttl=3(?:600|59\d)$/)
    assert.match(hit['age']!, /^\d$/)
    assert.equal(hit['content-length'], '8')
    assert.deepEqual(bodies([await get('/a?b=2'), await get('/a')]), ['answer 2', 'answer 3'])
  })

  it('nothing that forbids it, sets a cookie, or came for a client with cookies', async () => {
    for (const [path, fields, headers] of [
      ['/1', { 'Cache-Control': 'no-store' }, {}],
      ['/2', { 'Cache-Control': 'private, max-age=60' }, {}],
      ['/3', { 'Set-Cookie': 'a=b' }, {}],
      ['/4', { 'Set-Cookie': 'a=b', 'Cache-Control': 'max-age=60' }, {}],
      ['/5', { Vary: '*' }, {}],
      ['/6', {}, { Cookie: 'a=b' }],
      ['/7', {}, { 'Cache-Control': 'no-store' }],
      ['/8', { 'Cache-Control': 'max-age=0' }, {}],
    ] as const) {
      answer = say(fields)
      const got = bodies(await times(3, path, headers))
      assert.equal(new Set(got).size, 3, path)
    }
    assert.equal((await figures())['answers'], 0)
  })

  it('what it says itself counts more than the time given', async () => {
    answer = say({ 'Cache-Control': 'max-age=60', ETag: '"1"' })
    assert.match((await times(2, '/short'))[1]!.headers['cache-status'] as string, /ttl=(?:60|5\d)$/)
    answer = say({ 'Cache-Control': 'max-age=1000000' })
    assert.match((await times(2, '/long'))[1]!.headers['cache-status'] as string, /ttl=3(?:600|59\d)$/)
    answer = say({ 'Cache-Control': 'public, max-age=60', 'Set-Cookie': 'a=b' })
    assert.equal((await times(2, '/cookie'))[1]!.body, (await get('/cookie')).body)
  })

  it('heuristically only what has a time of change, when so told', async () => {
    assert.deepEqual(bodies(await times(2, '/a', {}, 'strict')), ['answer 1', 'answer 2'])
    answer = say({ 'Last-Modified': 'Mon, 01 Jan 2024 00:00:00 GMT' })
    assert.deepEqual(bodies(await times(2, '/b', {}, 'strict')), ['answer 3', 'answer 3'])
  })

  it('what the filter lets through', async () => {
    const differs = async (path: string, id = 'filtered') => {
      const [one, two] = await times(2, path, {}, id)
      return one!.body !== two!.body
    }
    assert.equal(await differs('/kept/a'), false)
    assert.equal(await differs('/also'), false)
    assert.equal(await differs('/kept/not/a'), true)
    assert.equal(await differs('/other'), true)
    answer = say({}, 404)
    assert.equal(await differs('/kept/missing'), false)
    assert.equal(await differs('/missing', 'notstatus'), true)
    answer = say({ 'Cache-Control': 'max-age=60' }, 500)
    assert.equal(await differs('/kept/broken'), true)
    answer = say({})
    assert.equal(await differs('/there', 'notstatus'), false)
  })

  it('not an answer that breaks off, nor what a plugin refuses later', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'Content-Length': '10' }).write('half')
      setTimeout(() => response.destroy(), 50)
    }
    await assert.rejects(get('/cut'))
    answer = say({})
    assert.equal((await get('/cut')).body, 'answer 2')
    await route('limited', [
      cached(),
      { plugin: 'cp:otoroshi.next.plugins.ResponseBodyLengthLimiter', config: { max_length: 4, fail: true } },
    ])
    await get('/', {}, 'limited').catch(() => {})
    assert.equal((await figures())['answers'], 1)
  })
})

describe('answers and the methods of requests', () => {
  it('HEAD is answered from what GET brought, with its length', async () => {
    await get('/a')
    const head = await call(gateway.port, 'http://plain.test/a', { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, '8', ''])
    assert.equal(backend.seen.length, 1)
    await call(gateway.port, 'http://plain.test/new', { method: 'HEAD' })
    assert.equal((await get('/new')).body, 'answer 3')
  })

  it('HEAD that shows another answer voids what is kept', async () => {
    answer = say({ ETag: '"1"', 'Cache-Control': 'max-age=0, stale-if-error=60' })
    await get('/a')
    answer = say({ ETag: '"2"', 'Cache-Control': 'max-age=0' })
    await call(gateway.port, 'http://plain.test/a', { method: 'HEAD' })
    assert.equal((await figures())['answers'], 0)
  })

  it('two caches in one chain do not wait for each other', async () => {
    await route('twice', [cached(), cached({ ttl: 5000 })])
    assert.deepEqual(bodies(await times(2, '/a', {}, 'twice')), ['answer 1', 'answer 1'])
  })

  it('an unsafe method goes through and voids what is kept, on every thread', async () => {
    answer = ({ method }, response, count) =>
      response.writeHead(method === 'POST' ? 201 : 200, { Location: '/made' }).end(`answer ${count}`)
    await get('/a')
    await get('/made')
    assert.equal((await call(gateway.port, 'http://plain.test/a', { method: 'POST', body: 'x' })).status, 201)
    assert.deepEqual(new Set(bodies(await times(4, '/a'))), new Set(['answer 4']))
    assert.deepEqual(new Set(bodies(await times(4, '/made'))), new Set(['answer 5']))
    answer = say({}, 500)
    await call(gateway.port, 'http://plain.test/a', { method: 'DELETE' })
    assert.equal((await get('/a')).body, 'answer 4')
  })

  it('a client that has it gets 304, one that wants a part gets that', async () => {
    answer = say({ ETag: '"v1"', 'Content-Type': 'text/plain' }, 200, '0123456789')
    await get('/a')
    const same = await get('/a', { 'If-None-Match': '"v0", "v1"' })
    assert.deepEqual([same.status, same.headers['etag'], same.body], [304, '"v1"', ''])
    const part = await get('/a', { Range: 'bytes=2-4' })
    assert.deepEqual([part.status, part.headers['content-range'], part.body], [206, 'bytes 2-4/10', '234'])
    assert.equal((await get('/a', { Range: 'bytes=20-' })).status, 416)
    assert.equal((await get('/a', { Range: 'bytes=2-4', 'If-Range': '"v0"' })).status, 200)
    assert.equal(backend.seen.length, 1)
  })

  it('parts are kept and given out as parts', async () => {
    answer = say({ 'Content-Range': 'bytes 2-5/10', ETag: '"1"' }, 206, '2345')
    await get('/a', { Range: 'bytes=2-5' })
    const part = await get('/a', { Range: 'bytes=3-4' })
    assert.deepEqual([part.status, part.headers['content-range'], part.body], [206, 'bytes 3-4/10', '34'])
    answer = say({ ETag: '"1"' }, 200, '0123456789')
    assert.equal((await get('/a')).body, '0123456789')
    assert.equal((await get('/a', { Range: 'bytes=8-9' })).body, '89')
    assert.equal(backend.seen.length, 2)
    answer = say({ 'Content-Range': 'bytes 2-9/10' }, 206, '2345')
    await times(2, '/wrong', { Range: 'bytes=2-9' })
    assert.equal(backend.seen.length, 4)
  })

  it('a request for a kept answer only is refused when there is none', async () => {
    const refused = await get('/a', { 'Cache-Control': 'only-if-cached' })
    assert.deepEqual([refused.status, refused.headers['otoroshi-error-reason']], [504, 'cache.not_kept'])
    assert.equal(backend.seen.length, 0)
  })
})

describe('stale answers', () => {
  it('are confirmed by the backend, with its new fields', async () => {
    answer = ({ headers }, response) => {
      const known = headers['if-none-match'] === '"1"'
      const fields = { ETag: '"1"', 'Cache-Control': 'no-cache', Count: String(counts) }
      response.writeHead(known ? 304 : 200, fields).end(known ? '' : 'body')
    }
    for (const count of ['1', '2', '3']) {
      const got = await get('/a')
      assert.deepEqual([got.status, got.body, got.headers['count']], [200, 'body', count])
    }
    const client = await get('/a', { 'If-None-Match': '"1"' })
    assert.deepEqual([client.status, client.headers['count']], [304, '4'])
    assert.match(client.headers['cache-status'] as string, /fwd-status=304/)
  })

  it('are given out while a new one is fetched, once', async () => {
    let release = (): void => {}
    answer = say({ 'Cache-Control': 'max-age=0, stale-while-revalidate=60' })
    assert.equal((await get('/a')).body, 'answer 1')
    answer = (_, response, count) => {
      release = () => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(`answer ${count}`)
    }
    assert.deepEqual(new Set(bodies(await times(6, '/a'))), new Set(['answer 1']))
    await until(() => backend.seen.length === 2)
    release()
    await until(async () => (await get('/a')).body === 'answer 2')
    assert.equal(backend.seen.length, 2)
  })

  it('stand in for errors and for a backend that is gone, where they may', async () => {
    answer = say({ 'Cache-Control': 'max-age=0, stale-if-error=60' })
    await get('/a')
    answer = say({}, 503)
    const stale = await get('/a')
    assert.deepEqual([stale.status, stale.body], [200, 'answer 1'])
    assert.match(
      stale.headers['cache-status'] as string,
      /^Otoroshi; fwd=stale; fwd-status=503; ttl=-?\d+; detail=stale-if-error$/,
    )
    answer = (_, response) => response.destroy()
    assert.equal((await get('/a')).body, 'answer 1')
    answer = say({ 'Cache-Control': 'max-age=0, must-revalidate, stale-if-error=60', ETag: '"1"' })
    await get('/b')
    answer = say({}, 503)
    assert.equal((await get('/b')).status, 503)
  })
})

describe('requests for the same at the same time', () => {
  it('a hundred clients make one call', async () => {
    answer = (_, response, count) => setTimeout(() => say({})(_, response, count), 300)
    const answers = await Promise.all(Array.from({ length: 100 }, () => get('/a')))
    assert.deepEqual(new Set(bodies(answers)), new Set(['answer 1']))
    assert.equal(backend.seen.length, 1)
    assert.ok(answers.some(({ headers }) => /collapsed/.test(headers['cache-status'] as string)))
  })

  it('another one asks when the first leaves', async () => {
    let first: http.ServerResponse | null = null
    answer = (_, response, count) => {
      if (count === 1) first = response
      else say({})(_, response, count)
    }
    const leaving = http.get({
      host: '127.0.0.1',
      port: gateway.port,
      path: '/a',
      headers: { Host: 'plain.test' },
    })
    leaving.on('error', () => {})
    await until(() => first !== null)
    const waiting = Promise.all(Array.from({ length: 20 }, () => get('/a')))
    await new Promise(resolve => setTimeout(resolve, 100))
    assert.equal(backend.seen.length, 1)
    // Reset: a connection that is only closed on one side still waits for its answer.
    leaving.socket!.resetAndDestroy()
    assert.deepEqual(new Set(bodies(await waiting)), new Set(['answer 2']))
  })

  it('nobody waits for an answer that is for one alone', async () => {
    const open: http.ServerResponse[] = []
    answer = (_, response) => {
      open.push(response)
    }
    const answers = Array.from({ length: 6 }, () => get('/a'))
    await until(() => open.length === 1)
    open[0]!.writeHead(200, { 'Cache-Control': 'private' }).end('a')
    // The rest come together, not one behind the other.
    await until(() => open.length === 6)
    for (const response of open.slice(1)) response.writeHead(200, { 'Cache-Control': 'private' }).end('b')
    assert.equal((await Promise.all(answers)).filter(({ body }) => body === 'b').length, 5)
  })

  it('one who waits may leave', async () => {
    let release = (): void => {}
    answer = (_, response, count) => (release = () => say({})(_, response, count))
    const first = get('/a')
    await until(() => backend.seen.length === 1)
    const gone = http.get({
      host: '127.0.0.1',
      port: gateway.port,
      path: '/a',
      headers: { Host: 'plain.test' },
    })
    gone.on('error', () => {})
    await once(gone, 'socket')
    await new Promise(resolve => setTimeout(resolve, 50))
    gone.socket!.resetAndDestroy()
    release()
    assert.equal((await first).body, 'answer 1')
    assert.equal((await get('/a')).body, 'answer 1')
    assert.equal(backend.seen.length, 1)
  })
})

describe('whom an answer is for', () => {
  const basic = (id: string): Record<string, string> => ({
    Authorization: `Basic ${Buffer.from(`${id}:secret`).toString('base64')}`,
  })

  it('callers with proofs of their own share only what is public', async () => {
    answer = ({ headers }, response) => response.end(String(headers['authorization'] ?? headers['x-api-key']))
    for (const headers of [{ Authorization: 'a' }, { Authorization: 'b' }, { 'X-Api-Key': 'c' }])
      for (const { body } of await times(3, '/a', headers)) assert.equal(body, Object.values(headers)[0])
    assert.equal(backend.seen.length, 3)
    assert.equal((await get('/a')).body, 'undefined')
    answer = say({ 'Cache-Control': 'public, max-age=60' })
    assert.deepEqual(bodies([await get('/b', { Authorization: 'a' }), await get('/b')]), [
      'answer 5',
      'answer 5',
    ])
  })

  it('keys are asked for before anything is given out', async () => {
    await route('keyed', [{ plugin: 'cp:otoroshi.next.plugins.ApikeyCalls' }, cached()])
    for (const clientId of ['k1', 'k2'])
      await gateway.admin('POST', '/apis/apim.otoroshi.io/v1/apikeys', {
        clientId,
        clientSecret: 'secret',
        clientName: clientId,
        authorizedEntities: ['route_keyed'],
      })
    assert.deepEqual(bodies(await times(3, '/a', basic('k1'), 'keyed')), Array(3).fill('answer 1'))
    assert.deepEqual(bodies(await times(3, '/a', basic('k2'), 'keyed')), Array(3).fill('answer 2'))
    assert.equal((await get('/a', {}, 'keyed')).status, 400)
    assert.equal((await get('/a', basic('k3'), 'keyed')).status, 400)
  })

  it('a Vary is kept to', async () => {
    answer = ({ headers }, response, count) =>
      response.setHeader('Vary', 'Accept-Language').end(`${headers['accept-language']} ${count}`)
    const langs = ['de', 'en', 'de, en', 'en,de', 'EN']
    const got: string[] = []
    for (const lang of langs) got.push((await get('/a', { 'Accept-Language': lang })).body)
    assert.deepEqual(got, ['de 1', 'en 2', 'de, en 3', 'de, en 3', 'en 2'])
  })
})

describe('attacks', () => {
  it('a host or path that only fields name poisons nobody', async () => {
    answer = ({ headers, url }, response) =>
      response.end(`${headers['x-forwarded-host'] ?? headers.host} ${headers['x-original-url'] ?? url}`)
    for (const headers of [
      { 'X-Forwarded-Host': 'plain.test:666' },
      { 'X-Forwarded-Prefix': '/evil' },
      { 'X-Forwarded-Port': '1' },
      { Forwarded: 'for=1.2.3.4;host=evil.test' },
      { 'X-Original-URL': '/evil' },
      { 'X-Rewrite-URL': '/evil' },
      { 'X-HTTP-Method-Override': 'DELETE' },
      { 'X-Host': 'evil.test' },
    ] as Record<string, string>[]) {
      const before = backend.seen.length
      await get('/a', headers)
      assert.equal(backend.seen.length, before + 1, JSON.stringify(headers))
      assert.equal((await get('/a')).body, 'plain.test /a', JSON.stringify(headers))
    }
  })

  it('a GET with a body is neither kept nor answered from what is kept', async () => {
    answer = ({ body }, response, count) => response.end(`${body} ${count}`)
    const fat = () =>
      call(gateway.port, 'http://plain.test/a', { body: 'evil', headers: { 'Content-Length': 4 } })
    assert.deepEqual(bodies([await fat(), await get('/a'), await fat(), await get('/a')]), [
      'evil 1',
      ' 2',
      'evil 3',
      ' 2',
    ])
  })

  it('spellings of one path are one, and none leads elsewhere', async () => {
    assert.deepEqual(bodies([await get('/%61/b'), await get('/a/b'), await get('/a%2Fb')]), [
      'answer 1',
      'answer 1',
      'answer 2',
    ])
    assert.equal((await get('/a/b', {}, 'filtered')).body, 'answer 3')
  })

  it('endless heads are not kept, nor tags that nobody could purge', async () => {
    answer = say(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`X-${i}`, 'y'.repeat(700)])))
    for (let i = 0; i < 3; i++) {
      const request = http.get({
        host: '127.0.0.1',
        port: gateway.port,
        path: '/a',
        headers: { Host: 'plain.test' },
        maxHeaderSize: 100_000,
      })
      const [response] = (await once(request, 'response')) as [http.IncomingMessage]
      assert.equal(response.headers['x-otoroshi-cache'], undefined)
      response.resume()
      await once(response, 'end')
    }
    assert.equal(backend.seen.length, 3)
    answer = say({ 'Cache-Tag': Array.from({ length: 200 }, (_, i) => `t${i}`).join() })
    assert.equal(new Set(bodies(await times(3, '/b'))).size, 3)
    assert.equal((await figures())['answers'], 0)
  })

  it('a Vary by whatever clients send fills no memory', async () => {
    answer = say({ Vary: 'User-Agent' })
    for (let i = 0; i < 60; i++) await get('/a', { 'User-Agent': `agent ${i}` })
    assert.equal((await figures())['answers'], 32)
    assert.equal((await get('/a', { 'User-Agent': 'agent 59' })).body, 'answer 60')
  })

  it('memory is bounded, whatever is asked for', async () => {
    answer = say({}, 200, Buffer.alloc(1_000_000, 'x'))
    for (let i = 0; i < 40; i++) await get(`/${i}`)
    const { used, memory, evicted } = await figures()
    assert.ok(used! <= memory! && evicted! >= 15, `${used} of ${memory}, ${evicted} evicted`)
    assert.equal((await get('/39')).headers['x-otoroshi-cache'], 'HIT')
    answer = say({}, 200, Buffer.alloc(60_000, 'x'))
    for (let i = 0; i < 5; i++) await get(`/${i}`, {}, 'small')
    assert.equal(await purge({ route: 'small', all: true }), 1)
  })
})

describe('large bodies', () => {
  it('stream in and out, to slow clients too', async () => {
    const body = Buffer.from(Array.from({ length: 5_000_000 }, (_, i) => (i * 31) & 255))
    answer = (_, response) => {
      response.writeHead(200)
      for (let at = 0; at < body.length; at += 100_000) response.write(body.subarray(at, at + 100_000))
      response.end()
    }
    const whole = await download('/large')
    assert.equal(whole.compare(body), 0)
    const slow = download('/large', 5)
    // Purged while it is read: it comes to its end all the same.
    await new Promise(resolve => setTimeout(resolve, 20))
    await purge({ all: true })
    assert.equal((await slow).compare(body), 0)
    assert.equal(backend.seen.length, 1)
  })

  /** `pause`: milliseconds between chunks. */
  async function download(path: string, pause = 0): Promise<Buffer> {
    const request = http.get({ host: '127.0.0.1', port: gateway.port, path, headers: { Host: 'plain.test' } })
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response) {
      chunks.push(chunk as Buffer)
      if (pause > 0) await new Promise(resolve => setTimeout(resolve, pause))
    }
    return Buffer.concat(chunks)
  }
})

describe('purging', () => {
  it('by URL and by tag, for every thread at once', async () => {
    answer = say({ 'Cache-Tag': 'shop, item-1', 'Surrogate-Key': 'all things' })
    for (const path of ['/a', '/b?x=1', '/c']) await get(path)
    assert.equal(await purge({ urls: ['https://plain.test/b?x=1', 'http://plain.test/none'] }), 1)
    assert.equal(new Set(bodies(await times(4, '/b?x=1'))).has('answer 2'), false)
    assert.equal(await purge({ route: 'small', tags: ['item-1'] }), 0)
    assert.equal(await purge({ route: 'plain', tags: ['things'] }), 3)
    assert.deepEqual(new Set(bodies(await times(6, '/a'))), new Set(['answer 5']))
    assert.equal(await purge({ all: true }), 1)
  })

  it('what comes in while it is purged is not kept', async () => {
    let release = (): void => {}
    answer = (_, response, count) => (release = () => say({})(_, response, count))
    const old = get('/a')
    await until(() => backend.seen.length === 1)
    await purge({ tags: ['any'] })
    release()
    assert.equal((await old).body, 'answer 1')
    answer = say({})
    assert.equal((await get('/a')).body, 'answer 2')
  })

  it('a call that is not clear purges nothing and says why', async () => {
    await get('/a')
    for (const [body, expected] of [
      [{}, /give urls or tags, or all/],
      [{ all: true, tags: ['a'] }, /give urls or tags, or all/],
      [{ tag: ['a'] }, /tag: there is no such field/],
      [{ urls: ['/a'] }, /urls\.0: expected a URL/],
      [{ tags: ['a', 5] }, /tags\.1: expected a text/],
      [{ tags: 'a' }, /tags: expected a list/],
      [{ all: 'yes' }, /all: expected true or false/],
      ['[]', /JSON object/],
    ] as const) {
      const { status, text } = await gateway.admin('POST', '/api/cache/_purge', body)
      assert.equal(status, 400, text)
      assert.match(text, expected)
    }
    const dry = await gateway.admin('POST', '/api/cache/_purge?dry_run=true', { all: true })
    assert.deepEqual([dry.status, dry.json.purged], [200, 0])
    assert.equal((await get('/a')).headers['x-otoroshi-cache'], 'HIT')
  })

  it('who may write a route may purge it, and nothing else', async () => {
    await route('theirs', [cached()], { _loc: { tenant: 'default', teams: ['shop'] } })
    const rights = [{ tenant: 'default:rw', teams: ['shop:rw'] }]
    await gateway.admin('POST', '/apis/apim.otoroshi.io/v1/apikeys', {
      clientId: 'shopkeeper',
      clientSecret: 'secret',
      clientName: 'shopkeeper',
      authorizedEntities: ['route_admin-api-service', 'group_admin-api-group'],
      metadata: { 'otoroshi-access-rights': JSON.stringify(rights) },
    })
    const as = { Authorization: `Basic ${Buffer.from('shopkeeper:secret').toString('base64')}` }
    const statusOf = async (order: object) =>
      (await gateway.admin('POST', '/api/cache/_purge', order, as)).status
    await get('/a', {}, 'theirs')
    await get('/a')
    assert.equal(await statusOf({ all: true }), 403)
    assert.equal(await statusOf({ tags: ['a'] }), 403)
    assert.equal(await statusOf({ route: 'plain', all: true }), 404)
    assert.equal(await statusOf({ route: 'none', all: true }), 404)
    assert.equal((await gateway.admin('GET', '/api/cache', undefined, as)).status, 403)
    assert.equal(await statusOf({ route: 'theirs', all: true }), 200)
    assert.equal((await figures())['answers'], 1)
  })
})

describe('settings and reports', () => {
  it('settings that cannot be right close the route and are named', async () => {
    for (const [config, fault] of [
      [{ ttl: -1 }, /ttl/],
      [{ ttl: 'long' }, /ttl/],
      [{ filter: { paths: ['/a/(?=b)'] } }, /filter\.paths\.0/],
      [{ filter: { statuses: ['2xx'] } }, /filter\.statuses\.0/],
      [{ silent: 'always' }, /silent/],
    ] as const) {
      await route('bad', [cached(config)])
      const refused = await get('/', {}, 'bad')
      assert.deepEqual(
        [refused.status, refused.headers['otoroshi-error-reason']],
        [503, `plugin.invalid_config; plugin="${RESPONSE_CACHE}"`],
      )
      assert.match((await gateway.admin('GET', '/api/routes/bad/_status')).text, fault)
      await gateway.admin('DELETE', '/apis/proxy.otoroshi.io/v1/routes/bad')
    }
  })

  it('the report of a request says what the cache did', async () => {
    await route('told', [cached()], { debug_flow: true })
    await times(2, '/a', {}, 'told')
    await until(async () => (await gateway.admin('GET', '/api/flows?route=told')).json.length === 2)
    const { text } = await gateway.admin('GET', '/api/flows?route=told')
    assert.match(text, /"cache":\{"hit":true,"ttl":3\d+/)
    assert.match(text, /"cache":\{"hit":false,"ttl":null,"forwarded":"uri-miss","stored":true/)
  })

  it('figures tell what became of requests', async () => {
    const before = await figures()
    await times(3, '/a')
    await call(gateway.port, 'http://filtered.test/no')
    const now = await figures()
    const grown = (name: string): number => now[name]! - before[name]!
    assert.deepEqual([grown('misses'), grown('hits'), grown('bypassed')], [1, 2, 1])
    assert.equal(now['answers'], 1)
  })
})

describe('fields for browsers', () => {
  before(async () => {
    await route('browsers', [{ plugin: CLIENT_CACHE }])
    const config = { max_age_seconds: 5, methods: ['get', 'POST'], status: ['201'], mime_types: ['*'] }
    await route('others', [{ plugin: CLIENT_CACHE, config }])
  })

  it('by default pages that were found are kept for a day', async () => {
    answer = say({ 'Content-Type': 'text/html; charset=utf-8', Vary: 'Origin' })
    const page = await get('/', {}, 'browsers')
    assert.equal(page.headers['cache-control'], 'max-age=86400')
    assert.equal(page.headers['vary'], 'Origin, Accept-Encoding')
    assert.match(page.headers['etag']!, /^"[\da-f]{40}"$/)
    const lasts = Date.parse(page.headers['expires']!) - Date.parse(page.headers['date']!)
    assert.equal(lasts, 86_400_000)
    assert.equal(page.headers['last-modified'], page.headers['date'])
    for (const [fields, status] of [
      [{ 'Content-Type': 'application/json' }, 200],
      [{}, 200],
      [{ 'Content-Type': 'text/html' }, 404],
      [{ 'Content-Type': 'text/html', 'Set-Cookie': 'a=b' }, 200],
      [{ 'Content-Type': 'text/html', 'Cache-Control': 'private' }, 200],
    ] as [Record<string, string>, number][]) {
      answer = say(fields, status)
      assert.equal((await get('/', {}, 'browsers')).headers['expires'], undefined, JSON.stringify(fields))
    }
  })

  it('or what the settings say, without touching validators of the backend', async () => {
    answer = say({ ETag: '"own"' }, 201)
    const got = await get('/', {}, 'others')
    assert.deepEqual([got.headers['cache-control'], got.headers['etag']], ['max-age=5', '"own"'])
  })
})
