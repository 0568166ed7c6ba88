import assert from 'node:assert/strict'
import net from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { aRoute } from '../control/testing/entities.ts'
import { TestServer } from './testing/server.ts'

const routes = '/apis/proxy.otoroshi.io/v1/routes'
let server: TestServer

before(async () => {
  server = await TestServer.start({ limits: { maxBody: 100_000, maxYaml: 20_000, maxValues: 5000 } })
})
after(() => server.stop())
beforeEach(() => server.call('DELETE', routes))

const send = (method: string, path: string, body: string, type: string) =>
  server.call(method, path, body, { 'Content-Type': type })

test('YAML, and Kubernetes objects around the entity', async () => {
  const yaml = 'id: y\nname: yaml route\nfrontend:\n  domains: [y.oto.tools]\nbackend: {targets: []}\n'
  assert.equal((await send('POST', routes, yaml, 'application/yaml')).status, 201)
  const k8s = `apiVersion: proxy.otoroshi.io/v1\nkind: Route\nmetadata: {name: from k8s}\nspec:\n  id: k\n  frontend: {domains: [k.oto.tools]}\n  backend: {targets: []}\n`
  const made = await send('POST', routes, k8s, 'application/yaml+k8s')
  assert.deepEqual(
    [made.status, made.json.name, made.json.kind],
    [201, 'from k8s', 'proxy.otoroshi.io/Route'],
  )
  const bad = await send('POST', routes, 'a: [', 'application/yaml')
  assert.deepEqual([bad.status, bad.json.error_description], [400, 'error while parsing yaml'])
  assert.equal((await send('POST', routes, '- 1', 'application/yaml')).status, 400)
})

test('paths and values on the template of a new entity and on a stored one', async () => {
  const list = JSON.stringify([
    { path: 'id', value: 'o' },
    { path: 'name', value: 'by paths' },
    { path: 'enabled', value: 'false' },
    { path: 'frontend.domains', value: '["o.oto.tools"]' },
    { path: 'backend.targets.0.port', value: '8080' },
    { path: 'metadata.some', value: 'text {' },
  ])
  const made = await send('POST', routes, list, 'application/json+oto-patch')
  assert.equal(made.status, 201)
  assert.deepEqual(
    [
      made.json.id,
      made.json.enabled,
      made.json.frontend.domains,
      made.json.backend.targets[0].port,
      made.json.metadata.some,
    ],
    ['o', false, ['o.oto.tools'], 8080, 'text {'],
  )
  const edited = await send(
    'POST',
    `${routes}/o`,
    'name=edited&metadata.other=1x',
    'application/x-www-form-urlencoded',
  )
  assert.deepEqual([edited.status, edited.json.name, edited.json.enabled], [200, 'edited', false])
  const put = await send(
    'PUT',
    `${routes}/o`,
    '[{"path":"name","value":"put"}]',
    'application/json+oto-patch',
  )
  assert.deepEqual([put.json.name, put.json.metadata.other], ['put', '1x'])
  const patched = await send('PATCH', `${routes}/o`, 'description=d', 'application/x-www-form-urlencoded')
  assert.deepEqual([patched.json.name, patched.json.description], ['put', 'd'])
  for (const path of ['__proto__.x', 'backend.targets.7.port', 'name.x', 'a.__proto__'])
    assert.equal(
      (await send('PATCH', `${routes}/o`, `${path}=1`, 'application/x-www-form-urlencoded')).status,
      400,
      path,
    )
  assert.equal((await send('POST', routes, '{"path":1}', 'application/json+oto-patch')).status, 400)
})

test('a form value of a hundred thousand brackets stays text', async () => {
  await server.call('POST', routes, aRoute('r'))
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
  const { status, json } = await send(
    'PATCH',
    `${routes}/r`,
    `description=${deep}`,
    'application/x-www-form-urlencoded',
  )
  assert.deepEqual([status, json.description], [200, deep])
})

test('unknown content types are 400', async () => {
  const { status, json } = await send('POST', routes, '<r/>', 'application/xml')
  assert.deepEqual(
    [status, json.error_description, json.reason],
    [400, 'bad content type', 'admin.bad_content_type'],
  )
})

test('bodies that cannot be read are 400', async () => {
  for (const body of ['', '{', '[]', '5', 'null', '"x"', '{"a":1}x'])
    assert.equal((await send('POST', routes, body, 'application/json')).status, 400, body)
  const bytes = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])
  const response = await fetch(`http://127.0.0.1:${server.port}${routes}`, {
    method: 'POST',
    headers: { 'X-Gateway': 'secret', 'Content-Type': 'application/json' },
    body: bytes,
  })
  assert.equal(response.status, 400)
})

test('deep, wide and poisoned JSON is refused', async () => {
  const deep = await send('POST', routes, `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`, 'application/json')
  assert.deepEqual([deep.status, deep.json.error_description], [400, ['The value is nested too deeply']])
  const wide = await send('POST', routes, `{"a":[${'1,'.repeat(6000)}1]}`, 'application/json')
  assert.match(wide.json.error_description[0], /more than 5000 values/)
  const text = `{"__proto__":{"polluted":1},"id":"p","name":"p","backend":{"targets":[]}}`
  assert.equal((await send('POST', routes, text, 'application/json')).status, 400)
  assert.equal(
    (await send('POST', routes, '{"constructor":{"prototype":{"polluted":1}}}', 'application/json')).status,
    400,
  )
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`
  assert.equal((await send('POST', routes, bomb, 'application/yaml')).status, 400)
  assert.equal((await send('POST', routes, `a: ${'['.repeat(9000)}`, 'application/yaml')).status, 400)
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
})

test('what costs much to read is refused for little, whatever type it has', async () => {
  const usual = await TestServer.start()
  const million = 1024 * 1024
  const types = {
    json: 'application/json',
    merge: 'application/merge-patch+json',
    patch: 'application/json-patch+json',
    paths: 'application/json+oto-patch',
    form: 'application/x-www-form-urlencoded',
    yaml: 'application/yaml',
    lines: 'application/x-ndjson',
  }
  const deep = '['.repeat(15 * million)
  const wide = `[${'1,'.repeat(7 * million)}1]`
  const keys = (count: number) => Array.from({ length: count }, (_, i) => `k${i}: 1`)
  const bodies: [method: string, path: string, type: string, body: string][] = [
    ['POST', routes, types.json, deep],
    ['POST', routes, types.json, wide],
    ['POST', '/api/routes', types.json, deep],
    ['POST', '/api/explain', types.json, deep],
    ['PATCH', `${routes}/r`, types.merge, `{"a":${deep}`],
    ['PATCH', `${routes}/r`, types.patch, wide],
    ['PATCH', `${routes}/r`, types.json, `[${'{},'.repeat(20_000)}{}]`],
    ['PATCH', `${routes}/r`, types.paths, `[${'{"path":"a"},'.repeat(20_000)}{"path":"a"}]`],
    ['PATCH', `${routes}/r`, types.paths, JSON.stringify([{ path: 'a', value: wide }])],
    ['PATCH', `${routes}/r`, types.form, 'a=1&'.repeat(4 * million - 10)],
    ['PATCH', `${routes}/r`, types.form, `a=${wide}`],
    ['POST', routes, types.yaml, `a: ${'['.repeat(million - 10)}`],
    ['POST', routes, types.yaml, `a: ${'{b: '.repeat(million / 4 - 10)}`],
    ['POST', routes, types.yaml, '- '.repeat(million / 2)],
    ['POST', routes, types.yaml, '? '.repeat(million / 2)],
    ['POST', routes, types.yaml, keys(60_000).join('\n')],
    ['POST', routes, types.yaml, `{${keys(60_000).join(', ')}}`],
    ['POST', routes, types.yaml, `[${'1,'.repeat(million / 2 - 10)}1]`],
    ['POST', routes, types.yaml, Array.from({ length: 1400 }, (_, i) => `${' '.repeat(i)}a:\n`).join('')],
    ['POST', routes, types.yaml, 'a: 1\n'.repeat(40_000)],
  ]
  try {
    await usual.call('POST', routes, aRoute('r'))
    const started = process.cpuUsage()
    for (const [method, path, type, body] of bodies) {
      const { status, text } = await usual.call(method, path, body, { 'Content-Type': type })
      assert.equal(status, 400, `${method} ${path} ${type} ${body.slice(0, 20)}: ${text.slice(0, 200)}`)
    }
    for (const body of [deep, wide]) {
      const { text } = await usual.call('POST', `${routes}/_bulk`, body, { 'Content-Type': types.lines })
      assert.match(text, /"status":400/)
    }
    for (const body of [`{"config":${deep}`, `{"k":"otoroshi:routes:x","v":"${deep}","w":"string"}\n`])
      for (const type of [types.json, types.lines])
        assert.equal((await usual.call('POST', '/api/import', body, { 'Content-Type': type })).status, 400)
    const used = process.cpuUsage(started)
    // The YAML parser alone would take minutes for some of them.
    assert.ok((used.user + used.system) / 1e6 < 30, `${(used.user + used.system) / 1e6} s`)
    assert.deepEqual((await usual.call('GET', `${routes}/r`)).status, 200)
    assert.deepEqual(usual.failures, [])
  } finally {
    await usual.stop()
  }
})

test('YAML of tens of thousands of values is read, with its texts and brackets in them', async () => {
  const usual = await TestServer.start()
  const list = Array.from({ length: 20_000 }, (_, i) => `  - "[{ ${i}"`).join('\n')
  const art = '[{'.repeat(300)
  const yaml = `id: y\nname: "${art}"\ndescription: |\n  ${art}\n  - - -\ntags:\n${list}\nbackend: {targets: []}\n`
  const { status, json } = await usual.call('POST', routes, yaml, { 'Content-Type': 'application/yaml' })
  await usual.stop()
  assert.deepEqual(
    [status, json.name, json.description, json.tags.length],
    [201, art, `${art}\n- - -\n`, 20_000],
  )
})

test('keys that are there twice are refused in YAML', async () => {
  for (const yaml of ['id: a\nid: b\n', 'a: {b: 1, "b": 2}\n', '1: a\n"1": b\n'])
    assert.equal((await send('POST', routes, yaml, 'application/yaml')).status, 400, yaml)
})

test('bodies over the limit are 413, declared or not', async () => {
  const body = JSON.stringify(aRoute('big', { description: 'x'.repeat(110_000) }))
  const declared = await send('POST', routes, body, 'application/json')
  assert.deepEqual([declared.status, declared.json.reason], [413, 'admin.body_too_large'])
  const streamed = await fetch(`http://127.0.0.1:${server.port}${routes}`, {
    method: 'POST',
    headers: { 'X-Gateway': 'secret', 'Content-Type': 'application/json' },
    body: new Blob([body]).stream(),
    duplex: 'half',
  } as RequestInit)
  assert.equal(streamed.status, 413)
  const yaml = await send('POST', routes, `description: ${'x'.repeat(30_000)}`, 'application/yaml')
  assert.equal(yaml.status, 413)
})

test('a client that breaks off in its body changes nothing', async () => {
  const socket = net.connect(server.port, '127.0.0.1')
  const body = JSON.stringify(aRoute('half'))
  socket.write(
    `POST ${routes} HTTP/1.1\r\nHost: x\r\nX-Gateway: secret\r\nContent-Type: application/json\r\nContent-Length: ${body.length + 5}\r\n\r\n${body}`,
  )
  await new Promise(resolve => setTimeout(resolve, 30))
  socket.destroy()
  await new Promise(resolve => setTimeout(resolve, 30))
  assert.equal((await server.call('GET', `${routes}/half`)).status, 404)
  assert.deepEqual(server.failures, [])
})
