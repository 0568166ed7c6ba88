/** Validators of entities: what whoever acts for a user may write, whatever way he writes it, and that he stays under them. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, beforeEach, describe, it } from 'node:test'
import { aRoute } from '../control/testing/entities.ts'
import { apikey } from '../model/kinds/apikey.ts'
import { type Answer, TestServer } from './testing/server.ts'

const SECRET = 'secret of the key'
const ALL = [{ tenant: '*', teams: ['*'] }]
const ROUTES = '/apis/proxy.otoroshi.io/v1/routes'
const ADMINS = '/apis/security.otoroshi.io/v1/admins'
const MODULES = '/apis/security.otoroshi.io/v1/auth-modules'
const acme = { path: '$.frontend.domains', value: 'JsonContains(acme)', error: 'domains of acme only' }
const forAcme = { route: [acme] }

let server: TestServer
before(async () => {
  server = await TestServer.start({
    callerHeader: 'X-Caller',
    adminRoute: { routeId: 'admin-api-service', groupId: 'admin-api-group' },
    entityValidators: { backend: [{ path: '$.name', value: 'Not(forbidden)' }] },
  })
  await key('gate', {})
  await key('limited', { 'otoroshi-access-rights': JSON.stringify(ALL) })
})
after(async () => {
  assert.deepEqual(server.failures, [])
  await server.stop()
})
beforeEach(async () => {
  for (const path of [ROUTES, ADMINS, MODULES]) await call('DELETE', path)
})

async function key(clientId: string, metadata: Record<string, string>): Promise<void> {
  const entity = { clientId, clientSecret: SECRET, clientName: clientId, metadata }
  await server.control.change({
    definition: apikey,
    id: clientId,
    transition: () => ({ action: 'write', entity }),
  })
}

/** A call of the key itself. */
const call = (method: string, path: string, body?: unknown, caller = 'gate') =>
  server.call(method, path, body, { 'X-Caller': caller })

/** A call for a user, whose token is signed with the secret of the key. */
function as(
  user: Record<string, unknown>,
  method: string,
  path: string,
  body?: unknown,
  type?: string,
): Promise<Answer> {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claim = JSON.stringify({ name: 'Ada', email: 'ada@acme.test', rights: ALL, ...user })
  const signed = `${part({ alg: 'HS512', typ: 'JWT' })}.${part({ user: claim })}`
  const token = `${signed}.${createHmac('sha512', SECRET).update(signed).digest('base64url')}`
  return server.call(method, path, body, {
    'X-Caller': 'gate',
    'Otoroshi-BackOffice-User': token,
    ...(type !== undefined && { 'Content-Type': type }),
  })
}

const under = (adminEntityValidators: unknown) => ({ adminEntityValidators })
const route = (id: string, domain: string) => aRoute(id, { frontend: { domains: [domain] } })
const admin = (username: string, more = {}) => ({ username, password: 'p', label: username, ...more })

function refused({ status, json, text }: Answer, sentence: RegExp): void {
  assert.deepEqual(
    [status, json?.error, json?.reason],
    [400, 'bad_request', 'admin.refused_by_validator'],
    text,
  )
  assert.ok(Array.isArray(json.error_description), text)
  assert.match(json.error_description.join('\n'), sentence)
}

describe('a write under validators', () => {
  const bound = under(forAcme)

  it('is refused with the reason, by every way to write, and nothing is written', async () => {
    await call('POST', ROUTES, route('r', 'a.acme.test'))
    const bad = route('bad', 'evil.test')
    for (const path of [ROUTES, `${ROUTES}/bad`, '/api/routes', `${ROUTES}?dry_run=true`])
      refused(await as(bound, 'POST', path, bad), /^domains of acme only$/)
    for (const path of [`${ROUTES}/r`, '/api/routes/r']) {
      refused(await as(bound, 'PUT', path, { ...bad, id: 'r' }), /acme only/)
      refused(await as(bound, 'PATCH', path, { frontend: { domains: ['evil.test'] } }), /acme only/)
      const operations = [{ op: 'replace', path: '/frontend/domains/0', value: 'evil.test' }]
      refused(await as(bound, 'PATCH', path, operations), /acme only/)
    }
    const form = 'frontend.domains=["evil.test"]'
    refused(await as(bound, 'POST', `${ROUTES}/r`, form, 'application/x-www-form-urlencoded'), /acme only/)
    const lines = [route('ok', 'b.acme.test'), bad].map(line => JSON.stringify(line)).join('\n')
    const bulk = await as(bound, 'POST', `${ROUTES}/_bulk`, lines, 'application/x-ndjson')
    const results = bulk.text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    assert.deepEqual(
      results.map(({ status, reason }) => [status, reason]),
      [
        [201, undefined],
        [400, 'admin.refused_by_validator'],
      ],
    )
    assert.equal((await call('GET', `${ROUTES}/bad`)).status, 404)
    assert.deepEqual((await call('GET', `${ROUTES}/r`)).json.frontend.domains, ['a.acme.test'])
  })

  it('passes when they hold, and reading and deleting are not asked', async () => {
    await call('POST', ROUTES, route('r', 'evil.test'))
    assert.equal((await as(bound, 'GET', `${ROUTES}/r`)).status, 200)
    refused(await as(bound, 'PATCH', `${ROUTES}/r`, { name: 'n' }), /acme only/)
    const domains = { frontend: { domains: ['x.acme.test'] } }
    assert.equal((await as(bound, 'PATCH', `${ROUTES}/r`, domains)).status, 200)
    assert.equal((await as(bound, 'DELETE', `${ROUTES}/r`)).status, 200)
  })

  it('sees the entity as it is stored, with what was left out', async () => {
    const rule = under({ all: [{ path: '$.enabled', value: true, error: 'enabled' }] })
    const { enabled: _, ...silent } = route('r', 'a.test') as Record<string, unknown>
    assert.equal((await as(rule, 'POST', ROUTES, silent)).status, 201)
    refused(await as(rule, 'PATCH', `${ROUTES}/r`, { enabled: false }), /^enabled$/)
  })

  it('that brings back a version is judged as well', async () => {
    await call('POST', ROUTES, route('r', 'evil.test'))
    await call('PATCH', `${ROUTES}/r`, { frontend: { domains: ['a.acme.test'] } })
    const [latest, first] = (await call('GET', `${ROUTES}/r/_versions`)).json
    refused(await as(bound, 'POST', `${ROUTES}/r/_versions/${first.version}/_restore`), /acme only/)
    refused(await as(bound, 'POST', `/api/history/${latest.version}/_undo`), /acme only/)
  })

  it('of an import holds of everything it changes', async () => {
    await call('POST', ROUTES, route('old', 'evil.test'))
    const all = (await call('GET', '/api/otoroshi.json')).json
    assert.equal((await as(bound, 'POST', '/api/otoroshi.json?dry_run=true', all)).json.would, 'nothing')
    const more = { ...all, routes: [...all.routes, route('new', 'evil.test')] }
    refused(await as(bound, 'POST', '/api/otoroshi.json', more), /acme only/)
    assert.equal((await call('GET', `${ROUTES}/new`)).status, 404)
    const fine = { ...all, routes: [...all.routes, route('new', 'a.acme.test')] }
    assert.equal((await as(bound, 'POST', '/api/otoroshi.json', fine)).status, 200)
  })

  it('never shows a validator a password', async () => {
    const rule = under({ admins: [{ path: '$.password', value: 'NotDefined()' }] })
    assert.equal((await as(rule, 'POST', ADMINS, admin('b', under(rule.adminEntityValidators)))).status, 201)
  })
})

describe('validators', () => {
  it('go by the name of a kind in any of its forms, or by all', async () => {
    const never = [{ path: '$.id', value: 'NotDefined()', error: 'never' }]
    for (const name of ['route', 'Route', 'ROUTES', 'all'])
      refused(await as(under({ [name]: never }), 'POST', ROUTES, route('r', 'a.test')), /^never$/)
    assert.equal((await as(under({ backend: never }), 'POST', ROUTES, route('r', 'a.test'))).status, 201)
    const admins = [{ path: '$.label', value: 'x' }]
    for (const name of ['admins', 'simple-admin-user', 'SimpleAdminUser'])
      refused(
        await as(
          under({ [name]: admins }),
          'POST',
          '/api/admins/simple',
          admin('c', under({ [name]: admins })),
        ),
        /\$\.label/,
      )
    // Organizations are tenants.
    const organization = { id: 'o', name: 'o' }
    for (const path of ['/api/tenants', '/apis/organize.otoroshi.io/v1/organizations'])
      refused(await as(under({ tenant: never }), 'POST', path, organization), /^never$/)
  })

  it('that cannot be read, or are of another kind, hold of nothing', async () => {
    for (const map of [
      'all',
      [],
      { route: {} },
      { route: [null] },
      { route: [{ path: '$[', value: 1 }] },
      { route: [{ kind: 'wasm-plugin-validator', ref: 'w' }] },
      { all: [{ kind: 'opa-plugin-validator', ref: 'o' }] },
    ])
      refused(await as(under(map), 'POST', ROUTES, route('r', 'a.test')), /cannot be read/)
    for (const map of [undefined, null, {}, { route: [] }])
      assert.equal((await as(under(map), 'POST', `${ROUTES}/r`, route('r', 'a.test'))).status < 300, true)
  })

  it('of the settings hold for every user and limited key, not for a key that is neither', async () => {
    const backend = { id: 'b', name: 'forbidden', backend: { targets: [] } }
    const path = '/apis/proxy.otoroshi.io/v1/backends'
    refused(await as({}, 'POST', path, backend), /validation failed at \$\.name/)
    refused(await call('POST', path, backend, 'limited'), /validation failed at \$\.name/)
    assert.equal((await call('POST', path, backend)).status, 201)
  })

  it('stored for the user count though his token has none', async () => {
    await call('POST', ADMINS, admin('ada@acme.test', under(forAcme)))
    refused(await as({}, 'POST', ROUTES, route('r', 'evil.test')), /acme only/)
    assert.equal((await as({ email: 'bob@acme.test' }, 'POST', ROUTES, route('r', 'evil.test'))).status, 201)
  })

  it('of an auth module count for who came through it', async () => {
    const ldap = {
      ...(await call('GET', '/api/auths/_template?mod-type=ldap')).json,
      ...{ type: 'basic', id: 'm', name: 'm', users: [{ email: 'eve@acme.test', ...under(forAcme) }] },
    }
    assert.equal((await call('POST', MODULES, ldap)).status, 201)
    const oauth = (await call('GET', '/api/auths/_template?type=oauth2')).json
    const override = { adminEntityValidatorsOverride: { 'ada@acme.test': forAcme } }
    assert.equal(
      (await call('POST', MODULES, { ...oauth, id: 'o', type: 'oauth2', ...override })).status,
      201,
    )
    for (const user of [
      { email: 'eve@acme.test', authConfigId: 'm' },
      { email: 'ada@acme.test', authConfigId: 'o' },
    ])
      refused(await as(user, 'POST', ROUTES, route('r', 'evil.test')), /acme only/)
    assert.equal((await as({ authConfigId: 'm' }, 'POST', ROUTES, route('r', 'evil.test'))).status, 201)
  })

  it('are checked where they are given', async () => {
    const bad = under({ route: [{ path: '$[', value: 1 }] })
    const answer = await call('POST', ADMINS, admin('a', bad))
    assert.deepEqual([answer.status, answer.json.reason], [400, 'admin.invalid_entity'])
    assert.match(answer.text, /adminEntityValidators\.route\.0: /)
    for (const map of [{ route: {} }, { route: [{ kind: 'what', path: '$', value: 1 }] }])
      assert.equal((await call('POST', ADMINS, admin('a', under(map)))).status, 400)
    const later = { route: [{ kind: 'wasm-plugin-validator', ref: 'w' }] }
    assert.equal((await call('POST', ADMINS, admin('a', under(later)))).status, 201)
    const module = { id: 'm', name: 'm', type: 'basic', users: [{ email: 'e', ...bad }] }
    assert.match((await call('POST', MODULES, module)).text, /users\.0\.adminEntityValidators\.route\.0/)
  })
})

describe('whoever is under validators of his own stays under them', () => {
  const bound = under(forAcme)

  it('makes administrators that have them too', async () => {
    for (const path of [ADMINS, '/api/admins/simple']) {
      refused(await as(bound, 'POST', path, admin('b')), /gets the validators/)
      refused(await as(bound, 'POST', path, admin('b', under({ route: [] }))), /gets the validators/)
    }
    const more = under({ route: [...forAcme.route, { path: '$.id', value: 'IsDefined()' }], all: [] })
    assert.equal((await as(bound, 'POST', ADMINS, admin('b', more))).status, 201)
  })

  it('neither takes them off himself nor removes what holds them', async () => {
    await call('POST', ADMINS, admin('ada@acme.test', bound))
    const own = '/api/admins/simple/ada@acme.test'
    const user = (await call('GET', own)).json
    refused(await as({}, 'PUT', own, { ...user, adminEntityValidators: {} }), /gets the validators/)
    refused(await as({}, 'DELETE', own), /does not remove/)
    refused(await as({}, 'DELETE', `${ADMINS}/ada@acme.test`), /does not remove/)
    assert.equal((await as({}, 'DELETE', ADMINS)).status, 204)
    assert.equal((await call('GET', own)).status, 200)
    const all = (await call('GET', '/api/otoroshi.json')).json
    refused(await as({}, 'POST', '/api/otoroshi.json', { ...all, simpleAdmins: [] }), /does not remove/)
    assert.equal((await as({}, 'PUT', own, { ...user, label: 'New' })).status, 200)
  })

  it('writes no key of the admin API, nor its route, nor the auth module he came through', async () => {
    const given = {
      clientId: 'mine',
      clientSecret: 's',
      clientName: 'mine',
      authorizedEntities: ['group_admin-api-group'],
    }
    refused(await as(bound, 'POST', '/api/apikeys', given), /no key of the admin API/)
    const other = { ...given, authorizedEntities: ['route_r'] }
    assert.equal((await as(bound, 'POST', '/api/apikeys', other)).status, 201)
    refused(await as(bound, 'POST', ROUTES, route('admin-api-service', 'a.acme.test')), /route of the admin/)
    const module = { id: 'm', name: 'm', type: 'basic', users: [] }
    await call('POST', MODULES, module)
    const came = { ...bound, authConfigId: 'm' }
    refused(await as(came, 'PUT', `/api/auths/m`, { ...module, name: 'n' }), /auth module he came through/)
    refused(await as(came, 'DELETE', `/api/auths/m`), /does not remove/)
    assert.equal((await as(bound, 'PUT', `/api/auths/m`, { ...module, name: 'n' })).status, 200)
  })
})
