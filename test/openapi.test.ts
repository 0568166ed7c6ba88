/**
 * The OpenAPI document of the admin API, held against a running gateway: every operation it names is called and answered as it
 * says, what it does not name is not there, and every operation of upstream's document is answered.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { parse } from 'yaml'
import { definitions } from '../src/model/registry.ts'
import type { EntityDefinition } from '../src/model/entity.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { call as request } from './support/http.ts'
import { Contract, keyOf, operationsOf, type OpenApiDocument } from './support/openapi-contract.ts'
import { Walk, walkBelow, walkGeneric, walkLegacy, walkVersions } from './support/openapi-walk.ts'
import { until } from './support/wait.ts'

type Json = Record<string, unknown>

let gateway: TestGateway
let document: OpenApiDocument
let contract: Contract
let walk: Walk

before(async () => {
  gateway = await startGateway()
  document = (await gateway.admin('GET', '/apis/openapi.json')).json
  contract = new Contract(document)
  walk = new Walk(gateway, contract)
})
after(() => gateway.stop())

describe('the document', () => {
  const byForm: ReadonlyArray<readonly [path: string, accept: string, type: string]> = [
    ['/apis/openapi', 'application/json', 'application/json'],
    ['/apis/openapi', 'application/yaml', 'application/yaml'],
    ['/apis/openapi.json', '*/*', 'application/json'],
    ['/apis/openapi.yaml', '*/*', 'application/yaml'],
    ['/apis/openapi.yml', '*/*', 'application/yaml'],
    ['/api/openapi.json', '*/*', 'application/json'],
  ]

  it('is valid by somebody else’s judgement', async () => {
    const result = await new Validator().validate(structuredClone(document) as unknown as Json)
    assert.deepEqual(result.errors ?? [], [])
    assert.ok(result.valid)
    assert.equal(document.openapi, '3.1.0')
  })

  it('gives every operation a name of its own', () => {
    const ids = contract.operations.map(({ operationId }) => operationId)
    assert.deepEqual([...new Set(ids)], ids)
  })

  it('is the same at every address and in every form', async () => {
    for (const [path, accept, type] of byForm) {
      const { status, headers, text } = await gateway.admin('GET', path, undefined, { Accept: accept })
      assert.deepEqual([status, headers.get('content-type')], [200, type], path)
      const read = type === 'application/yaml' ? parse(text, { maxAliasCount: 0 }) : JSON.parse(text)
      assert.deepEqual(read, document, path)
    }
  })

  it('is not sent again to whoever has it', async () => {
    for (const [path, accept] of [...byForm, ['/apis/openapi/ui', 'text/html'] as const]) {
      const first = await gateway.admin('GET', path, undefined, { Accept: accept })
      const tag = first.headers.get('etag')!
      assert.match(tag, /^W\/"[\w-]{22}"$/)
      for (const known of [tag, `"x", ${tag}`, tag.slice(2), '*']) {
        const headers = { Accept: accept, 'If-None-Match': known }
        const again = await gateway.admin('GET', path, undefined, headers)
        assert.deepEqual([again.status, again.text, again.headers.get('etag')], [304, '', tag], path)
      }
      const other = await gateway.admin('GET', path, undefined, { Accept: accept, 'If-None-Match': '"x"' })
      assert.equal(other.status, 200)
    }
  })

  it('travels compressed to whoever takes it', async () => {
    const answer = await request(gateway.port, 'http://otoroshi-api.oto.tools/apis/openapi.json', {
      headers: { ...basic('admin-api-apikey-id', 'admin-api-apikey-secret'), 'Accept-Encoding': 'gzip' },
    })
    assert.equal(answer.headers['content-encoding'], 'gzip')
    assert.ok(Number(answer.headers['content-length']) < 200_000)
    const head = await gateway.admin('HEAD', '/apis/openapi.json')
    assert.deepEqual([head.status, head.text], [200, ''])
    assert.ok(Number(head.headers.get('content-length')) > 1_000_000)
  })

  it('is a page that loads and runs nothing', async () => {
    for (const path of ['/apis/openapi/ui', '/api/openapi/ui']) {
      const { status, headers, text } = await gateway.admin('GET', path)
      assert.deepEqual([status, headers.get('content-type')], [200, 'text/html; charset=utf-8'])
      assert.match(headers.get('content-security-policy')!, /default-src 'none'/)
      assert.doesNotMatch(text, /<script|<link|\bsrc=|\bon\w+="/)
      for (const { operationId } of contract.operations) assert.ok(text.includes(operationId))
    }
  })

  it('can be had for the kinds of one group and version', async () => {
    const { json } = await gateway.admin(
      'GET',
      '/apis/openapi.json?extension_group=apim.otoroshi.io&version=v1',
    )
    const paths = Object.keys(json.paths)
    assert.ok(paths.length > 5 && paths.every(path => path.startsWith('/apis/apim.otoroshi.io/v1/')))
    assert.deepEqual((await new Validator().validate(structuredClone(json))).errors ?? [], [])
    for (const query of ['extension_group=none', 'version=v9'])
      await walk.call('openapi.json', 404, { query: `?${query}` })
  })

  it('holds no secret', () => {
    const text = JSON.stringify(document)
    for (const secret of ['admin-api-apikey-secret', gateway.dataDir, 'PRIVATE KEY'])
      assert.equal(text.includes(secret), false, secret)
    const examples: string[] = []
    JSON.parse(text, (key, value) => {
      if (key === 'example' || key === 'examples') examples.push(JSON.stringify(value))
      return value
    })
    assert.ok(examples.length > 0)
    for (const example of examples)
      assert.doesNotMatch(example, /secret|password|token|authorization|private/i)
  })
})

function basic(id: string, secret: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
}

describe('the ways to name a key', () => {
  const none = { Authorization: '' }

  it('are those the document lists', async () => {
    const key = await walk.call('apim.otoroshi.io.Apikey.findById', 200, {
      parts: { id: 'admin-api-apikey-id' },
    })
    const pair = {
      'Otoroshi-Client-Id': 'admin-api-apikey-id',
      'Otoroshi-Client-Secret': 'admin-api-apikey-secret',
    }
    const bearer = { Authorization: `Bearer ${key.json.bearer}` }
    for (const headers of [{ ...none, ...pair }, bearer])
      await walk.call('instance.version', 200, { headers })
  })

  it('are needed: a call without a key, or with a bad one, is refused as documented', async () => {
    const wrong = { ...none, ...basic('admin-api-apikey-id', 'wrong') }
    await walk.call('instance.version', 401, { headers: wrong })
    for (const operation of contract.operations) {
      const answer = await walk.send(operation, { headers: none })
      assert.equal(answer.status, 400, operation.operationId)
      contract.check(operation, answer)
    }
  })
})

const lined = { 'Content-Type': 'application/x-ndjson' } as const

async function templateOf({ group, version, plural, kind }: EntityDefinition): Promise<Json> {
  const { json } = await gateway.admin('GET', `/apis/${group}/${version}/${plural}/_template`)
  // A listener would listen.
  return { ...json, ...('enabled' in json && kind !== 'Apikey' && { enabled: false }) }
}

describe('every operation on kinds', () => {
  for (const definition of definitions.filter(({ access }) => access.create && access.update)) {
    const { group, kind, idField } = definition
    it(`of ${kind}`, async () => {
      const template = await templateOf(definition)
      await walkGeneric(walk, { name: `${group}.${kind}`, idField, template })
      if (contract.has(`legacy.${kind}.create`))
        await walkLegacy(walk, { name: `legacy.${kind}`, idField, template })
    })
  }

  it('of the global configuration', async () => {
    const name = 'config.otoroshi.io.GlobalConfig'
    const parts = { id: 'global' }
    const { json } = await walk.call('legacy.GlobalConfig.find', 200)
    await walk.call('legacy.GlobalConfig.template', 200)
    await walk.call('legacy.GlobalConfig.update', 200, { body: json })
    await walk.call('legacy.GlobalConfig.update', 400, { body: { lines: 7 } })
    await walk.call('legacy.GlobalConfig.patch', 200, { body: { lines: ['prod', 'walk'] } })
    await walk.callDry('legacy.GlobalConfig.patch', 'update', { body: { lines: ['prod'] } })
    await walk.call(`${name}.findAll`, 200)
    await walk.call(`${name}.count`, 200)
    await walk.call(`${name}.template`, 200)
    const shown = await walk.call(`${name}.findById`, 200, { parts })
    await walk.call(`${name}.updateById`, 200, { parts, body: shown.json })
    await walk.call(`${name}.upsertById`, 200, { parts, body: shown.json })
    await walk.call(`${name}.upsertById`, 405, { body: shown.json })
    await walk.call(`${name}.pathById`, 200, { parts, body: { lines: ['prod'] } })
    await walkBelow(walk, name, parts)
    await walkVersions(walk, name, parts)
  })

  it('of administrators', async () => {
    const parts = { username: 'walk-1', id: 'walk-1', passkey: 'none' }
    const body = { username: 'walk-1', password: 'Walk-1-Walk-1', label: 'Walk' }
    for (const [kind, more] of [
      ['SimpleAdminUser', {}],
      ['WebauthnAdminUser', { handle: 'walk' }],
    ] as const) {
      const legacy = `legacy.${kind}`
      await walk.call(`${legacy}.create`, 200, { body: { ...body, ...more } })
      await walk.call(`${legacy}.create`, 400, { body: { ...body, ...more } })
      await walk.call(`${legacy}.findAll`, 200)
      const { json } = await walk.call(`${legacy}.findById`, 200, { parts })
      assert.equal('password' in json, false)
      await walk.call(`${legacy}.updateById`, 200, { parts, body: { ...json, label: 'Walked' } })
      const name = `security.otoroshi.io.${kind}`
      await walk.call(`${name}.findById`, 200, { parts })
      await walk.call(`${name}.findAll`, 200)
      await walk.call(`${name}.template`, 404)
      await walkBelow(walk, name, parts)
      await walkVersions(walk, name, parts)
      const { json: changes } = await walk.call(`${name}.versions`, 200, { parts })
      const version = { ...parts, version: String(changes[0].version) }
      assert.doesNotMatch((await walk.call(`${name}.version`, 200, { parts: version })).text, /\$2[aby]\$/)
      const line = { headers: lined, body: '{"username":"nobody"}\n' }
      await walk.call(`${name}.bulk_delete`, 200, line)
      await walk.call(`${name}.deleteById`, 200, { parts })
    }
    const made = { parts: { id: 'walk-2' }, body: { ...body, username: 'walk-2' } }
    const name = 'security.otoroshi.io.SimpleAdminUser'
    await walk.call(`${name}.create`, 201, { body: { ...body, username: 'walk-3' } })
    await walk.call(`${name}.upsertById`, 201, made)
    await walk.call(`${name}.upsertById`, 405, made)
    await walk.call(`${name}.bulk_create`, 200, {
      headers: lined,
      body: `${JSON.stringify({ ...body, username: 'walk-4' })}\n`,
    })
    await walk.call('legacy.SimpleAdminUser.deleteById', 200, { parts: { username: 'walk-2' } })
    await walk.call('legacy.WebauthnAdminUser.create', 200, { body: { ...body, handle: 'walk' } })
    await walk.call('legacy.WebauthnAdminUser.deletePasskey', 200, { parts })
    await walk.call('legacy.WebauthnAdminUser.create', 200, { body: { ...body, handle: 'walk' } })
    await walk.call('legacy.WebauthnAdminUser.deleteById', 200, { parts })
  })

  it('of all at once, within the rights of the caller', async () => {
    const rights = JSON.stringify([{ tenant: 'walk:rw', teams: ['*:rw'] }])
    const key = {
      clientId: 'walk-key',
      clientSecret: 'walk-key-secret',
      clientName: 'Walk',
      authorizations: [{ kind: 'group', id: 'admin-api-group' }],
      metadata: { 'otoroshi-access-rights': rights },
    }
    await walk.call('apim.otoroshi.io.Apikey.create', 201, { body: key })
    const headers = { ...basic(key.clientId, key.clientSecret), 'Otoroshi-Tenant': 'walk' }
    const group = { id: 'walk-group', name: 'Walk', _loc: { tenant: 'walk', teams: ['default'] } }
    await walk.call('organize.otoroshi.io.ServiceGroup.create', 201, { headers, body: group })
    for (const { group, kind } of definitions.filter(({ access }) => access.delete))
      await walk.call(`${group}.${kind}.deleteAll`, 204, { headers })
    await walk.call('organize.otoroshi.io.ServiceGroup.findById', 404, { parts: { id: 'walk-group' } })
    await walk.call('organize.otoroshi.io.ServiceGroup.findById', 200, { parts: { id: 'default' } })
    await walk.call('instance.status', 403, { headers })
    await walk.call('apim.otoroshi.io.Apikey.findById', 401, {
      headers,
      parts: { id: 'admin-api-apikey-id' },
    })
    await walk.call('legacy.Apikey.findById', 403, { headers, parts: { id: 'admin-api-apikey-id' } })
  })
})

describe('every other operation', () => {
  it('about the instance', async () => {
    const explained = await walk.callBlindly(contract.operation('instance.explain'))
    assert.equal(explained.status, 200)
    await walk.call('instance.explain', 400, { body: { url: 7 } })
    await walk.call('kinds.findAll', 200)
    await walk.call('kinds.findAll', 200, { query: '?schema=false', headers: { Accept: 'application/yaml' } })
  })

  it('of the history', async () => {
    const { json } = await walk.call('history.findAll', 200, { query: '?pageSize=3&kind=ServiceGroup' })
    const parts = { version: String(json[0].version) }
    await walk.call('history.findById', 200, { parts })
    await walk.call('history.findById', 404, { parts: { version: '7' } })
    await walk.call('history.findAll', 400, { query: '?since=yesterday' })
    const undone = await walk.answerAny('history.undo', { parts })
    assert.ok([200, 201].includes(undone.status), undone.text)
    await walk.call('history.undo', 409, { parts })
  })

  it('of flow reports', async () => {
    const { json } = await walk.call('flows.registerTryIt', 201)
    const parts = { tryItId: json.id }
    await walk.call('flows.takeTryIt', 202, { parts })
    await request(gateway.port, 'http://walk.example.com/', { headers: { [json.header]: json.id } })
    const report = await until('the report is there', async () => {
      const { status, json } = await walk.answerAny('flows.takeTryIt', { parts })
      return status === 200 && json
    })
    await walk.call('flows.findById', 200, { parts: { requestId: report.requestId } })
    await walk.call('flows.takeTryIt', 404, { parts })
  })

  it('tries auth modules', async () => {
    const body = { id: 'walk-auth', name: 'Walk', type: 'basic' }
    await walk.call('security.otoroshi.io.AuthModule.create', 201, { body })
    const parts = { id: 'walk-auth' }
    await walk.call('auths.checkStored', 200, { parts, body: { username: 'nobody', password: 'x' } })
    await walk.call('auths.checkStored', 404, { body: { username: 'nobody', password: 'x' } })
    await walk.call('auths.check', 400, { body: { type: 'basic' } })
    await walk.call('security.otoroshi.io.AuthModule.deleteById', 200, { parts })
  })

  it('of services', async () => {
    const template = await templateOf(definitions.find(({ kind }) => kind === 'ServiceDescriptor')!)
    const parts = { id: 'walk-service', line: 'prod' }
    await walk.call('legacy.ServiceDescriptor.create', 201, {
      body: { ...template, id: 'walk-service', groups: ['walk-group'] },
    })
    await walk.call('legacy.ServiceGroup.create', 201, { body: { id: 'walk-group-2', name: 'Walk' } })
    for (const id of [
      'addTarget',
      'patchTargets',
      'removeTarget',
      'createErrorTemplate',
      'updateErrorTemplate',
    ]) {
      const answer = await walk.callBlindly(contract.operation(`services.${id}`), { parts })
      assert.ok(answer.status < 300, `${id}: ${answer.text}`)
    }
    await walk.call('services.targets', 200, { parts })
    await walk.call('services.errorTemplate', 200, { parts })
    await walk.call('services.removeErrorTemplate', 200, { parts })
    await walk.call('services.errorTemplate', 404, { parts })
    await walk.call('groups.services', 200, { parts: { id: 'walk-group-2' } })
    const { json } = await walk.call('lines.services', 200, { parts })
    assert.ok(json.length > 0)
  })

  it('of sessions', async () => {
    const template = await templateOf(definitions.find(({ kind }) => kind === 'AuthModule')!)
    await walk.call('legacy.AuthModule.create', 201, { body: { ...template, id: 'walk-module' } })
    await walk.call('sessions.deleteByModule', 200, { parts: { id: 'walk-module' } })
    for (const kind of ['AdminSession', 'AuthModuleUser']) {
      await walk.call(`legacy.${kind}.deleteAll`, 200)
      const body = '{"randomId":"nobody"}\n'
      await walk.call(`security.otoroshi.io.${kind}.bulk_delete`, 200, { headers: lined, body })
    }
  })

  it('of exports and imports', async () => {
    const controller = 'otoroshi.controllers.adminapi.ImportExportController'
    await walk.call(`${controller}.fullExport`, 200, { headers: { Accept: 'application/x-ndjson' } })
    const { json } = await walk.call(`${controller}.fullExport`, 200)
    await walk.callDry(`${controller}.fullImport`, 'nothing', { body: json })
    for (const id of ['fullImport', 'fullImportFromFile']) {
      await walk.call(`${controller}.${id}`, 200, { body: json })
      await walk.call(`${controller}.${id}`, 400, { body: { routes: 7 } })
    }
  })

  it('of API keys by what they are granted on', async () => {
    for (const [granting, kind] of [
      ['services', 'proxy.otoroshi.io.ServiceDescriptor'],
      ['routes', 'proxy.otoroshi.io.Route'],
      ['groups', 'organize.otoroshi.io.ServiceGroup'],
      ['apis', 'apis.otoroshi.io.Api'],
    ] as const) {
      const { json: template } = await walk.call(`${kind}.template`, 200)
      await walk.call(`${kind}.create`, 201, { body: { ...template, id: 'walk-owner' } })
      const owner = { id: 'walk-owner' }
      const body = { clientName: 'Walked', clientId: 'walk-granted', clientSecret: 'walk-secret' }
      const { json: created } = await walk.call(`${granting}.createApikey`, 201, { parts: owner, body })
      await walk.call(`${granting}.createApikey`, 400, { parts: owner, body })
      await walk.call(`${granting}.createApikey`, 404, { body })
      const { json: listed } = await walk.call(`${granting}.apikeys`, 200, { parts: owner })
      assert.ok(listed.some(({ clientId }: { clientId: string }) => clientId === 'walk-granted'))
      const parts = { ...owner, clientId: 'walk-granted' }
      const { headers } = await walk.call(`${granting}.apikey`, 200, { parts })
      const known = { 'If-None-Match': headers.get('etag')! }
      await walk.call(`${granting}.apikey`, 304, { parts, headers: known })
      await walk.call(`${granting}.apikey`, 404, { parts: owner })
      await walk.call(`${granting}.updateApikey`, 200, { parts, body: created })
      await walk.call(`${granting}.patchApikey`, 200, { parts, body: { tags: ['walked'] } })
      await walk.call('apikeys.bearer', 200, { parts, query: '?newSecret=x' })
      for (const operation of ['find', 'reset', 'delete']) {
        await walk.call(`${granting}.apikeys.quotas.${operation}`, 200, { parts })
        for (const name of ['apikeys', 'apim.apikeys'])
          await walk.call(`${name}.quotas.${operation}`, 200, { parts: { ...parts, id: 'walk-granted' } })
      }
      await walk.callDry(`${granting}.deleteApikey`, 'delete', { parts })
      await walk.call(`${granting}.deleteApikey`, 200, { parts })
      await walk.call(`${kind}.deleteById`, 200, { parts: owner })
    }
  })

  it('and whatever has not been called yet', async () => {
    const left = contract.operations.filter(({ operationId }) => !answers(operationId).some(isSuccess))
    for (const operation of left) await walk.callBlindly(operation, { parts: { version: '7' } })
  })
})

const answers = (operationId: string): readonly number[] => contract.seen.get(operationId) ?? []
const isSuccess = (status: number): boolean => status < 300

describe('the document as a whole', () => {
  // Sessions are made by logins only, and some kinds have no template: what upstream answers with 404 as well.
  const ofSessions = /^(?:security\.otoroshi\.io|legacy)\.(?:AdminSession|AuthModuleUser)\./
  const withoutTemplate = definitions
    .filter(({ hasTemplate }) => hasTemplate === false)
    .map(({ group, kind }) => `${group}.${kind}.template`)

  it('names operations that all do what they are for', () => {
    const never = contract.operations
      .map(({ operationId }) => operationId)
      .filter(id => !answers(id).some(isSuccess) && !ofSessions.test(id) && !withoutTemplate.includes(id))
    assert.deepEqual(never, [])
  })

  it('leaves nothing out: other methods of its paths are refused', async () => {
    let refused = 0
    for (const [path, item] of Object.entries(document.paths))
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        if (Object.hasOwn(item, method.toLowerCase())) continue
        const { status, json, text } = await walk.send({ method, path })
        assert.ok([405, 501].includes(status), `${method} ${path}: ${status} ${text}`)
        contract.checkShape('ErrorResponse', json)
        refused++
      }
    assert.ok(refused > 500)
  })
})

const reference = join(import.meta.dirname, '../../shared/reference/otoroshi-openapi.json')
const skip = existsSync(reference) ? false : 'the document of upstream is not here'

describe('every operation of upstream', { skip }, () => {
  it('is there under its name, or said not to be', async () => {
    const upstream = operationsOf(JSON.parse(readFileSync(reference, 'utf8')))
    const ours = new Map(contract.operations.map(operation => [keyOf(operation), operation]))
    const counts = { built: 0, 'of those only refused': 0, 'not built': 0 }
    for (const operation of upstream) {
      const own = ours.get(keyOf(operation))
      if (own === undefined) {
        const { status, json, headers, text } = await walk.send(operation)
        const where = `${operation.operationId}: ${status} ${text}`
        assert.deepEqual([status, json.reason], [501, 'admin.not_built'], where)
        assert.equal(headers.get('otoroshi-error-reason'), 'admin.not_built')
        contract.checkShape('ErrorResponse', json)
        counts['not built']++
        continue
      }
      assert.equal(own.operationId, operation.operationId)
      counts.built++
      const statuses = answers(own.operationId)
      if (!statuses.some(isSuccess)) counts['of those only refused']++
    }
    assert.equal(counts.built + counts['not built'], upstream.length)
    assert.ok(upstream.length > 300)
    console.log(`upstream: ${upstream.length} operations`, counts)
  })
})

after(() => {
  const classes: Record<string, number> = {}
  for (const [status, calls] of [...walk.statuses].sort(([a], [b]) => a - b))
    classes[`${Math.floor(status / 100)}xx`] = (classes[`${Math.floor(status / 100)}xx`] ?? 0) + calls
  console.log(`ours: ${contract.operations.length} operations, calls by class:`, classes)
})
