/** Versions of entities over HTTP: listed, compared, restored, undone; by whom, and for whom. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { apikey } from '../model/kinds/apikey.ts'
import { definitions } from '../model/registry.ts'
import { type Answer, TestServer } from './testing/server.ts'

const SECRET = 'secret of the key'
const everywhere = [{ tenant: '*', teams: ['*'] }]
const ofOne = [{ tenant: 'acme', teams: ['one'] }]
const readerOfOne = [{ tenant: 'acme', teams: ['one:r'] }]
const ofTwo = [{ tenant: 'acme', teams: ['two'] }]
const routes = '/apis/proxy.otoroshi.io/v1/routes'
let server: TestServer

/** A call as the user with these rights. */
function as(rights: unknown, method: string, path: string, body?: unknown, more = {}): Promise<Answer> {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const user = JSON.stringify({ name: 'Ada', email: 'ada@acme.test', rights })
  const signed = `${part({ alg: 'HS512', typ: 'JWT' })}.${part({ user })}`
  const token = `${signed}.${createHmac('sha512', SECRET).update(signed).digest('base64url')}`
  return server.call(method, path, body, {
    'X-Caller': 'gate',
    'X-Client': '192.0.2.7',
    'Otoroshi-Tenant': 'acme',
    'Otoroshi-BackOffice-User': token,
    ...more,
  })
}

const root = (method: string, path: string, body?: unknown, more = {}): Promise<Answer> =>
  as(everywhere, method, path, body, more)

const aRoute = (id: string, more = {}): Record<string, unknown> => ({
  id,
  name: `route ${id}`,
  frontend: { domains: [`${id}.oto.tools`] },
  backend: { targets: [{ hostname: 'localhost', port: 1 }] },
  _loc: { tenant: 'acme', teams: ['one'] },
  ...more,
})

interface Change {
  readonly version: number
  readonly action: string
  readonly id: string
}

const versionsOf = async (id: string, rights: unknown = everywhere): Promise<Change[]> =>
  (await as(rights, 'GET', `${routes}/${id}/_versions`)).json

before(async () => {
  const adminRoute = { routeId: 'admin-api-service', groupId: 'admin-api-group' }
  server = await TestServer.start({
    callerHeader: 'X-Caller',
    clientHeader: 'X-Client',
    adminRoute,
    hashPassword: async password => `$2a$10$${password.padEnd(53, '.')}`,
  })
  const gate = { clientId: 'gate', clientSecret: SECRET, clientName: 'gate' }
  await server.control.change({
    definition: apikey,
    id: 'gate',
    transition: () => ({ action: 'write', entity: gate }),
  })
})
after(() => server.stop())

describe('versions', () => {
  it('are left by every way to write, and say who, when, from where and what', async () => {
    const since = Date.now()
    assert.equal((await root('POST', routes, aRoute('a'))).status, 201)
    assert.equal((await root('PUT', `${routes}/a`, aRoute('a', { name: 'put' }))).status, 200)
    const merged = await root('PATCH', `${routes}/a`, { name: 'patched' })
    assert.equal(merged.status, 200, merged.text)
    assert.equal((await root('PUT', '/api/routes/a', aRoute('a', { name: 'legacy' }))).status, 200)
    const line = `${JSON.stringify(aRoute('a', { name: 'bulk' }))}\n`
    await root('PUT', `${routes}/_bulk`, line, { 'Content-Type': 'application/x-ndjson' })
    assert.equal((await root('DELETE', `${routes}/a`)).status, 200)
    const all = await root('GET', `${routes}/a/_versions`)
    assert.deepEqual(
      all.json.map(({ action }: Change) => action),
      ['delete', 'update', 'update', 'update', 'update', 'create'],
    )
    for (const { at, client_id, user, from, kind, id } of all.json) {
      assert.ok(at >= since && at <= Date.now())
      assert.deepEqual([client_id, from, kind, id], ['gate', '192.0.2.7', 'Route', 'a'])
      assert.deepEqual(user, { name: 'Ada', email: 'ada@acme.test' })
    }
    const put = await root('GET', `${routes}/a/_versions/${all.json[4].version}`)
    assert.deepEqual([put.json.before.name, put.json.after.name], ['route a', 'put'])
    assert.ok(
      put.json.diff.some(
        (op: Record<string, unknown>) =>
          op['path'] === '/name' && op['op'] === 'replace' && op['value'] === 'put',
      ),
    )
  })

  it('are not left by a dry run, a refusal and a write that changes nothing', async () => {
    await root('POST', routes, aRoute('quiet'))
    await root('PUT', `${routes}/quiet`, aRoute('quiet'))
    await root('PATCH', `${routes}/quiet?dry_run=true`, { name: 'x' })
    await root('PATCH', `${routes}/quiet`, { frontend: 1 })
    await as(readerOfOne, 'PATCH', `${routes}/quiet`, { name: 'x' })
    await root('PATCH', `${routes}/quiet`, { name: 'x' }, { 'If-Match': '"other"' })
    assert.equal((await versionsOf('quiet')).length, 1)
  })

  it('come in pages', async () => {
    await root('POST', routes, aRoute('paged'))
    for (let i = 0; i < 6; i++) await root('PATCH', `${routes}/paged`, { name: `v${i}` })
    const all = await versionsOf('paged')
    const seen: Change[] = []
    let next: string | null = ''
    for (let page = 0; next !== null; page++) {
      const answer = await root('GET', `${routes}/paged/_versions?pageSize=3${next && `&before=${next}`}`)
      seen.push(...answer.json)
      next = answer.headers.get('x-next-before')
      assert.ok(page < 3)
    }
    assert.deepEqual(seen, all)
    assert.equal((await root('GET', `${routes}/paged/_versions?pageSize=0`)).status, 400)
    assert.equal((await root('GET', `${routes}/paged/_versions?before=x`)).status, 400)
  })

  it('can be compared with each other and with what is there', async () => {
    await root('POST', routes, aRoute('cmp'))
    await root('PATCH', `${routes}/cmp`, { name: 'two' })
    await root('PATCH', `${routes}/cmp`, { description: 'three' })
    const [, second, first] = await versionsOf('cmp')
    const paths = async (to: string): Promise<string[]> =>
      (await root('GET', `${routes}/cmp/_versions/${first!.version}/_diff${to}`)).json.diff
        .map((op: { path: string }) => op.path)
        .filter((path: string) => !path.includes('updated_at'))
    assert.deepEqual(await paths(`?to=${second!.version}`), ['/name'])
    assert.deepEqual(await paths(''), ['/name', '/description'])
    assert.equal((await root('GET', `${routes}/cmp/_versions/1`)).status, 404)
    assert.equal((await root('GET', `${routes}/cmp/_versions/x`)).status, 404)
    const [other] = await versionsOf('a')
    assert.equal((await root('GET', `${routes}/cmp/_versions/${other!.version}`)).status, 404)
  })

  it('are brought back as they were: over what is there, and after a deletion', async () => {
    await root('POST', routes, aRoute('back'))
    const then = (await root('GET', `${routes}/back`)).json
    await root('PATCH', `${routes}/back`, { name: 'two' })
    const first = (await versionsOf('back')).at(-1)!.version
    const tried = await root('POST', `${routes}/back/_versions/${first}/_restore?dry_run=true`)
    assert.deepEqual([tried.json.dry_run, tried.json.would], [true, 'update'])
    const restored = await root('POST', `${routes}/back/_versions/${first}/_restore`)
    assert.deepEqual([restored.status, restored.json], [200, then])
    assert.equal((await versionsOf('back')).length, 3)
    const again = await root('POST', `${routes}/back/_versions/${first}/_restore`)
    assert.equal(again.status, 200)
    assert.equal((await versionsOf('back')).length, 3, 'nothing was left to restore')
    await root('DELETE', `${routes}/back`)
    const deletion = (await versionsOf('back'))[0]!.version
    assert.equal((await root('POST', `${routes}/back/_versions/${deletion}/_restore`)).status, 400)
    const created = await root('POST', `${routes}/back/_versions/${first}/_restore`)
    assert.deepEqual([created.status, created.json], [201, then])
    const [latest] = (await root('GET', `${routes}/back/_versions`)).json
    assert.deepEqual([latest.restored_from, latest.action], [first, 'create'])
  })

  it('that are not valid any more are refused with their faults, and nothing changes', async () => {
    await root('POST', routes, aRoute('inv'))
    await root('PATCH', `${routes}/inv`, { name: 'two' })
    const { control } = server
    const [latest, first] = await versionsOf('inv')
    const { keys } = control.history!
    const invalid = 'c\n{"id":"inv","name":"then","frontend":5}'
    await control.stored.store.commit([{ key: keys.state('routes:inv', first!.version), value: invalid }])
    const restored = await root('POST', `${routes}/inv/_versions/${first!.version}/_restore`)
    assert.deepEqual([restored.status, restored.json.reason], [400, 'admin.invalid_entity'])
    assert.ok(restored.json.faults.some(({ path }: { path: string }) => path.startsWith('frontend')))
    await control.stored.store.commit([{ key: keys.state('routes:inv', latest!.version), value: 'x' }])
    assert.equal(
      (await root('POST', `/api/history/${latest!.version}/_undo`)).status,
      404,
      'it cannot be read',
    )
    assert.equal((await root('GET', `${routes}/inv`)).json.name, 'two')
    assert.equal((await versionsOf('inv')).length, 2)
  })

  it('show that somebody changed the entity past the history', async () => {
    await root('POST', routes, aRoute('outside'))
    const { control } = server
    const definition = definitions.find(({ kind }) => kind === 'Route')!
    const stored = control.get(definition, 'outside')!
    await control.stored.store.commit([
      { key: stored.key, value: stored.json.replace('route outside', 'theirs') },
    ])
    await control.idle()
    await root('PATCH', `${routes}/outside`, { description: 'ours' })
    const [latest, first] = (await root('GET', `${routes}/outside/_versions`)).json
    assert.deepEqual([latest.changed_elsewhere_before, first.changed_elsewhere_before], [true, undefined])
    const undone = await root('POST', `/api/history/${latest.version}/_undo`)
    assert.equal(undone.json.name, 'theirs')
  })

  it('never show passwords', async () => {
    const admins = '/apis/security.otoroshi.io/v1/admins'
    const ada = { username: 'ada', password: 'first', label: 'Ada', rights: everywhere }
    assert.equal((await root('POST', '/api/admins/simple', ada)).status, 200)
    const renewed = await root('PUT', '/api/admins/simple/ada', { ...ada, password: 'second' })
    assert.equal(renewed.status, 200, renewed.text)
    const list = await root('GET', `${admins}/ada/_versions`)
    assert.equal(list.json.length, 2, list.text)
    for (const { version } of list.json) {
      const one = await root('GET', `${admins}/ada/_versions/${version}`)
      assert.doesNotMatch(one.text, /\$2a|first|second/)
    }
    const changed = await root('GET', `${admins}/ada/_versions/${list.json[0].version}`)
    assert.ok(
      changed.json.diff.some((op: Record<string, unknown>) => op['path'] === '/password' && op['hidden']),
    )
    const undone = await root('POST', `/api/history/${list.json[0].version}/_undo`)
    assert.equal(undone.status, 200, undone.text)
    const definition = definitions.find(({ kind }) => kind === 'SimpleAdminUser')!
    assert.match(server.control.get(definition, 'ada')!.json, /\$2a\$10\$first/)
  })

  it('are not kept of sessions: one that was ended does not come back', async () => {
    const definition = definitions.find(({ kind }) => kind === 'AuthModuleUser')!
    const session = { ...(definition.template('s') as object), randomId: 's' }
    await server.control.change({
      definition,
      id: 's',
      transition: () => ({ action: 'write', entity: session }),
    })
    assert.equal((await root('DELETE', '/api/apps-sessions/s')).status, 200)
    const { json } = await root('GET', '/api/history?kind=AuthModuleUser')
    assert.deepEqual(json, [])
  })
})

describe('the last changes', () => {
  it('of the instance are listed, filtered and paged', async () => {
    await root('POST', routes, aRoute('l1'))
    const backend = await root('POST', '/apis/proxy.otoroshi.io/v1/backends', {
      id: 'lb',
      name: 'lb',
      backend: {},
    })
    assert.equal(backend.status, 201, backend.text)
    await root('DELETE', `${routes}/l1`)
    const ids = async (query: string): Promise<string[]> =>
      (await root('GET', `/api/history?${query}`)).json.map(({ id }: Change) => id)
    assert.deepEqual((await ids('')).slice(0, 3), ['l1', 'lb', 'l1'])
    assert.deepEqual(await ids('kind=backends'), ['lb'])
    assert.deepEqual(await ids('id=l1&action=delete'), ['l1'])
    assert.deepEqual(await ids('actor=nobody'), [])
    assert.ok((await ids('actor=ada@acme.test')).length > 3)
    assert.ok((await ids('client_id=gate&user=Ada')).length > 3)
    assert.deepEqual(await ids(`since=${Date.now() + 1000}`), [])
    assert.deepEqual(await ids('until=2020-01-01T00:00:00Z'), [])
    assert.equal((await root('GET', '/api/history?since=soon')).status, 400)
    const page = await root('GET', '/api/history?pageSize=2')
    const next = page.headers.get('x-next-before')
    assert.deepEqual((await ids(`pageSize=1&before=${next}`))[0], 'l1')
  })

  it('can be undone: an update, a creation, a deletion, an undo', async () => {
    await root('POST', routes, aRoute('u'))
    const then = (await root('GET', `${routes}/u`)).json
    await root('PATCH', `${routes}/u`, { name: 'two' })
    const undo = async (query = ''): Promise<Answer> =>
      root('POST', `/api/history/${(await versionsOf('u'))[0]!.version}/_undo${query}`)
    assert.deepEqual((await undo()).json, then)
    assert.equal((await undo()).json.name, 'two')
    assert.deepEqual((await undo()).json, then)
    await root('DELETE', `${routes}/u`)
    const created = await undo()
    assert.deepEqual([created.status, created.json], [201, then])
    const latest = (await root('GET', `${routes}/u/_versions`)).json[0]
    assert.equal(latest.undid, (await versionsOf('u'))[1]!.version)
    await undo('?dry_run=true')
    assert.equal((await root('GET', `${routes}/u`)).status, 200)
    await undo()
    assert.equal((await root('GET', `${routes}/u`)).status, 404)
  })

  it('are not undone when the entity has changed since, unless forced', async () => {
    await root('POST', routes, aRoute('c'))
    await root('PATCH', `${routes}/c`, { name: 'two' })
    await root('PATCH', `${routes}/c`, { description: 'three' })
    const [third, second, first] = await versionsOf('c')
    const refused = await root('POST', `/api/history/${second!.version}/_undo`)
    assert.deepEqual([refused.status, refused.json.reason], [409, 'admin.changed_since'])
    assert.equal(refused.json.latest, third!.version)
    assert.match(refused.json.error_description, new RegExp(`version ${third!.version}`))
    const forced = await root('POST', `/api/history/${second!.version}/_undo?force=true`)
    assert.deepEqual([forced.status, forced.json.name, forced.json.description], [200, 'route c', ''])
    await root('DELETE', `${routes}/c`)
    assert.equal((await root('POST', `/api/history/${first!.version}/_undo`)).status, 409)
    const gone = await root('POST', `/api/history/${first!.version}/_undo?force=true`)
    assert.deepEqual([gone.status, gone.json], [200, { changed: false }])
    assert.equal((await root('POST', '/api/history/12/_undo')).status, 404)
    assert.equal((await root('GET', `/api/history/${first!.version}/_undo`)).status, 405)
  })
})

describe('rights', () => {
  it('to a version are those to the entity, on both sides of the change and now', async () => {
    await root('POST', routes, aRoute('r'))
    await root('PATCH', `${routes}/r`, { name: 'seen' })
    assert.equal((await versionsOf('r', ofOne)).length, 2)
    assert.equal((await versionsOf('r', readerOfOne)).length, 2)
    const foreign = await as(ofTwo, 'GET', `${routes}/r/_versions`)
    assert.equal(foreign.status, 404)
    const [latest] = await versionsOf('r')
    assert.equal((await as(ofTwo, 'GET', `${routes}/r/_versions/${latest!.version}`)).status, 404)
    assert.equal((await as(ofTwo, 'GET', `/api/history/${latest!.version}`)).status, 404)
    assert.deepEqual((await as(ofTwo, 'GET', '/api/history?id=r')).json, [])
    assert.equal((await as(ofOne, 'GET', '/api/history?id=r')).json.length, 2)
    assert.deepEqual((await as(ofOne, 'GET', '/api/history?kind=GlobalConfig')).json, [])
    // It goes to the other team: what was before stays with those who may read both.
    await root('PATCH', `${routes}/r`, { _loc: { tenant: 'acme', teams: ['two'] } })
    await root('PATCH', `${routes}/r`, { name: 'theirs' })
    assert.equal((await as(ofOne, 'GET', `${routes}/r/_versions`)).status, 404)
    assert.equal((await versionsOf('r', ofTwo)).length, 1)
    const moved = (await versionsOf('r'))[1]!.version
    for (const rights of [ofOne, ofTwo]) {
      assert.equal((await as(rights, 'GET', `/api/history/${moved}`)).status, 404)
      assert.equal((await as(rights, 'POST', `/api/history/${moved}/_undo?force=true`)).status, 404)
    }
  })

  it('to bring something back are those to write it', async () => {
    await root('POST', routes, aRoute('w'))
    await root('PATCH', `${routes}/w`, { name: 'two' })
    const [latest, first] = await versionsOf('w')
    for (const path of [
      `/api/history/${latest!.version}/_undo`,
      `${routes}/w/_versions/${first!.version}/_restore`,
    ]) {
      assert.equal((await as(readerOfOne, 'POST', path)).status, 401, path)
      assert.equal((await as(ofTwo, 'POST', path)).status, 404, path)
    }
    assert.equal((await as(ofOne, 'POST', `/api/history/${latest!.version}/_undo`)).status, 200)
    assert.equal((await versionsOf('w')).length, 3)
  })

  it('cannot be gained by bringing back what was more', async () => {
    const keys = '/apis/apim.otoroshi.io/v1/apikeys'
    const strong = {
      clientId: 'k',
      clientSecret: 's',
      clientName: 'k',
      _loc: { tenant: 'acme', teams: ['one'] },
      authorizations: [{ kind: 'group', id: 'admin-api-group' }],
    }
    assert.equal((await root('POST', keys, strong)).status, 201)
    await root('PATCH', `${keys}/k`, [{ op: 'replace', path: '/authorizations', value: [] }])
    const [latest] = (await root('GET', `${keys}/k/_versions`)).json
    const undone = await as(ofOne, 'POST', `/api/history/${latest.version}/_undo`)
    assert.equal(undone.status, 401, undone.text)
    assert.equal((await root('GET', `${keys}/k/_versions`)).json.length, 2)
  })

  it('of administrators: nobody sees or brings back one that may do more than himself', async () => {
    const admins = '/apis/security.otoroshi.io/v1/admins'
    const bob = {
      username: 'bob',
      password: 'ofbob',
      label: 'Bob',
      _loc: { tenant: 'acme', teams: ['one'] },
    }
    assert.equal((await root('POST', '/api/admins/simple', bob)).status, 200)
    const less = { ...bob, rights: [{ tenant: 'acme', teams: ['*'] }] }
    const lowered = await root('PUT', '/api/admins/simple/bob', less)
    assert.equal(lowered.status, 200, lowered.text)
    const renamed = await root('PUT', '/api/admins/simple/bob', { ...less, label: 'Robert' })
    assert.equal(renamed.status, 200, renamed.text)
    const ofAcme = [{ tenant: 'acme', teams: ['*'] }]
    const all: Change[] = (await root('GET', `${admins}/bob/_versions`)).json
    const seen: Change[] = (await as(ofAcme, 'GET', `${admins}/bob/_versions`)).json
    assert.deepEqual([all.length, seen.length, seen[0]!.version], [3, 1, all[0]!.version])
    const [, lowering, creation] = all
    for (const path of [
      `/api/history/${lowering!.version}/_undo?force=true`,
      `${admins}/bob/_versions/${creation!.version}/_restore`,
    ])
      assert.equal((await as(ofAcme, 'POST', path)).status, 404, path)
    assert.equal((await as(ofAcme, 'POST', `/api/history/${all[0]!.version}/_undo`)).status, 200)
  })

  it('are checked when the API is read only', async () => {
    const [latest] = await versionsOf('w')
    await root('PATCH', '/api/globalconfig', { apiReadOnly: true })
    assert.equal((await root('POST', `/api/history/${latest!.version}/_undo`)).status, 401)
    assert.equal((await root('GET', '/api/history')).status, 200)
  })
})
