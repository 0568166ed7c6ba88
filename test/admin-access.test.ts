/** Who gets into the admin API and what he may do and see there, on whole gateways: secrets, passwords, validators, bodies. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { failedStart } from './support/failed-start.ts'
import { startGateway, type TestGateway } from './support/gateway.ts'
import { until } from './support/wait.ts'

const SECRETS = { OTOROSHI_SECRET: 'a master', OTOROSHI_CLAIM_SHAREDKEY: 'a shared key' }
const ROUTES = '/apis/proxy.otoroshi.io/v1/routes'
const ADMINS = '/apis/security.otoroshi.io/v1/admins'

const route = (id: string, domain: string) => ({
  id,
  name: id,
  frontend: { domains: [domain] },
  backend: { targets: [{ hostname: '127.0.0.1', port: 1 }] },
})

/** Headers of a call for a user of the back office, signed with the first key. */
function actingFor(user: Record<string, unknown>): Record<string, string> {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const rights = [{ tenant: '*', teams: ['*'] }]
  const claim = JSON.stringify({ name: 'Ada', email: 'ada@acme.test', rights, ...user })
  const signed = `${part({ alg: 'HS512', typ: 'JWT' })}.${part({ user: claim })}`
  const mac = createHmac('sha512', 'admin-api-apikey-secret').update(signed).digest('base64url')
  return { 'Otoroshi-BackOffice-User': `${signed}.${mac}` }
}

describe('secrets that everybody knows', () => {
  const insecure = (output: string): string[] =>
    output.split('\n').filter(line => line.includes('INSECURE: '))

  it('draw a warning each, and are refused when that is asked for', async () => {
    const gateway = await startGateway()
    const warned = insecure(gateway.output)
    await gateway.stop()
    assert.equal(warned.length, 3, warned.join('\n'))
    for (const name of ['OTOROSHI_SECRET', 'OTOROSHI_CLAIM_SHAREDKEY', 'OTOROSHI_ADMIN_API_SECRET'])
      assert.equal(warned.filter(line => line.includes(`set ${name} `)).length, 1, name)
    const { code, output } = await failedStart({ args: ['--refuse-default-secrets'] })
    assert.equal(code, 1)
    assert.equal(insecure(output).length, 3, output)
  })

  it('are found in the store as well, where a setting changes nothing any more', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'otoroshi-secrets-'))
    const env = { ...SECRETS, OTOROSHI_ADMIN_API_SECRET: 'a secret of its own' }
    try {
      await (await startGateway({ dataDir, env: SECRETS })).stopKeeping()
      const again = await startGateway({ dataDir, env })
      const [only, ...more] = insecure(again.output)
      assert.match(only ?? '', /the stored API key admin-api-apikey-id/)
      assert.deepEqual(more, [])
      await again.stopKeeping()
      const refused = await failedStart({ dataDir, env, args: ['--refuse-default-secrets'] })
      assert.equal(refused.code, 1)
      assert.match(refused.output, /the stored API key admin-api-apikey-id/)
      const open = await startGateway({ dataDir, env })
      const changed = await open.admin('PATCH', '/api/apikeys/admin-api-apikey-id', { clientSecret: 'new' })
      assert.equal(changed.status, 200)
      assert.ok((await open.admin('GET', '/api/version')).status >= 400)
      await open.stopKeeping()
      const sound = await startGateway({ dataDir, env, args: ['--refuse-default-secrets'] })
      assert.deepEqual(insecure(sound.output), [])
      await sound.stopKeeping()
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})

describe('a running gateway', () => {
  const folder = mkdtempSync(join(tmpdir(), 'otoroshi-access-'))
  const events = join(folder, 'events.log')
  let gateway: TestGateway
  before(async () => {
    const rule = { backend: [{ path: '$.name', value: 'Not(forbidden)', error: 'not that name' }] }
    gateway = await startGateway({ env: { OTOROSHI_ADMIN_API_ENTITY_VALIDATORS: JSON.stringify(rule) } })
    const exporter = {
      id: 'file',
      name: 'file',
      enabled: true,
      type: 'file',
      groupSize: 1,
      groupDuration: 20,
      config: { path: events, maxFileSize: 10_000_000 },
      filtering: { include: [{ '@type': 'AuditEvent' }], exclude: [] },
    }
    const made = await gateway.admin('POST', '/apis/events.otoroshi.io/v1/data-exporters', exporter)
    assert.equal(made.status, 201, made.text)
  })
  after(async () => {
    await gateway.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('keeps passwords as bcrypt hashes and shows them nowhere but in an export', async () => {
    const clear = 'Correct Horse Battery'
    const all: string[] = []
    const call = async (method: string, path: string, body?: unknown) => {
      const answer = await gateway.admin(method, path, body)
      all.push(answer.text)
      return answer
    }
    const made = await call('POST', '/api/admins/simple', { username: 'bob', password: clear, label: 'Bob' })
    assert.equal(made.status, 200)
    const bob = (await call('GET', '/api/admins/simple/bob')).json
    assert.equal(
      (await call('PUT', '/api/admins/simple/bob', { ...bob, label: 'B', password: 'Other one' })).status,
      200,
    )
    await call('PUT', '/api/admins/simple/bob?dry_run=true', { ...bob, password: clear })
    await call('GET', ADMINS)
    const versions = (await call('GET', `${ADMINS}/bob/_versions`)).json
    for (const { version } of versions) await call('GET', `/api/history/${version}`)
    const back = await call('POST', `${ADMINS}/bob/_versions/${versions.at(-1).version}/_restore`)
    assert.equal(back.status, 200)
    const { text: exported, json } = await gateway.admin('GET', '/api/otoroshi.json')
    const { password } = json.simpleAdmins.find((user: { username: string }) => user.username === 'bob')
    assert.match(password, /^\$2[aby]\$10\$/)
    const { compare } = await import('bcryptjs')
    assert.equal(await compare(clear, password), true)
    assert.ok(!exported.includes(clear))
    const tried = await call('POST', '/api/otoroshi.json?dry_run=true', json)
    assert.equal(tried.json.would, 'nothing')
    await until('the audit events are written', () => /RESTORE|UPDATE_ADMINS/.test(readLog(events)))
    for (const text of [...all, readLog(events), gateway.output])
      for (const secret of [clear, 'Other one', '$2b$', '$2a$']) assert.ok(!text.includes(secret), text)
  })

  it('holds whoever acts for a user to his validators, and says why', async () => {
    const rule = { route: [{ path: '$.frontend.domains', value: 'JsonContains(acme)', error: 'acme only' }] }
    const headers = actingFor({ adminEntityValidators: rule })
    const refused = await gateway.admin('POST', ROUTES, route('e', 'evil.test'), headers)
    assert.deepEqual(refused.json, {
      kind: 'proxy.otoroshi.io/Route',
      error: 'bad_request',
      error_description: ['acme only'],
      reason: 'admin.refused_by_validator',
    })
    assert.equal(refused.headers.get('otoroshi-error-reason'), 'admin.refused_by_validator')
    assert.equal((await gateway.admin('GET', `${ROUTES}/e`)).status, 404)
    assert.equal((await gateway.admin('POST', ROUTES, route('a', 'shop.acme.test'), headers)).status, 201)
    // Stored for an administrator they hold at once, for the token he has already.
    const ada = { username: 'ada@acme.test', password: 'p', label: 'Ada', adminEntityValidators: rule }
    assert.equal((await gateway.admin('POST', '/api/admins/simple', ada)).status, 200)
    assert.equal((await gateway.admin('POST', ROUTES, route('e', 'evil.test'), actingFor({}))).status, 400)
    assert.equal((await gateway.admin('POST', ROUTES, route('e', 'evil.test'))).status, 201)
    // Those of the setting hold for everybody who acts for a user.
    const backend = { id: 'b', name: 'forbidden', backend: { targets: [] } }
    const other = actingFor({ email: 'bob@acme.test' })
    const named = await gateway.admin('POST', '/api/backends', backend, other)
    assert.deepEqual([named.status, named.json.error_description], [400, ['not that name']])
    assert.equal((await gateway.admin('POST', '/api/backends', backend)).status, 201)
  })

  it('does not start with validators that nobody could pass', async () => {
    const OTOROSHI_ADMIN_API_ENTITY_VALIDATORS = '{"route":[{"path":"$[","value":1}]}'
    const { code, output } = await failedStart({ env: { OTOROSHI_ADMIN_API_ENTITY_VALIDATORS } })
    assert.equal(code, 1)
    assert.match(output, /otoroshi\.adminapi\.entity_validators: route\.0: /)
  })

  it('refuses what costs much to read, and goes on', async () => {
    const yaml = { 'Content-Type': 'application/yaml' }
    const keys = Array.from({ length: 90_000 }, (_, i) => `k${i}: 1`).join('\n')
    for (const body of [keys, `a: ${'['.repeat(1_000_000)}`, '- '.repeat(500_000)]) {
      const { status, json } = await gateway.admin('POST', ROUTES, body, {
        ...yaml,
        'Content-Length': String(body.length),
      })
      assert.deepEqual([status, json.reason], [400, 'admin.bad_request'])
    }
    const deep = `{"a":${'['.repeat(4_000_000)}`
    assert.equal((await gateway.admin('POST', ROUTES, deep)).status, 400)
    assert.equal((await gateway.admin('POST', ROUTES, `"${'x'.repeat(17 * 1024 * 1024)}"`)).status, 413)
    assert.equal((await gateway.admin('GET', '/api/version')).status, 200)
  })
})

function readLog(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
