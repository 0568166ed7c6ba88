/** Every kind over real HTTP: the operations it offers work, the others are refused. Prints how many were exercised. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { EntityDefinition } from '../model/entity.ts'
import { newId } from '../model/ids.ts'
import { definitionOf, definitions } from '../model/registry.ts'
import { fakeHash, TestServer } from './testing/server.ts'

type Json = Record<string, unknown>

let server: TestServer
/** `kind operation` → how often. */
const exercised = new Map<string, number>()
const ndjson = { 'Content-Type': 'application/x-ndjson' }

before(async () => {
  server = await TestServer.start()
})
after(async () => {
  assert.deepEqual(server.failures, [])
  await server.stop()
})

const pathOf = ({ group, version, plural }: EntityDefinition) => `/apis/${group}/${version}/${plural}`
const kindOf = ({ group, kind }: EntityDefinition) => `${group}/${kind}`

/** A call that counts as an operation of the kind. */
async function operation(
  definition: EntityDefinition,
  name: string,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) {
  const answer = await server.call(method, path, body, headers)
  const key = `${definition.kind} ${name}`
  exercised.set(key, (exercised.get(key) ?? 0) + 1)
  return answer
}

/** An entity of the kind with an unknown field at its root, under the given id. */
function sample(definition: EntityDefinition, id: string): Json {
  const template = JSON.parse(JSON.stringify(definition.template(id))) as Json
  const passwords = Object.fromEntries((definition.passwords ?? []).map(field => [field, fakeHash(id)]))
  return { ...template, ...passwords, [definition.idField]: id, from_a_newer_version: { kept: [1, 'two'] } }
}

/** Writes an entity past the API, as logins and registrations do. */
async function seed(definition: EntityDefinition, id: string): Promise<void> {
  await server.control.change({
    definition,
    id,
    transition: () => ({ action: 'write', entity: sample(definition, id) }),
  })
}

for (const definition of definitions.filter(d => d.singleton === undefined))
  describe(`${definition.kind} under /apis`, () => {
    const { access, idField, hasTemplate } = definition
    const path = pathOf(definition)
    const kind = kindOf(definition)
    // Drafts of one id are shadowed upstream; every other spelling leads to them as well.
    const id = `${definition.singular}-1`

    before(() => server.call('DELETE', path))

    test('_template and _schema', async () => {
      const template = await operation(definition, '_template', 'GET', `${path}/_template`)
      if (hasTemplate === false)
        assert.deepEqual([template.status, template.json.error_description], [404, 'template not found !'])
      else {
        assert.equal(template.status, 200)
        assert.equal(typeof template.json[idField], 'string')
        const fresh = JSON.parse(JSON.stringify(definition.template('x'))) as Json
        assert.deepEqual(Object.keys(template.json), Object.keys(fresh))
      }
      const schema = await operation(definition, '_schema', 'GET', `${path}/_schema`)
      assert.equal(schema.status, 200)
      assert.equal(schema.json.type, 'object')
      assert.ok(schema.json.required.includes(idField) || schema.json.properties[idField] !== undefined)
    })

    test('create, and refuse what is no entity', async () => {
      const created = await operation(definition, 'create', 'POST', path, sample(definition, id))
      if (!access.create) {
        assert.equal(created.status, 405)
        await seed(definition, id)
        return
      }
      assert.equal(created.status, 201, created.text)
      assert.equal(created.json[idField], id)
      assert.equal(created.json.kind, kind)
      assert.deepEqual(created.json.from_a_newer_version, { kept: [1, 'two'] })
      const again = await operation(definition, 'create', 'POST', path, sample(definition, id))
      assert.equal(again.status, 409)
      const bad = { ...sample(definition, 'bad'), metadata: 'none' }
      const refused = await operation(definition, 'create', 'POST', path, bad)
      assert.equal(refused.status, 400)
      assert.ok(refused.json.faults.some((f: Json) => f['path'] === 'metadata'))
      const { [idField]: _, ...nameless } = sample(definition, 'x')
      const named = await operation(definition, 'create', 'POST', path, nameless)
      assert.equal(named.status, 201, named.text)
      const prefix = newId(definition).slice(0, -36)
      assert.ok(named.json[idField].startsWith(prefix), `${named.json[idField]} starts with ${prefix}`)
      assert.equal((await server.call('DELETE', `${path}/${named.json[idField]}`)).status, 200)
    })

    test('get, list and count', async () => {
      const got = await operation(definition, 'get', 'GET', `${path}/${id}`)
      assert.equal(got.status, 200)
      assert.deepEqual([got.json[idField], got.json.kind], [id, kind])
      assert.deepEqual(got.json.from_a_newer_version, { kept: [1, 'two'] })
      assert.equal((await operation(definition, 'get', 'GET', `${path}/none`)).status, 404)
      const list = await operation(definition, 'list', 'GET', path)
      assert.deepEqual(
        list.json.map((one: Json) => one[idField]),
        [id],
      )
      const count = await operation(definition, '_count', 'GET', `${path}/_count`)
      assert.deepEqual(count.json, { count: 1, kind })
    })

    test('put, and the read sent back is no change', async () => {
      const read = await server.call('GET', `${path}/${id}`)
      const put = await operation(definition, 'put', 'PUT', `${path}/${id}`, read.json)
      if (!access.update) {
        assert.equal(put.status, 405)
        return
      }
      assert.equal(put.status, 200, put.text)
      assert.equal(put.headers.get('etag'), read.headers.get('etag'), 'nothing changed')
      const changed = { ...read.json, metadata: { ...read.json.metadata, put: 'yes' } }
      const second = await operation(definition, 'put', 'PUT', `${path}/${id}`, changed)
      assert.equal(second.json.metadata.put, 'yes')
      assert.deepEqual(second.json.from_a_newer_version, { kept: [1, 'two'] })
      assert.equal((await operation(definition, 'put', 'PUT', `${path}/none`, read.json)).status, 404)
      const upserted = await operation(definition, 'upsert', 'POST', `${path}/${id}`, changed)
      assert.deepEqual([upserted.status, upserted.headers.get('otoroshi-entity-updated')], [200, 'false'])
    })

    test('patch: a list of operations, a merge, a fault', async () => {
      const ops = [{ op: 'add', path: '/tags', value: ['patched'] }]
      const patched = await operation(definition, 'patch', 'PATCH', `${path}/${id}`, ops)
      if (!access.update) {
        assert.equal(patched.status, 405)
        return
      }
      assert.equal(patched.status, 200, patched.text)
      assert.deepEqual(patched.json.tags, ['patched'])
      const merged = await operation(definition, 'patch', 'PATCH', `${path}/${id}`, { tags: ['merged'] })
      assert.deepEqual(merged.json.tags, ['merged'])
      assert.deepEqual(merged.json.from_a_newer_version, { kept: [1, 'two'] })
      const bad = await operation(definition, 'patch', 'PATCH', `${path}/${id}`, { tags: 5 })
      assert.deepEqual([bad.status, bad.json.reason], [400, 'admin.invalid_entity'])
    })

    test('bulk: each verb the kind offers, a line that fails stops nobody', async () => {
      const ids = ['b1', 'b2'].map(name => `${definition.singular}-${name}`)
      const lines = (values: readonly unknown[]) => values.map(value => JSON.stringify(value)).join('\n')
      const bulk = (verb: string, values: readonly unknown[]) =>
        operation(definition, `bulk ${verb}`, verb, `${path}/_bulk`, lines(values), ndjson)
      const statuses = (text: string) =>
        text
          .trim()
          .split('\n')
          .map(line => (JSON.parse(line) as Json)['status'])
      const entities = ids.map(one => sample(definition, one))
      const created = await bulk('POST', [entities[0], { [idField]: 5 }, entities[1]])
      if (access.create) assert.deepEqual(statuses(created.text), [201, 400, 201])
      else {
        assert.equal(created.status, 405)
        for (const one of ids) await seed(definition, one)
      }
      const put = await bulk('PUT', [{ ...entities[0], tags: ['put'] }, { [idField]: 'none' }])
      const patched = await bulk('PATCH', [{ [idField]: ids[1], patch: { tags: ['patched'] } }])
      if (access.update) {
        assert.deepEqual(statuses(put.text), [200, 404])
        assert.deepEqual(statuses(patched.text), [200])
        assert.deepEqual((await server.call('GET', `${path}/${ids[0]}`)).json.tags, ['put'])
        assert.deepEqual((await server.call('GET', `${path}/${ids[1]}`)).json.tags, ['patched'])
      } else assert.deepEqual([put.status, patched.status], [405, 405])
      const deleted = await bulk(
        'DELETE',
        [...ids, 'none'].map(one => ({ [idField]: one })),
      )
      assert.deepEqual(statuses(deleted.text), [200, 200, 404])
    })

    test('YAML, and Kubernetes objects there and back', async () => {
      const accept = { Accept: 'application/yaml+k8s' }
      const read = await operation(definition, 'get as k8s', 'GET', `${path}/${id}`, undefined, accept)
      assert.match(read.text, new RegExp(`^apiVersion: proxy.otoroshi.io/v1\nkind: ${definition.kind}\n`))
      if (!access.update) return
      const sent = await operation(definition, 'put as k8s', 'PUT', `${path}/${id}`, read.text, {
        'Content-Type': 'application/yaml',
      })
      assert.equal(sent.status, 200, sent.text)
      assert.equal(sent.headers.get('etag'), (await server.call('GET', `${path}/${id}`)).headers.get('etag'))
    })

    test('_status, delete of one and of all', async () => {
      const status = await operation(definition, '_status', 'GET', `${path}/${id}/_status`)
      assert.deepEqual([status.status, status.json.invalid], [200, []])
      const deleted = await operation(definition, 'delete', 'DELETE', `${path}/${id}`)
      assert.deepEqual([deleted.status, deleted.json[idField]], [200, id])
      assert.equal((await operation(definition, 'delete', 'DELETE', `${path}/${id}`)).status, 404)
      await seed(definition, id)
      const all = await operation(definition, 'delete all', 'DELETE', path)
      assert.equal(all.status, 204)
      assert.deepEqual((await server.call('GET', path)).json, [])
    })
  })

test('GlobalConfig under /apis: the one there is, and no other', async () => {
  const definition = definitionOf('GlobalConfig')!
  const path = pathOf(definition)
  const call = (name: string, method: string, at: string, body?: unknown, headers?: Record<string, string>) =>
    operation(definition, name, method, at, body, headers)
  assert.equal((await call('_template', 'GET', `${path}/_template`)).json.lines[0], 'prod')
  assert.equal((await call('_schema', 'GET', `${path}/_schema`)).json.type, 'object')
  assert.equal((await call('_count', 'GET', `${path}/_count`)).json.count, 1)
  assert.equal((await call('list', 'GET', path)).json.length, 1)
  const read = await call('get', 'GET', `${path}/global`)
  assert.equal(read.json.kind, kindOf(definition))
  const put = await call('put', 'PUT', `${path}/global`, { ...read.json, from_a_newer_version: [1] })
  assert.deepEqual([put.status, put.json.from_a_newer_version], [200, [1]])
  const patched = await call('patch', 'PATCH', `${path}/global`, { tags: ['patched'] })
  assert.deepEqual([patched.json.tags, patched.json.from_a_newer_version], [['patched'], [1]])
  assert.equal((await call('create', 'POST', path, {})).status, 405)
  assert.equal((await call('delete', 'DELETE', `${path}/global`)).status, 405)
  assert.equal((await call('delete all', 'DELETE', path)).status, 405)
  assert.equal((await call('bulk POST', 'POST', `${path}/_bulk`, '{}', ndjson)).status, 405)
})

const crud = definitions.filter(
  d => d.legacyPath !== null && d.aliasOf === undefined && d.singleton === undefined && d.access.update,
)

for (const definition of crud)
  test(`${definition.kind} under ${definition.legacyPath}`, async () => {
    const path = definition.legacyPath!
    const { idField } = definition
    const id = `${definition.singular}-legacy`
    const call = (
      name: string,
      method: string,
      at: string,
      body?: unknown,
      headers?: Record<string, string>,
    ) => operation(definition, `legacy ${name}`, method, at, body, headers)
    await server.call('DELETE', pathOf(definition))
    const template = await call('_template', 'GET', `${path}/_template`)
    assert.equal(template.status, 200)
    assert.equal('kind' in template.json, false)
    const created = await call('create', 'POST', path, sample(definition, id))
    assert.equal(created.status, 201, created.text)
    assert.equal(created.text.includes('\n'), false, 'compact')
    assert.deepEqual((await call('get', 'GET', `${path}/${id}`)).json, created.json)
    const list = await call('list', 'GET', path)
    assert.deepEqual([list.json.length, list.headers.get('x-count')], [1, '1'])
    const put = await call('put', 'PUT', `${path}/${id}`, { ...created.json, tags: ['put'] })
    assert.deepEqual([put.status, put.json.tags], [200, ['put']])
    assert.deepEqual(put.json.from_a_newer_version, { kept: [1, 'two'] })
    const patched = await call('patch', 'PATCH', `${path}/${id}`, [
      { op: 'add', path: '/tags/-', value: 'p' },
    ])
    assert.deepEqual(patched.json.tags, ['put', 'p'])
    const other = JSON.stringify(sample(definition, `${id}-2`))
    const made = await call('bulk POST', 'POST', `${path}/_bulk`, other, ndjson)
    assert.deepEqual(JSON.parse(made.text), { status: 201, created: true, id: `${id}-2` })
    const line = JSON.stringify({ [idField]: `${id}-2` })
    const gone = await call('bulk DELETE', 'DELETE', `${path}/_bulk`, line, ndjson)
    assert.deepEqual(JSON.parse(gone.text), { status: 200, deleted: true, id: `${id}-2` })
    assert.deepEqual((await call('delete', 'DELETE', `${path}/${id}`)).json, { deleted: true })
    assert.equal((await call('get', 'GET', `${path}/${id}`)).status, 404)
  })

test('the kinds and operations that were exercised', t => {
  const kinds = new Set([...exercised.keys()].map(key => key.split(' ', 1)[0]))
  const calls = [...exercised.values()].reduce((sum, count) => sum + count, 0)
  t.diagnostic(`${kinds.size} kinds, ${exercised.size} pairs of kind and operation, ${calls} calls over HTTP`)
  for (const { kind } of definitions)
    for (const name of [
      '_template',
      '_schema',
      'create',
      'get',
      'list',
      'put',
      'patch',
      'delete',
      'delete all',
    ])
      assert.ok(exercised.has(`${kind} ${name}`), `${kind} ${name}`)
})
