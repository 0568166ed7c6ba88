import assert from 'node:assert/strict'
import http from 'node:http'
import net from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { aRoute } from '../control/testing/entities.ts'
import { TestServer } from './testing/server.ts'

const routes = '/apis/proxy.otoroshi.io/v1/routes'
let server: TestServer

before(async () => {
  server = await TestServer.start({ limits: { maxBody: 50_000 } })
})
after(() => server.stop())
beforeEach(() => server.call('DELETE', routes))

async function bulk(method: string, lines: readonly unknown[], path = routes, headers = {}) {
  const body = lines.map(line => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
  const answer = await server.call(method, `${path}/_bulk`, body, {
    'Content-Type': 'application/x-ndjson',
    ...headers,
  })
  const answers =
    answer.text === ''
      ? []
      : answer.text
          .trim()
          .split('\n')
          .map(line => JSON.parse(line))
  return { ...answer, answers }
}

test('each verb, line by line', async () => {
  const created = await bulk('POST', [aRoute('a'), aRoute('b')])
  assert.equal(created.headers.get('content-type'), 'application/x-ndjson')
  assert.deepEqual(created.answers, [
    { status: 201, created: true, id: 'a', id_field: 'id' },
    { status: 201, created: true, id: 'b', id_field: 'id' },
  ])
  assert.deepEqual((await bulk('PUT', [aRoute('a', { name: 'n' })])).answers, [
    { status: 200, updated: true, id: 'a', id_field: 'id' },
  ])
  const patches = [
    { id: 'a', patch: [{ op: 'add', path: '/tags/-', value: 't' }] },
    { id: 'a', patch: { description: 'merged' } },
  ]
  assert.deepEqual(
    (await bulk('PATCH', patches)).answers.map(a => a.status),
    [200, 200],
  )
  const { json } = await server.call('GET', `${routes}/a`)
  assert.deepEqual([json.name, json.tags, json.description], ['n', ['t'], 'merged'])
  assert.deepEqual((await bulk('DELETE', [{ id: 'a' }])).answers, [
    { status: 200, deleted: true, id: 'a', id_field: 'id' },
  ])
  assert.equal((await server.call('GET', `${routes}/_count`)).json.count, 1)
})

test('a line that fails stops nobody, and answers keep the order of lines', async () => {
  const { answers } = await bulk('POST', [
    aRoute('a'),
    '{nonsense',
    '[1]',
    { id: 'bad' },
    aRoute('a'),
    '',
    aRoute('z'),
  ])
  assert.deepEqual(
    answers.map(a => [a.status, a.error ?? null]),
    [
      [201, null],
      [400, 'bad_request'],
      [400, 'bad_request'],
      [400, 'bad_entity'],
      [409, 'conflict'],
      [201, null],
    ],
  )
  assert.deepEqual(answers[3].entity, { id: 'bad' })
  assert.ok(answers[3].faults.some((f: { path: string }) => f.path === 'name'))
  const missing = await bulk('PUT', [aRoute('none'), { name: 'no id' }])
  assert.deepEqual(
    missing.answers.map(a => a.status),
    [404, 400],
  )
  assert.deepEqual(
    (await bulk('PATCH', [{ id: 'a', patch: [{ op: 'nothing' }] }, { id: 'a' }])).answers.map(a => a.status),
    [400, 400],
  )
  assert.deepEqual(
    (await bulk('DELETE', [{ id: 'none' }])).answers.map(a => a.status),
    [404],
  )
})

test('lines in one call share revisions', async () => {
  const before = server.control.revision
  const { answers } = await bulk(
    'POST',
    Array.from({ length: 500 }, (_, i) => aRoute(`r${i}`)),
  )
  assert.ok(answers.every(a => a.status === 201))
  assert.ok(server.control.revision - before < 30, `${server.control.revision - before} revisions`)
  assert.equal(server.audience.replica.size, 500)
})

test('a dry run of lines writes nothing', async () => {
  const path = `${routes}/_bulk?dry_run=true`
  const answer = await server.call('POST', path, JSON.stringify(aRoute('a')), {
    'Content-Type': 'application/x-ndjson',
  })
  assert.deepEqual(JSON.parse(answer.text), {
    status: 201,
    created: true,
    id: 'a',
    id_field: 'id',
    dry_run: true,
  })
  assert.equal((await server.call('GET', `${routes}/a`)).status, 404)
})

test('other content types, and kinds without bulk, are refused', async () => {
  const { status, json } = await server.call('POST', `${routes}/_bulk`, [aRoute('a')])
  assert.deepEqual(
    [status, json.error, json.error_description],
    [400, 'bad_content_type', 'Unsupported content type'],
  )
  assert.equal((await bulk('PUT', [], '/apis/any/v1/global-configs')).status, 405)
  assert.equal((await server.call('GET', `${routes}/_bulk`)).status, 405)
})

test('answers come while the request is still being sent', async () => {
  const request = http.request({
    port: server.port,
    method: 'POST',
    path: `${routes}/_bulk`,
    headers: {
      'X-Gateway': 'secret',
      'Content-Type': 'application/x-ndjson',
      'Transfer-Encoding': 'chunked',
    },
  })
  const response = new Promise<http.IncomingMessage>(resolve => request.on('response', resolve))
  request.write(`${JSON.stringify(aRoute('first'))}\n${JSON.stringify(aRoute('second')).slice(0, 20)}`)
  const incoming = await response
  incoming.setEncoding('utf8')
  const chunks = incoming[Symbol.asyncIterator]()
  assert.match((await chunks.next()).value, /"id":"first"/)
  request.end(JSON.stringify(aRoute('second')).slice(20))
  assert.match((await chunks.next()).value, /"id":"second"/)
  assert.equal((await chunks.next()).done, true)
})

test('a line over the limit ends the call with a last line that says so', async () => {
  const { answers } = await bulk('POST', [
    aRoute('a'),
    aRoute('b', { description: 'x'.repeat(60_000) }),
    aRoute('c'),
  ])
  assert.equal(answers[0].status, 201)
  assert.equal(answers.at(-1).status, 413)
  assert.equal(answers.length, 2)
})

test('the legacy bulk words its lines in its own way', async () => {
  const legacy = (method: string, lines: readonly unknown[]) => bulk(method, lines, '/api/routes')
  assert.deepEqual(
    (await legacy('POST', [aRoute('a'), aRoute('a'), { id: 'x' }])).answers.map(a => [
      a.status,
      a.created ?? a.error,
    ]),
    [
      [201, true],
      [409, 'creation_error'],
      [400, 'bad_entity'],
    ],
  )
  assert.deepEqual((await legacy('PUT', [aRoute('a')])).answers, [{ status: 200, updated: true, id: 'a' }])
  assert.deepEqual(
    (await legacy('DELETE', [{ id: 'none' }])).answers.map(a => a.error),
    ['not_found'],
  )
  const deleted = await server.call('DELETE', '/api/routes/_bulk', '{"id":"a"}', {
    'Content-Type': 'application/json',
    'X-Content-Type': 'application/x-ndjson',
  })
  assert.deepEqual(JSON.parse(deleted.text), { status: 200, deleted: true, id: 'a' })
})

test('a client that reads nothing before it has sent everything is served', async () => {
  const count = 30_000
  const body = '{"id":"none"}\n'.repeat(count)
  const socket = net.connect(server.port, '127.0.0.1')
  socket.pause()
  socket.write(
    `DELETE ${routes}/_bulk HTTP/1.1\r\nHost: x\r\nX-Gateway: secret\r\nConnection: close\r\n` +
      `Content-Type: application/x-ndjson\r\nContent-Length: ${body.length}\r\n\r\n`,
  )
  await new Promise(resolve => socket.write(body, resolve))
  let text = ''
  socket
    .setEncoding('latin1')
    .on('data', chunk => (text += chunk))
    .resume()
  await new Promise(resolve => socket.on('close', resolve))
  assert.equal(text.split('"status":404').length - 1, count)
})
