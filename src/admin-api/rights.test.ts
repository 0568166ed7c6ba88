/** Rights over HTTP: role × kind × owner × operation, against a table written by hand; ways to gain rights. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createHmac } from 'node:crypto'
import type { EntityDefinition } from '../model/entity.ts'
import { apikey } from '../model/kinds/apikey.ts'
import { authModuleUser } from '../model/kinds/auth-module-user.ts'
import { definitions, findByName } from '../model/registry.ts'
import { type Answer, TestServer } from './testing/server.ts'

const owners = {
  one: { tenant: 'acme', teams: ['one'] },
  two: { tenant: 'acme', teams: ['two'] },
  both: { tenant: 'acme', teams: ['one', 'two'] },
  whole: { tenant: 'acme', teams: ['*'] },
  foreign: { tenant: 'other', teams: ['one'] },
  shared: { tenant: '*', teams: ['*'] },
  default: { tenant: 'default', teams: ['default'] },
} as const
type OwnerName = keyof typeof owners
const everything = Object.keys(owners) as OwnerName[]
const acme: OwnerName[] = ['one', 'two', 'both', 'whole']

interface Role {
  readonly rights: unknown
  readonly reads: readonly OwnerName[]
  readonly writes: readonly OwnerName[]
}

/** All call with `Otoroshi-Tenant: acme`. */
const roles: Readonly<Record<string, Role>> = {
  super: { rights: [{ tenant: '*', teams: ['*'] }], reads: everything, writes: everything },
  'admin of acme': { rights: [{ tenant: 'acme:rw', teams: ['*:rw'] }], reads: acme, writes: acme },
  'member of one': {
    rights: [{ tenant: 'acme', teams: ['one'] }],
    reads: ['one', 'both'],
    writes: ['one', 'both'],
  },
  'reader of one': { rights: [{ tenant: 'acme', teams: ['one:r'] }], reads: ['one', 'both'], writes: [] },
  'reader of acme': { rights: [{ tenant: 'acme:r', teams: ['*:rw'] }], reads: acme, writes: [] },
  'all of acme but two': {
    rights: [{ tenant: 'acme', teams: ['*', 'two:not'] }],
    reads: ['one', 'both', 'whole'],
    writes: ['one', 'both', 'whole'],
  },
  'reader of all': { rights: [{ tenant: '*:r', teams: ['*:r'] }], reads: [...acme, 'shared'], writes: [] },
  'admin of other': { rights: [{ tenant: 'other', teams: ['*'] }], reads: [], writes: [] },
}

const SECRET = 'secret of the key'
let server: TestServer
const kinds = definitions.filter(
  d => d.access.create && d.access.update && d.aliasOf === undefined && hasOwner(d) && d.kind !== 'Apikey',
)

function hasOwner(definition: EntityDefinition): boolean {
  const template = definition.template('x') as Record<string, unknown>
  return '_loc' in template || 'location' in template
}

/** A call as the user with these rights, signed with the secret of the key. */
function as(rights: unknown, method: string, path: string, body?: unknown, type?: string): Promise<Answer> {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const user = JSON.stringify({ name: 'Ada', email: 'ada@acme.test', rights })
  const signed = `${part({ alg: 'HS512', typ: 'JWT' })}.${part({ user })}`
  const token = `${signed}.${createHmac('sha512', SECRET).update(signed).digest('base64url')}`
  return server.call(method, path, body, {
    'X-Caller': 'gate',
    'Otoroshi-Tenant': 'acme',
    'Otoroshi-BackOffice-User': token,
    ...(type !== undefined && { 'Content-Type': type }),
  })
}

const root = (d: EntityDefinition): string => `/apis/${d.group}/${d.version}/${d.plural}`

function entity(definition: EntityDefinition, id: string, owner: OwnerName): Record<string, unknown> {
  const template = structuredClone(definition.template(id)) as Record<string, unknown>
  const location = owners[owner]
  return { ...template, [definition.idField]: id, ['location' in template ? 'location' : '_loc']: location }
}

before(async () => {
  const adminRoute = { routeId: 'admin-api-service', groupId: 'admin-api-group' }
  server = await TestServer.start({ callerHeader: 'X-Caller', adminRoute })
  const gate = { clientId: 'gate', clientSecret: SECRET, clientName: 'gate' }
  await server.control.change({
    definition: apikey,
    id: 'gate',
    transition: () => ({ action: 'write', entity: gate }),
  })
  const everywhere = roles['super']!.rights
  for (const definition of kinds)
    for (const owner of everything) {
      const made = await as(everywhere, 'POST', root(definition), entity(definition, `k-${owner}`, owner))
      assert.equal(made.status, 201, `${definition.kind}: ${made.text}`)
    }
})
after(() => server.stop())

describe('rights', () => {
  let cells = 0
  for (const [name, { rights, reads, writes }] of Object.entries(roles))
    it(`of ${name} hold for every kind, owner and operation`, async () => {
      for (const definition of kinds) {
        const path = root(definition)
        const allowed = (owner: OwnerName): boolean => writes.includes(owner)
        const list = await as(rights, 'GET', path)
        const seen = (list.json as Record<string, unknown>[]).map(e => String(e[definition.idField]))
        const expected = reads.map(owner => `k-${owner}`).sort()
        assert.deepEqual(seen.filter(id => id.startsWith('k-')).sort(), expected, `${definition.kind} list`)
        const count = await as(rights, 'GET', `${path}/_count`)
        assert.equal(count.json.count, seen.length, `${definition.kind} count`)
        for (const owner of everything) {
          const what = `${definition.kind} of ${owner}`
          const id = `k-${owner}`
          const one = await as(rights, 'GET', `${path}/${id}`)
          assert.equal(one.status, reads.includes(owner) ? 200 : 401, `${what} get`)
          if (!reads.includes(owner)) assert.doesNotMatch(one.text, new RegExp(`"${id}"`), `${what} leaks`)
          const status = await as(rights, 'GET', `${path}/${id}/_status`)
          assert.equal(status.status, reads.includes(owner) ? 200 : 404, `${what} status`)
          const patch = [{ op: 'add', path: '/touched', value: true }]
          const patched = await as(rights, 'PATCH', `${path}/${id}`, patch)
          assert.equal(patched.status, allowed(owner) ? 200 : 401, `${what} patch: ${patched.text}`)
          const created = await as(rights, 'POST', path, entity(definition, `n-${owner}`, owner))
          assert.equal(created.status, allowed(owner) ? 201 : 401, `${what} create: ${created.text}`)
          const put = await as(rights, 'PUT', `${path}/${id}`, entity(definition, id, owner))
          assert.equal(put.status, allowed(owner) ? 200 : 401, `${what} put`)
          const bulk = await as(
            rights,
            'DELETE',
            `${path}/_bulk`,
            `{"${definition.idField}":"n-${owner}"}\n`,
            'application/x-ndjson',
          )
          assert.equal(
            bulk.text.includes('"deleted":true'),
            allowed(owner),
            `${what} bulk delete: ${bulk.text}`,
          )
          const removed = await as(rights, 'DELETE', `${path}/n-${owner}`)
          assert.notEqual(removed.status, 200, `${what} delete twice`)
          cells += 8
        }
      }
    })

  it('cover many cells', t => {
    t.diagnostic(
      `${cells} cells: ${Object.keys(roles).length} roles, ${kinds.length} kinds, ${everything.length} owners`,
    )
    assert.ok(cells > 5000, `${cells} cells`)
  })
})

describe('sessions of users', () => {
  it('are seen and ended by administrators of the organization, whatever teams somebody reads', async () => {
    await server.control.change({
      definition: authModuleUser,
      id: 'session',
      transition: () => ({
        action: 'write',
        entity: {
          ...(authModuleUser.template('session') as object),
          _loc: owners.one,
          expiredAt: Date.now() + 600_000,
          token: { access_token: 'of the provider' },
        },
      }),
    })
    const path = '/api/apps-sessions'
    for (const [name, { rights }] of Object.entries(roles)) {
      const administers = name === 'super' || name === 'admin of acme'
      const list = await as(rights, 'GET', path)
      assert.equal(list.text.includes('of the provider'), administers, `${name}: ${list.text}`)
      const one = await as(rights, 'GET', `${root(authModuleUser as EntityDefinition)}/session`)
      assert.equal(one.status, administers ? 200 : 401, name)
      if (administers) continue
      const ended = await as(rights, 'DELETE', `${path}/session`)
      assert.equal(ended.status, 404, name)
    }
    assert.equal((await as(roles['admin of acme']!.rights, 'DELETE', `${path}/session`)).status, 200)
  })
})

describe('nobody gains rights', () => {
  const route = findByName('Route')!
  const { rights: member } = roles['member of one']!
  const { rights: admin } = roles['admin of acme']!

  it('by moving an entity to where he may not write, or taking one from there', async () => {
    const moved = await as(member, 'PUT', `${root(route)}/k-one`, entity(route, 'k-one', 'foreign'))
    assert.equal(moved.status, 401)
    const taken = await as(member, 'PUT', `${root(route)}/k-foreign`, entity(route, 'k-foreign', 'one'))
    assert.equal(taken.status, 401)
    const patch = [{ op: 'replace', path: '/_loc/tenant', value: 'other' }]
    assert.equal((await as(member, 'PATCH', `${root(route)}/k-one`, patch)).status, 401)
  })

  it('by writing an owner in two places', async () => {
    const both = { ...entity(route, 'k-two-places', 'one'), _loc: null, location: owners.one }
    assert.equal((await as(member, 'POST', root(route), both)).status, 401)
  })

  it('by making a key of the admin API', async () => {
    const key = (id: string, more: object) => ({
      clientId: id,
      clientSecret: 's',
      clientName: id,
      _loc: owners.one,
      ...more,
    })
    const make = (id: string, more: object) => as(member, 'POST', root(apikey), key(id, more))
    assert.equal((await make('a', { authorizedEntities: ['group_admin-api-group'] })).status, 401)
    assert.equal((await make('b', { authorizedEntities: ['route_admin-api-service'] })).status, 401)
    assert.equal((await make('c', { authorizedGroup: 'admin-api-group' })).status, 401)
    const limits = (rights: unknown) => ({ 'otoroshi-access-rights': JSON.stringify(rights) })
    const grant = { authorizedEntities: ['group_admin-api-group'] }
    assert.equal((await make('d', { ...grant, metadata: limits(roles['super']!.rights) })).status, 401)
    assert.equal((await make('e', { ...grant, metadata: limits(member) })).status, 201)
    assert.equal((await make('f', { authorizedEntities: ['route_k-one'] })).status, 201)
    const unlimited = [{ op: 'remove', path: '/metadata/otoroshi-access-rights' }]
    assert.equal((await as(member, 'PATCH', `${root(apikey)}/e`, unlimited)).status, 401)
    const grown = [{ op: 'add', path: '/authorizedEntities/-', value: 'group_admin-api-group' }]
    assert.equal((await as(member, 'PATCH', `${root(apikey)}/f`, grown)).status, 401)
  })

  it('by changing the route of the admin API', async () => {
    const guarded = { ...entity(route, 'admin-api-service', 'one'), plugins: [] }
    assert.equal((await as(member, 'POST', root(route), guarded)).status, 401)
  })

  it('through what belongs to the whole instance', async () => {
    for (const [method, path, body] of [
      ['GET', '/api/globalconfig'],
      ['PUT', '/api/globalconfig', {}],
      ['GET', '/apis/proxy.otoroshi.io/v1/global-configs/global'],
      ['GET', '/api/status'],
      ['GET', '/api/flows'],
      ['GET', '/api/events/_ledger'],
      ['POST', '/api/explain', { method: 'GET', url: 'http://a.test/' }],
      ['POST', '/apis/organize.otoroshi.io/v1/organizations', { id: 'mine', name: 'mine' }],
      ['DELETE', '/apis/organize.otoroshi.io/v1/organizations/default'],
    ] as const) {
      const { status } = await as(admin, method, path, body)
      assert.ok([401, 403, 404].includes(status), `${method} ${path}: ${status}`)
    }
  })

  it('as administrator: one organization makes its own, with no more than itself', async () => {
    const admins = '/apis/security.otoroshi.io/v1/admins'
    const user = (username: string, rights: unknown, tenant = 'acme') => ({
      _loc: { tenant, teams: ['default'] },
      username,
      password: 'secret',
      label: username,
      rights,
    })
    assert.equal((await as(admin, 'POST', admins, user('x', roles['super']!.rights))).status, 401)
    assert.equal((await as(member, 'POST', admins, user('y', member))).status, 401)
    assert.equal((await as(admin, 'POST', admins, user('z', member, 'other'))).status, 401)
    assert.equal((await as(admin, 'POST', admins, user('w', member))).status, 201)
  })

  it('with a token that is not signed with HS512 and a secret of the key', async () => {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const user = JSON.stringify({ name: 'Eve', rights: roles['super']!.rights })
    const token = (alg: string, secret: string | null, more: object = {}): string => {
      const signed = `${part({ alg })}.${part({ user, ...more })}`
      const hash = `sha${alg.slice(2)}`
      return `${signed}.${secret === null ? '' : createHmac(hash, secret).update(signed).digest('base64url')}`
    }
    const call = (jwt: string) =>
      server.call('GET', '/api/routes', undefined, {
        'X-Caller': 'gate',
        'Otoroshi-BackOffice-User': jwt,
      })
    assert.equal((await call(token('HS512', SECRET))).status, 200)
    for (const bad of [
      token('HS512', 'other'),
      token('HS256', SECRET),
      token('none', null),
      token('HS512', SECRET, { exp: 1 }),
      'nonsense',
      '',
    ])
      assert.equal((await call(bad)).status, 403, bad)
  })
})
