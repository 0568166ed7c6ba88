/** Passwords of administrators: kept hashed whatever way they come, shown by nothing. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { definitionOf } from '../model/registry.ts'
import { type Answer, fakeHash, TestServer } from './testing/server.ts'

const GENERIC = '/apis/security.otoroshi.io/v1/admins'
const LEGACY = '/api/admins/simple'
const CLEAR = 'Correct Horse'
const ndjson = { 'Content-Type': 'application/x-ndjson' }

let server: TestServer
const events: unknown[] = []
before(async () => {
  server = await TestServer.start({ audit: { wanted: true, emit: event => events.push(event) } })
})
after(async () => {
  assert.deepEqual(server.failures, [])
  await server.stop()
})
beforeEach(async () => {
  await server.call('DELETE', GENERIC)
  for (const { username } of (await server.call('GET', '/api/admins/webauthn')).json)
    await server.call('DELETE', `/api/admins/webauthn/${username}`)
})

const MODULES = '/apis/security.otoroshi.io/v1/auth-modules'
const user = (email: string, password: string) => ({ name: email, email, password })
const module = (password: string) => ({ id: 'm', name: 'm', type: 'basic', users: [user('u', password)] })

const admin = (username: string, password: unknown = CLEAR) => ({ username, password, label: username })

function stored(username: string, kind = 'SimpleAdminUser'): unknown {
  return server.control.get(definitionOf(kind)!, username)?.view()['password']
}

/** Neither the password nor its hash, nor the name of the field. */
function showsNothing(answer: Answer, what: string): void {
  for (const secret of [CLEAR, '$2b$', 'Other'])
    assert.ok(!answer.text.includes(secret), `${what}: ${answer.text}`)
}

async function shown(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
  const answer = await server.call(method, path, body, headers)
  showsNothing(answer, `${method} ${path}`)
  return answer
}

/** Answers hold the hash of a module's user, never his password. */
async function shownModule(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
  const answer = await server.call(method, path, body, headers)
  for (const secret of [CLEAR, '"Other"']) assert.ok(!answer.text.includes(secret), answer.text)
  return answer
}

describe('a password in clear is kept hashed', () => {
  it('by POST on the collection of the generic API', async () => {
    assert.equal((await shown('POST', GENERIC, admin('a'))).status, 201)
    assert.equal(stored('a'), fakeHash(CLEAR))
  })

  it('by POST on an id', async () => {
    assert.equal((await shown('POST', `${GENERIC}/a`, admin('a'))).status, 201)
    assert.equal(stored('a'), fakeHash(CLEAR))
  })

  it('in YAML', async () => {
    const yaml = `username: a\nlabel: A\npassword: ${CLEAR}\n`
    assert.equal((await shown('POST', GENERIC, yaml, { 'Content-Type': 'application/yaml' })).status, 201)
    assert.equal(stored('a'), fakeHash(CLEAR))
  })

  it('in the lines of a bulk, which are decided in their order', async () => {
    const lines = [admin('a'), admin('b', 7), admin('c'), admin('a', 'Other')]
    const body = lines.map(line => JSON.stringify(line)).join('\n')
    const answer = await shown('POST', `${GENERIC}/_bulk`, body, ndjson)
    const statuses = answer.text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).status)
    assert.deepEqual(statuses, [201, 400, 201, 409])
    assert.deepEqual([stored('a'), stored('b'), stored('c')], [fakeHash(CLEAR), undefined, fakeHash(CLEAR)])
  })

  it('by POST and PUT of the older API', async () => {
    assert.equal((await shown('POST', LEGACY, admin('a'))).status, 200)
    assert.equal(stored('a'), fakeHash(CLEAR))
    assert.equal((await shown('PUT', `${LEGACY}/a`, admin('a', 'Other'))).status, 200)
    assert.equal(stored('a'), fakeHash('Other'))
  })

  it('of administrators with passkeys too', async () => {
    const path = '/api/admins/webauthn'
    assert.equal((await shown('POST', path, { ...admin('a'), handle: 'h' })).status, 200)
    assert.equal(stored('a', 'WebauthnAdminUser'), fakeHash(CLEAR))
    const kept = (await shown('GET', `${path}/a`)).json
    assert.equal((await shown('PUT', `${path}/a`, { ...kept, password: 'Other' })).status, 200)
    assert.equal(stored('a', 'WebauthnAdminUser'), fakeHash('Other'))
  })

  it('and a hash as it is', async () => {
    const hash = '$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'
    assert.equal((await server.call('POST', GENERIC, admin('a', hash))).status, 201)
    assert.equal(stored('a'), hash)
  })

  it('but not one that is empty, longer than bcrypt sees, or dearer than a login may be', async () => {
    const dear = '$2a$31$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'
    for (const bad of ['', null, 'é'.repeat(37), dear])
      for (const path of [GENERIC, LEGACY]) {
        const answer = await server.call('POST', path, admin('a', bad))
        assert.equal(answer.status, 400, `${path} ${bad}`)
        assert.match(answer.text, /password: /)
      }
    assert.equal(stored('a'), undefined)
  })

  it('and not at all on a dry run, which tells that it would change', async () => {
    await server.call('POST', LEGACY, admin('a'))
    const same = await server.call('PUT', `${LEGACY}/a?dry_run=true`, admin('a'))
    assert.equal(same.status, 200)
    const answer = await shown('POST', `${GENERIC}?dry_run=true`, admin('b'))
    assert.equal(answer.json.would, 'create')
    assert.equal(stored('b'), undefined)
  })
})

describe('nothing shows a password or its hash', () => {
  beforeEach(() => server.call('POST', GENERIC, admin('a')))

  for (const path of [
    GENERIC,
    `${GENERIC}/a`,
    `${GENERIC}?fields=username,password`,
    `${GENERIC}/a?fields=password`,
    LEGACY,
    `${LEGACY}/a`,
    `${GENERIC}/a/_references`,
    `${GENERIC}/a/_status`,
  ])
    it(`GET ${path}`, async () => {
      const answer = await shown('GET', path)
      assert.equal(answer.status, 200)
      assert.doesNotMatch(answer.text, /"password"/)
    })

  it('as NDJSON, YAML or a Kubernetes object', async () => {
    for (const type of ['application/x-ndjson', 'application/yaml', 'application/yaml+k8s'])
      assert.equal((await shown('GET', GENERIC, undefined, { Accept: type })).status, 200)
  })

  it('not to who filters, searches or sorts by it', async () => {
    const hash = fakeHash(CLEAR)
    for (const query of [
      `filter.password=${encodeURIComponent(hash)}`,
      'filtered=password:2b',
      'filter.$.password=x',
    ])
      assert.deepEqual((await shown('GET', `${GENERIC}?${query}`)).json, [], query)
    await server.call('POST', GENERIC, { ...admin('b', 'b'), label: 'a' })
    const order = async (query: string) =>
      (await shown('GET', `${GENERIC}?${query}`)).json.map((user: { username: string }) => user.username)
    assert.deepEqual(await order('sorted=password:true'), await order('sorted=password:false'))
  })

  it('in versions, their differences, restoring and undoing, which bring it back all the same', async () => {
    await server.call('POST', LEGACY, admin('h'))
    const user = (await server.call('GET', `${LEGACY}/h`)).json
    await shown('PUT', `${LEGACY}/h`, { ...user, password: 'Other' })
    const versions = (await shown('GET', `${GENERIC}/h/_versions`)).json
    const [second, first] = versions.map(({ version }: { version: number }) => version)
    for (const version of [first, second]) {
      await shown('GET', `${GENERIC}/h/_versions/${version}`)
      await shown('GET', `/api/history/${version}`)
      const { json } = await shown('GET', `${GENERIC}/h/_versions/${first}/_diff?to=${second}`)
      assert.deepEqual(json.diff, [{ op: 'replace', path: '/password', hidden: true }])
    }
    await shown('POST', `${GENERIC}/h/_versions/${first}/_restore?dry_run=true`)
    assert.equal((await shown('POST', `${GENERIC}/h/_versions/${first}/_restore`)).status, 200)
    assert.equal(stored('h'), fakeHash(CLEAR))
    const [restored] = (await shown('GET', `${GENERIC}/h/_versions`)).json
    assert.equal((await shown('POST', `/api/history/${restored.version}/_undo`)).status, 200)
    assert.equal(stored('h'), fakeHash('Other'))
  })

  it('in audit events and alerts', async () => {
    events.length = 0
    await server.call('POST', LEGACY, admin('e'))
    await server.call('POST', `${GENERIC}/_bulk`, JSON.stringify(admin('f')), ndjson)
    const user = (await server.call('GET', `${LEGACY}/e`)).json
    await server.call('PUT', `${LEGACY}/e`, { ...user, password: 'Other' })
    await server.call('DELETE', `${LEGACY}/e`)
    const text = JSON.stringify(events)
    assert.ok(events.length >= 4 && text.includes('"password":"***"'), text)
    for (const secret of [CLEAR, 'Other', '$2b$']) assert.ok(!text.includes(secret), secret)
  })

  it('in refusals and failures', async () => {
    const long = `${CLEAR}${'x'.repeat(80)}`
    await shown('POST', GENERIC, admin('r', long))
    await shown('POST', GENERIC, { ...admin('r'), rights: 'all' })
    await shown('POST', GENERIC, `{"password":"${CLEAR}"`)
    await shown('POST', `${GENERIC}/_bulk`, JSON.stringify({ ...admin('r'), rights: 1 }), ndjson)
    await shown('POST', '/api/auths', module(long))
    assert.equal(stored('r'), undefined)
  })

  it('in the answer to a deletion', async () => {
    assert.equal((await shown('DELETE', `${GENERIC}/a?dry_run=true`)).status, 200)
    assert.equal((await shown('DELETE', `${GENERIC}/a`)).status, 200)
  })

  it('in the JSON Schema: the field may be written only', async () => {
    const { json } = await server.call('GET', `${GENERIC}/_schema`)
    assert.equal(json.properties.password.writeOnly, true)
    assert.ok(!json.required.includes('password'))
  })
})

describe('what is read can be sent back', () => {
  it('without the password, which stays', async () => {
    await server.call('POST', LEGACY, admin('a'))
    const read = (await server.call('GET', `${LEGACY}/a`)).json
    for (const missing of [read, { ...read, password: null }, { ...read, password: '' }]) {
      const answer = await shown('PUT', `${LEGACY}/a`, { ...missing, label: 'New' })
      assert.equal(answer.json.label, 'New')
      assert.equal(stored('a'), fakeHash(CLEAR))
    }
  })

  it('and the same password again is no change', async () => {
    await server.call('POST', LEGACY, admin('a'))
    const user = (await server.call('GET', `${LEGACY}/a`)).json
    const dry = await shown('PUT', `${LEGACY}/a?dry_run=true`, { ...user, password: CLEAR })
    assert.equal(dry.status, 200)
    const before = server.control.get(definitionOf('SimpleAdminUser')!, 'a')
    await shown('PUT', `${LEGACY}/a`, { ...user, password: CLEAR })
    assert.equal(server.control.get(definitionOf('SimpleAdminUser')!, 'a'), before)
  })
})

describe('passwords of the users of a module', () => {
  const users = async () => (await server.call('GET', `${MODULES}/m`)).json.users
  beforeEach(() => server.call('DELETE', MODULES))

  it('are taken in clear and kept hashed, by every way to write', async () => {
    assert.equal((await shownModule('POST', MODULES, module(CLEAR))).status, 201)
    assert.equal((await users())[0].password, fakeHash(CLEAR))
    const merge = { users: [{ ...user('u', 'Other') }, user('v', 'Other'), user('w', '')] }
    assert.equal((await shownModule('PATCH', `${MODULES}/m`, merge)).status, 200)
    const list = (await users()).map(({ password }: { password: string }) => password)
    assert.deepEqual(list, [fakeHash('Other'), fakeHash('Other'), ''])
    const operation = [{ op: 'replace', path: '/users/0/password', value: CLEAR }]
    assert.equal((await shownModule('PATCH', `/api/auths/m`, operation)).status, 200)
    assert.equal((await users())[0].password, fakeHash(CLEAR))
    const line = JSON.stringify({ ...module('Other'), id: 'n' })
    assert.match((await shownModule('POST', `${MODULES}/_bulk`, line, ndjson)).text, /"status":201/)
  })

  it('stay as they are as hashes, expressions and the same texts again', async () => {
    await server.call('POST', '/api/auths', module(CLEAR))
    const before = server.control.get(definitionOf('AuthModule')!, 'm')
    const same = await server.call('PUT', `/api/auths/m`, module(CLEAR))
    assert.equal(same.status, 200)
    assert.equal(server.control.get(definitionOf('AuthModule')!, 'm'), before)
    const kept = ['${vault://local/x}', fakeHash('Other'), '']
    const people = kept.map((text, i) => user(`${i}`, text))
    await server.call('PUT', `/api/auths/m`, { ...module(''), users: people })
    assert.deepEqual(
      (await users()).map(({ password }: { password: string }) => password),
      kept,
    )
  })

  it('are refused when bcrypt would not see them whole, or when they are too many at once', async () => {
    for (const list of [
      [user('u', 'é'.repeat(37))],
      Array.from({ length: 101 }, (_, i) => user(`${i}`, 'x')),
    ]) {
      const answer = await server.call('POST', MODULES, { ...module(''), users: list })
      assert.deepEqual([answer.status, answer.json.reason], [400, 'admin.invalid_entity'])
    }
    assert.equal((await server.call('GET', `${MODULES}/m`)).status, 404)
  })
})

describe('an export', () => {
  it('holds the hashes, and an import of it changes nothing', async () => {
    await server.call('POST', GENERIC, admin('x'))
    const all = (await server.call('GET', '/api/otoroshi.json')).json
    const user = all.simpleAdmins.find(({ username }: { username: string }) => username === 'x')
    assert.equal(user.password, fakeHash(CLEAR))
    const lines = await server.call('GET', '/api/otoroshi.json', undefined, {
      Accept: 'application/x-ndjson',
    })
    assert.ok(lines.text.includes(fakeHash(CLEAR)))
    const tried = await server.call('POST', '/api/otoroshi.json?dry_run=true', all)
    assert.equal(tried.json.would, 'nothing', tried.text)
  })

  it('may be given passwords in clear by hand: hashed, and shown by no dry run', async () => {
    await server.call('POST', GENERIC, admin('x'))
    const all = (await server.call('GET', '/api/otoroshi.json')).json
    const given = (password: string) => ({ ...all, simpleAdmins: [{ ...all.simpleAdmins[0], password }] })
    const same = await shown('POST', '/api/otoroshi.json?dry_run=true', given(CLEAR))
    assert.equal(same.json.would, 'nothing')
    const tried = await shown('POST', '/api/otoroshi.json?dry_run=true', given('Other'))
    assert.deepEqual(tried.json.updated, [
      { kind: 'SimpleAdminUser', id: 'x', diff: [{ op: 'replace', path: '/password', hidden: true }] },
    ])
    assert.equal(stored('x'), fakeHash(CLEAR))
    const made = await shown('POST', '/api/otoroshi.json', given('Other'))
    assert.deepEqual([made.json.updated, made.json.warnings], [1, []])
    assert.equal(stored('x'), fakeHash('Other'))
    const bad = await shown('POST', '/api/otoroshi.json', given('x'.repeat(73)))
    assert.equal(bad.status, 400)
    assert.match(bad.text, /SimpleAdminUser x: password is longer/)
  })
})
