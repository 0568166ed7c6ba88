/** Imports in the history over HTTP: what they changed, and how they are taken back. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { apikey } from '../model/kinds/apikey.ts'
import { route } from '../model/kinds/route.ts'
import { type Answer, TestServer } from './testing/server.ts'

const routes = '/apis/proxy.otoroshi.io/v1/routes'
const keys = '/apis/apim.otoroshi.io/v1/apikeys'
let server: TestServer

const aRoute = (id: string, more = {}): Record<string, unknown> => ({
  id,
  name: id,
  frontend: { domains: [`${id}.oto.tools`] },
  backend: { targets: [{ hostname: 'localhost', port: 1 }] },
  ...more,
})

const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
  server.call(method, path, body, { 'X-Caller': 'gate' })

const limited = (method: string, path: string): Promise<Answer> =>
  server.call(method, path, undefined, { 'X-Caller': 'limited', 'Otoroshi-Tenant': 'acme' })

/** Imports what is there with other routes; answers the number of the import. */
async function imported(list: readonly Record<string, unknown>[], more = {}): Promise<number> {
  const content = (await call('GET', '/api/otoroshi.json')).json
  const admin = content.routes.filter(({ id }: { id: string }) => id === 'admin-api-service')
  const body = { ...content, routes: [...admin, ...list], ...more }
  const done = await call('POST', '/api/otoroshi.json', body)
  assert.equal(done.status, 200, done.text)
  return (await call('GET', '/api/history')).json[0].version
}

const undo = (number: number, query = ''): Promise<Answer> =>
  call('POST', `/api/history/${number}/_undo${query}`)

const idsOf = async (path: string, field = 'id'): Promise<string[]> =>
  (await call('GET', path)).json.map((entity: Record<string, string>) => entity[field]).sort()

before(async () => {
  server = await TestServer.start({
    callerHeader: 'X-Caller',
    adminRoute: { routeId: 'admin-api-service', groupId: 'admin-api-group' },
  })
  const rights = JSON.stringify([{ tenant: 'acme', teams: ['*'] }])
  for (const [id, metadata] of [
    ['gate', {}],
    ['limited', { 'otoroshi-access-rights': rights }],
  ] as const)
    await server.control.change({
      definition: apikey,
      id,
      transition: () => ({
        action: 'write',
        entity: {
          clientId: id,
          clientSecret: `secret of ${id}`,
          clientName: id,
          metadata,
          authorizations: [{ kind: 'group', id: 'admin-api-group' }],
        },
      }),
    })
})
after(() => server.stop())

describe('an import', () => {
  it('is one entry that names what it changed', async () => {
    await imported([aRoute('kept'), aRoute('gone'), aRoute('other')])
    const number = await imported([aRoute('kept'), aRoute('other', { name: 'new name' }), aRoute('new')])
    const [entry] = (await call('GET', '/api/history')).json
    const { action, kind, id, created, updated, removed, client_id } = entry
    assert.deepEqual(
      { action, kind, id, created, updated, removed, client_id },
      { action: 'import', kind: null, id: null, created: 1, updated: 1, removed: 1, client_id: 'gate' },
    )
    const shown = (await call('GET', `/api/history/${number}`)).json
    assert.equal(shown.entities_left_out, 0)
    assert.deepEqual(
      shown.entities.sort((a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)),
      [
        { kind: 'Route', id: 'gone', action: 'delete' },
        { kind: 'Route', id: 'new', action: 'create' },
        { kind: 'Route', id: 'other', action: 'update' },
      ],
    )
    const [version] = (await call('GET', `${routes}/other/_versions`)).json
    assert.deepEqual([version.version, version.action, version.imported], [number, 'update', true])
    const one = (await call('GET', `${routes}/other/_versions/${number}`)).json
    assert.deepEqual([one.before.name, one.after.name], ['other', 'new name'])
    assert.deepEqual((await call('GET', '/api/history?action=import')).json[0], entry)
    assert.ok(
      !(await call('GET', '/api/history?kind=routes')).json.some(
        (c: Answer['json']) => c.action === 'import',
      ),
    )
  })

  it('is taken back in one step, and so is taking it back', async () => {
    await imported([aRoute('a'), aRoute('b')])
    const number = await imported([aRoute('b', { name: 'changed' }), aRoute('c')])
    const revision = server.control.revision
    const tried = await undo(number, '?dry_run=true')
    assert.deepEqual(
      [tried.json.dry_run, tried.json.created, tried.json.updated, tried.json.removed],
      [true, 1, 1, 1],
    )
    assert.equal(server.control.revision, revision)
    const undone = await undo(number)
    assert.equal(undone.status, 200, undone.text)
    assert.equal(server.control.revision, revision + 1, 'one revision')
    assert.deepEqual(await idsOf(routes), ['a', 'b'])
    assert.equal((await call('GET', `${routes}/b`)).json.name, 'b')
    const again = await undo(undone.json.version)
    assert.equal(again.status, 200, again.text)
    assert.deepEqual(await idsOf(routes), ['b', 'c'])
    const nothing = await undo(undone.json.version, '?force=true')
    assert.deepEqual([nothing.json.changed, nothing.json.version], [false, null])
  })

  it('is not taken back over later changes unless forced', async () => {
    await imported([aRoute('a')])
    const number = await imported([aRoute('b')])
    await call('PATCH', `${routes}/b`, { name: 'since' })
    await call('POST', routes, aRoute('unrelated'))
    const refused = await undo(number)
    assert.deepEqual([refused.status, refused.json.reason], [409, 'admin.changed_since'])
    assert.deepEqual([refused.json.changed, refused.json.changed_count], [[{ kind: 'Route', id: 'b' }], 1])
    assert.deepEqual(await idsOf(routes), ['b', 'unrelated'])
    assert.equal((await undo(number, '?force=true')).status, 200)
    assert.deepEqual(await idsOf(routes), ['a', 'unrelated'], 'what the import did not touch stays')
  })

  it('leaves the key of the call as it is when it is taken back', async () => {
    const content = (await call('GET', '/api/otoroshi.json')).json
    const apiKeys = content.apiKeys.map((key: Record<string, unknown>) =>
      key['clientId'] === 'gate' ? { ...key, clientName: 'renamed' } : { ...key, clientName: 'too' },
    )
    const number = await imported([aRoute('a')], { apiKeys })
    const undone = await undo(number)
    assert.equal(undone.status, 200, undone.text)
    assert.deepEqual(undone.json.stays, [{ kind: 'Apikey', id: 'gate' }])
    assert.equal((await call('GET', `${keys}/gate`)).json.clientName, 'renamed')
    assert.equal((await call('GET', `${keys}/limited`)).json.clientName, 'limited')
  })

  it('of which something is no longer kept or valid is not taken back at all', async () => {
    await imported([aRoute('a'), aRoute('b')])
    const number = await imported([])
    const { store } = server.control.stored
    const state = server.control.history!.keys.state('routes:a', number)
    const text = (await store.get(state))!
    await store.commit([{ key: state, value: null }])
    const incomplete = await undo(number)
    assert.deepEqual([incomplete.status, incomplete.json.reason], [404, 'admin.not_found'])
    assert.match(incomplete.json.error_description, /1 versions are no longer kept/)
    await store.commit([
      { key: state, value: `${text.slice(0, text.indexOf('\n'))}\nd\n{"id":"a","frontend":5}` },
    ])
    const invalid = await undo(number)
    assert.deepEqual([invalid.status, invalid.json.reason], [400, 'admin.invalid_entity'])
    assert.deepEqual([invalid.json.invalid[0].id, invalid.json.invalid_count], ['a', 1])
    assert.deepEqual(await idsOf(routes), [])
    assert.equal(server.control.get(route, 'b'), null)
  })

  it('is for super admins', async () => {
    const number = await imported([aRoute('acme', { _loc: { tenant: 'acme', teams: ['one'] } })])
    for (const [method, path] of [
      ['GET', `/api/history/${number}`],
      ['POST', `/api/history/${number}/_undo`],
    ] as const)
      assert.equal((await limited(method, path)).status, 404, path)
    assert.deepEqual((await limited('GET', '/api/history')).json, [])
    const [own] = (await limited('GET', `${routes}/acme/_versions`)).json
    assert.deepEqual([own.version, own.imported], [number, true], 'of his own entity he sees the version')
    assert.equal((await limited('POST', `${routes}/acme/_versions/${number}/_restore`)).status, 200)
  })
})
