import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { aRoute } from '../control/testing/entities.ts'
import { TestServer } from './testing/server.ts'

const routes = '/apis/proxy.otoroshi.io/v1/routes'
let server: TestServer

before(async () => {
  server = await TestServer.start()
  const frontends = {
    a: ['shop.oto.tools'],
    b: ['api.oto.tools', 'shop.example.com'],
    c: ['other.oto.tools'],
  }
  for (const [id, domains] of Object.entries(frontends))
    await server.call(
      'POST',
      routes,
      aRoute(id, {
        name: { a: 'Shop', b: 'api', c: 'Zebra' }[id],
        enabled: id !== 'c',
        frontend: { domains },
        weight: { a: 9, b: 10, c: 80 }[id],
        metadata: { 'team.name': 'x', zone: id },
      }),
    )
})
after(() => server.stop())

const ids = async (query: string) => {
  const { json, status } = await server.call('GET', `${routes}?${query}`)
  assert.equal(status, 200, query)
  return json.map((r: { id: string }) => r.id).join('')
}

test('filter: top level, dotted, pointer and JSONPath keys, exact values', async () => {
  assert.equal(await ids('filter.name=Shop'), 'a')
  assert.equal(await ids('filter.name=shop'), '')
  assert.equal(await ids('filter.enabled=true'), 'ab')
  assert.equal(await ids('filter.weight=10'), 'b')
  assert.equal(await ids('filter.metadata.zone=c'), 'c')
  assert.equal(await ids('filter./metadata/team.name=x'), '', 'a dot makes it a dotted path')
  assert.equal(await ids('filter.metadata/zone=a'), 'a')
  assert.equal(await ids('filter.$.metadata.zone=b'), 'b')
  assert.equal(await ids("filter.$.frontend['domains'][1]=shop.example.com"), 'b')
  assert.equal(await ids('filter.frontend.domains=shop'), 'ab', 'an element that contains it')
  assert.equal(await ids('filter.enabled=true&filter.name=api'), 'b')
  assert.equal(await ids('filter.constructor=x'), '')
  const beyond = await server.call('GET', `${routes}?filter.$..zone=a`)
  assert.deepEqual([beyond.status, beyond.json.reason], [501, 'admin.not_built'])
})

test('filtered: substrings without case, alternatives, numbers by digits', async () => {
  assert.equal(await ids('filtered=name:SHO'), 'a')
  assert.equal(await ids('filtered=name:sho|zeb'), 'ac')
  assert.equal(await ids('filtered=name:e,enabled:false'), 'c')
  assert.equal(await ids('filtered=weight:0'), 'bc')
  assert.equal(await ids('filtered=frontend.domains:example'), 'b')
  assert.equal(await ids('filtered=nothing:x'), '')
})

test('sorted: descending unless true; numbers as numbers', async () => {
  assert.equal(await ids('sorted=name:true'), 'bac')
  assert.equal(await ids('sorted=name'), 'cab')
  assert.equal(await ids('sorted=weight:true'), 'abc')
  assert.equal(await ids('sorted=enabled:true,name:false'), 'cab')
})

test('pages come after filter and sort', async () => {
  const page = await server.call('GET', `${routes}?sorted=name:true&page=2&pageSize=2`)
  assert.deepEqual([page.json.length, page.json[0].id, page.headers.get('x-pages')], [1, 'c', '2'])
  assert.equal(await ids('page=9&pageSize=2'), '')
  assert.equal(await ids('page=0&pageSize=2'), 'ab')
})

test('fields keep paths and rebuild objects', async () => {
  const { json } = await server.call('GET', `${routes}?fields=id,metadata.zone,nothing.here`)
  assert.deepEqual(json[0], { id: 'a', metadata: { zone: 'a' }, kind: 'proxy.otoroshi.io/Route' })
  const one = await server.call('GET', `${routes}/a?fields=name`)
  assert.deepEqual(one.json, { name: 'Shop', kind: 'proxy.otoroshi.io/Route' })
})

test('pretty and envelope', async () => {
  const pretty = await server.call('GET', `${routes}?fields=id`)
  assert.match(pretty.text, /^\[\n {2}\{\n {4}"id": "a",\n/)
  const compact = await server.call('GET', `${routes}?fields=id&pretty=false&envelope=true`)
  assert.match(compact.text, /^\{"data":\[\{"id":"a",/)
  assert.equal(compact.json.data.length, 3)
  const one = await server.call('GET', `${routes}/a?envelope=true`)
  assert.equal(one.json.data.id, 'a')
  assert.deepEqual((await server.call('GET', '/apis/any/v1/backends?envelope=true')).json, { data: [] })
})

test('forms: NDJSON, YAML, Kubernetes objects; JSON wins when accepted', async () => {
  const get = (path: string, accept: string) => server.call('GET', path, undefined, { Accept: accept })
  const ndjson = await get(routes, 'application/x-ndjson')
  assert.equal(ndjson.headers.get('content-type'), 'application/x-ndjson')
  assert.deepEqual(
    ndjson.text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).id),
    ['a', 'b', 'c'],
  )
  const yaml = await get(routes, 'application/yaml')
  assert.equal(yaml.headers.get('content-type'), 'application/yaml')
  assert.deepEqual(parse(yaml.text), (await server.call('GET', routes)).json)
  assert.equal(parse((await get(`${routes}/a`, 'application/yml')).text).id, 'a')
  const k8s = parse((await get(`${routes}/a`, 'application/yaml+k8s')).text)
  assert.deepEqual(
    [k8s.apiVersion, k8s.kind, k8s.metadata.name, k8s.spec.id],
    ['proxy.otoroshi.io/v1', 'Route', 'Shop', 'a'],
  )
  const documents = parseAllDocuments((await get(routes, 'application/yaml+k8s')).text)
  assert.equal([...documents].length, 3)
  assert.equal(parse((await get('/apis/any/v1/backends', 'application/yaml')).text).length, 0)
  assert.notEqual((await get(`${routes}/a`, 'application/yaml, application/json')).json, null)
})

test('answers are gzipped for callers that accept it', async () => {
  const { headers, json } = await server.call('GET', routes, undefined, { 'Accept-Encoding': 'gzip' })
  assert.equal(headers.get('content-encoding'), 'gzip')
  assert.equal(json.length, 3)
  const one = await server.call('GET', `${routes}/a`, undefined, { 'Accept-Encoding': 'br;q=1, gzip;q=0.5' })
  assert.equal(one.headers.get('content-encoding'), 'gzip')
  assert.equal(one.json.id, 'a')
  const refused = await server.call('GET', `${routes}/a`, undefined, { 'Accept-Encoding': 'gzip;q=0' })
  assert.equal(refused.headers.get('content-encoding'), null)
})
