import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import http from 'node:http'
import { release, type } from 'node:os'
import { after, before, test } from 'node:test'
import { apikey, aRoute } from '../control/testing/entities.ts'
import { type Store, StoreUnavailable } from '../store/contract.ts'
import { createMemoryStore } from '../store/memory.ts'
import { notBuiltFeature } from './not-built.ts'
import { TestServer } from './testing/server.ts'
import { versionParts } from './instance-api.ts'

let server: TestServer
let broken: unknown = null

before(async () => {
  const memory = createMemoryStore()
  const store: Store = {
    ...memory,
    async commit(changes, preconditions) {
      if (broken !== null) throw broken
      return memory.commit(changes, preconditions)
    },
  }
  server = await TestServer.start({}, store)
})
after(() => server.stop())

test('without the token of the gateway nothing is answered but 401', async () => {
  for (const value of ['', 'secre', 'secrets', 'SECRET']) {
    const { status, json } = await server.call('GET', '/api/version', undefined, { 'X-Gateway': value })
    assert.deepEqual([status, json.error], [401, "You're not authorized - GET /api/version"], value)
  }
  const bare = await fetch(`http://127.0.0.1:${server.port}/api/routes`, { method: 'POST', body: '{}' })
  assert.equal(bare.status, 401)
})

test('callers whose rights cannot be read have none', async () => {
  const user = await server.call('GET', '/api/routes', undefined, { 'Otoroshi-BackOffice-User': 'jwt' })
  assert.deepEqual([user.status, user.json.reason], [403, 'admin.unauthorized'])
  const named = await TestServer.start({ callerHeader: 'X-Caller' })
  const key = { clientSecret: 's', clientName: 'n' }
  const limits = { 'otoroshi-access-rights': '[]' }
  const keys = [
    { ...key, clientId: 'full' },
    { ...key, clientId: 'limited', metadata: limits },
  ]
  for (const entity of keys)
    await named.control.change({
      definition: apikey,
      id: entity.clientId,
      transition: () => ({ action: 'write', entity }),
    })
  const as = (caller: string) => named.call('GET', '/api/routes', undefined, { 'X-Caller': caller })
  const statuses = await Promise.all(['full', 'limited', 'gone'].map(as))
  assert.deepEqual(
    statuses.map(answer => answer.status),
    [200, 403, 403],
  )
  assert.equal((await named.call('GET', '/api/routes')).status, 403)
  await named.stop()
})

test('about the instance', async () => {
  assert.deepEqual((await server.call('GET', '/api/version')).json, {
    raw: '18.0.0-dev',
    major: 18,
    minor: 0,
    patch: 0,
    build: 0,
    suffix: 'dev',
    suffix_version: null,
  })
  assert.equal(versionParts('18.1.2-preview3').suffix_version, 3)
  const { otoroshi_cluster_id: cluster, os, ...facts } = (await server.call('GET', '/api/infos')).json
  assert.equal(typeof cluster, 'string')
  assert.deepEqual(os, { name: type(), version: release(), arch: process.arch })
  assert.deepEqual(facts, {
    otoroshi_version: '18.0.0-dev',
    otoroshi_version_sem: (await server.call('GET', '/api/version')).json,
    runtime: { name: 'node', version: process.version },
    java_version: { version: process.version, vendor: 'Node.js' },
    datastore: 'none',
    env: 'prod',
    backoffice_url: null,
  })
  assert.equal((await server.call('GET', '/api/plugins/all')).json[0].id, 'cp:a')
  assert.deepEqual((await server.call('GET', '/api/plugins/categories')).json, ['Headers'])
  assert.deepEqual((await server.call('GET', '/api/plugins/steps')).json, ['PreRoute'])
  assert.equal((await server.call('GET', '/api/events/_ledger')).json.pending, 1)
})

test('explain: the request is checked and handed on', async () => {
  const body = {
    method: 'post',
    url: 'https://a.b/c?d',
    headers: { A: ['1', '2'], 'X-B': 'c' },
    listener: 'l',
  }
  const { status, json } = await server.call('POST', '/api/explain', body)
  assert.equal(status, 200)
  assert.deepEqual(json.explained, {
    method: 'POST',
    url: 'https://a.b/c?d',
    headers: [
      ['A', '1'],
      ['A', '2'],
      ['X-B', 'c'],
    ],
    listener: 'l',
  })
  for (const bad of [
    [],
    {},
    { url: 5 },
    { url: 'ftp://x' },
    { url: '/', method: 'A B' },
    { url: '/', headers: 5 },
    { url: '/', headers: { 'a b': 'c' } },
    { url: '/', headers: [['a']] },
    { url: '/', listener: 1 },
  ])
    assert.equal((await server.call('POST', '/api/explain', bad)).status, 400, JSON.stringify(bad))
})

test('a store that cannot write is 503, and nothing changes', async () => {
  broken = new StoreUnavailable('secret path /var/x')
  const { status, json, text } = await server.call('POST', '/api/routes', aRoute('r'))
  assert.deepEqual([status, json.reason], [503, 'admin.store_unavailable'])
  assert.equal(text.includes('secret'), false)
  broken = new Error('unexpected secret')
  const internal = await server.call('POST', '/api/routes', aRoute('r'))
  assert.deepEqual([internal.status, internal.json.reason], [500, 'admin.internal'])
  assert.equal(internal.text.includes('secret'), false)
  // That changes are refused is told once, and what nobody expected each time.
  assert.equal(server.failures.length, 2)
  broken = null
  assert.equal((await server.call('GET', '/api/routes/r')).status, 404)
  assert.equal((await server.call('GET', '/api/version')).status, 200)
})

test('features that are not built are 501, unknown paths 404', async () => {
  for (const [method, path] of [
    ['POST', '/api/pki/cas'],
    ['GET', '/api/live'],
    ['POST', '/api/status'],
    ['GET', '/api/routes/_form'],
    ['GET', '/apis/cluster'],
    ['GET', '/api/services/s/live'],
    ['GET', '/api/scripts/_list'],
  ] as const) {
    const { status, json, headers } = await server.call(method, path)
    assert.deepEqual([status, json.reason], [501, 'admin.not_built'], path)
    assert.equal(headers.get('otoroshi-error-reason'), 'admin.not_built')
  }
  for (const path of [
    '/api',
    '/apis',
    '/api/otoroshi',
    '/apis/x',
    '/x/y',
    '/api/routes/a/b',
    '/api/routes/a/b/c',
  ])
    assert.equal((await server.call('GET', path)).status, 404, path)
})

const reference = new URL('../../../shared/reference/admin-api.md', import.meta.url)
const skip = existsSync(reference) ? false : 'the reference is not here'

test('every path of the reference that is no entity is built or known not to be', { skip }, async () => {
  const lines = readFileSync(reference, 'utf8').split('\n')
  const from = lines.findIndex(line => line.startsWith('### 5.1'))
  const to = lines.findIndex(line => line.startsWith('## 6'))
  let checked = 0
  for (const line of lines.slice(from, to)) {
    const cells = line.split('|').map(cell => cell.trim())
    const verb = cells[1]?.split(/[,; ]/)[0] ?? ''
    if (!['GET', 'POST', 'PUT', 'DELETE', 'PATCH'].includes(verb)) continue
    for (const [, path] of (cells[2] ?? '').matchAll(/`(\/apis?\/[^`?]*)/g)) {
      const concrete = path!.replaceAll(/:entity/g, 'routes').replaceAll(/:\w+/g, 'x')
      const body = verb === 'GET' || verb === 'DELETE' ? undefined : {}
      const { status, json } = await server.call(verb, concrete, body)
      const missing =
        status === 404 && json.error_description === 'resource not found' && json.kind === undefined
      if (missing) assert.notEqual(notBuiltFeature(concrete.split('/').slice(1)), null, `${verb} ${path}`)
      assert.notEqual(status, 500, `${verb} ${path}`)
      checked++
    }
  }
  assert.ok(checked > 80, `${checked} paths`)
})

test('many calls on one connection, bodies that nobody reads included', async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const send = (method: string, path: string, body: string) =>
    new Promise<number>((resolve, reject) => {
      const request = http.request(
        {
          port: server.port,
          agent,
          method,
          path,
          headers: {
            'X-Gateway': 'secret',
            'Content-Length': body.length,
            'Content-Type': 'application/xml',
          },
        },
        response => {
          response.resume()
          response.on('end', () => resolve(response.statusCode ?? 0))
        },
      )
      request.on('error', reject)
      request.end(body)
    })
  const seen = []
  for (let i = 0; i < 5; i++)
    seen.push(await send('POST', '/api/routes', 'x'.repeat(1000)), await send('GET', '/api/version', ''))
  assert.deepEqual(new Set(seen), new Set([400, 200]))
  agent.destroy()
})
