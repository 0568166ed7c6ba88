/** Exports and imports of a running gateway. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import http from 'node:http'
import { after, before, describe, it } from 'node:test'
import { type Backend, startBackend } from './support/backend.ts'
import {
  created,
  exported,
  exportedLines,
  imports,
  type Json,
  original,
  routeTo,
  serves,
  using,
} from './support/exports.ts'
import { type AdminAnswer, startGateway, type TestGateway } from './support/gateway.ts'
import { call } from './support/http.ts'
import { steadyClients } from './support/steady-clients.ts'

let backend: Backend
let source: TestGateway

before(async () => {
  backend = await startBackend((_request, response) => void response.end('served'))
  source = await startGateway({ threads: 1 })
  for (const id of ['one', 'two']) await source.route(routeOf(id))
  await created(source, 'apim.otoroshi.io/v1/apikeys', { clientId: 'k', clientSecret: 's', clientName: 'k' })
  await created(source, 'organize.otoroshi.io/v1/teams', { id: 'sales', name: 'Sales', tenant: 'default' })
  await created(source, 'plugins.otoroshi.io/v1/workflows', { id: 'flow', name: 'Flow' })
})
after(async () => {
  await source.stop()
  await backend.close()
})

const routeOf = (id: string, more: Record<string, unknown> = {}) => routeTo(backend.port, id, more)
const sendLines = { 'Content-Type': 'application/x-ndjson' }

describe('an export of one gateway', () => {
  it('imported into a new one makes it the same, and serves', () =>
    using(async gateway => {
      const content = await exported(source)
      assert.equal((await call(gateway.port, 'http://one.test/')).status, 404)
      const { status, json, text } = await imports(gateway, content)
      assert.deepEqual([status, json.done], [200, true], text)
      assert.deepEqual(await exported(gateway), content)
      await serves(gateway, 'one')
      await serves(gateway, 'two')
      const again = await imports(gateway, content)
      const { created: c, updated, removed, revision } = again.json
      assert.deepEqual([c, updated, removed, revision], [0, 0, 0, json.revision])
    }))

  it('goes as lines of raw keys, too', () =>
    using(async gateway => {
      const content = await exportedLines(source)
      const { status, text } = await gateway.admin(
        'POST',
        '/api/otoroshi.json',
        content.join('\n'),
        sendLines,
      )
      assert.equal(status, 200, text)
      assert.deepEqual(await exported(gateway), await exported(source))
      assert.deepEqual(await exportedLines(gateway), content)
      await serves(gateway, 'two')
    }))

  it('goes as a file, in both forms', () =>
    using(async gateway => {
      const content = await exported(source)
      const raw = { 'Content-Type': 'application/octet-stream' }
      const json = await gateway.admin('POST', '/api/import', JSON.stringify(content), raw)
      assert.equal(json.status, 200, json.text)
      const more = { ...raw, 'X-Content-Type': 'application/x-ndjson' }
      const text = (await exportedLines(source)).join('\n')
      const asLines = await gateway.admin('POST', '/api/import', text, more)
      assert.deepEqual(
        [asLines.status, asLines.json.created, asLines.json.removed],
        [200, 0, 0],
        asLines.text,
      )
      await serves(gateway, 'one')
    }))

  it('is there after a restart of the gateway it was imported into', async () => {
    const gateway = await startGateway({ threads: 1 })
    const content = await exported(source)
    assert.equal((await imports(gateway, content)).status, 200)
    await gateway.stopKeeping()
    await using(
      async again => {
        assert.deepEqual(await exported(again), content)
        await serves(again, 'one')
      },
      { dataDir: gateway.dataDir },
    )
    rmSync(gateway.dataDir, { recursive: true })
  })
})

describe('an export of the original', () => {
  it('is imported without an error, exported as it was, and serves', () =>
    using(async gateway => {
      const content = original()
      content.routes.find(({ id }: Json) => id === 'shop').backend.targets = [
        { hostname: '127.0.0.1', port: backend.port },
      ]
      const { status, json, text } = await imports(gateway, content)
      assert.equal(status, 200, text)
      assert.deepEqual(Object.keys(json.left_out), [])
      const ours = await exported(gateway)
      for (const [section, theirs] of Object.entries<Json>(content)) {
        if (section === 'date' || section === 'dateRaw') continue
        if (!Array.isArray(theirs))
          assert.partialDeepStrictEqual(ours[section], withoutEmpty(theirs), section)
        else
          for (const entity of theirs)
            assert.partialDeepStrictEqual(
              ours[section].find((one: Json) => nameOf(one) === nameOf(entity)),
              entity,
              `${section} ${nameOf(entity)}`,
            )
        if (Array.isArray(theirs)) assert.equal(ours[section].length, theirs.length, section)
      }
      const [domain] = content.routes.find(({ id }: Json) => id === 'shop').frontend.domains
      assert.equal((await call(gateway.port, `http://${domain}/`)).body, 'served')
      // The global plugin that every fresh Otoroshi has answers requests without a route.
      const faults = (await gateway.admin('GET', '/api/status')).json.faults
      assert.deepEqual(
        faults.filter(({ kind }: Json) => kind === 'GlobalConfig'),
        [],
      )
      const token = await call(gateway.port, 'http://any.test/.well-known/otoroshi/oauth/token', {
        method: 'POST',
      })
      assert.equal(token.headers['otoroshi-error-reason'], 'oauth.insecure')
    }))

  it('leaves the route of the admin API alone, and gives back what it had instead', () =>
    using(async gateway => {
      const content = original()
      const { json } = await imports(gateway, content)
      assert.match(json.warnings[0], /admin-api-service of the admin API stays as it is/)
      const { plugins } = (await gateway.admin('GET', '/api/routes/admin-api-service')).json
      assert.deepEqual(
        plugins.map(({ plugin }: Json) => plugin.split('.').at(-1)),
        ['OverrideHost', 'ApikeyCalls'],
      )
      const ours = await exported(gateway)
      const route = ours.routes.find(({ id }: Json) => id === 'admin-api-service')
      assert.equal(route.plugins.length, 8)
      assert.equal((await imports(gateway, ours, '?dry_run=true')).json.would, 'nothing')
      // Whoever changes the route here has decided on it.
      const patched = await gateway.admin('PATCH', '/api/routes/admin-api-service', [
        { op: 'replace', path: '/description', value: 'mine' },
      ])
      assert.equal(patched.status, 200, patched.text)
      const later = (await exported(gateway)).routes.find(({ id }: Json) => id === 'admin-api-service')
      assert.deepEqual([later.description, later.plugins.length], ['mine', 2])
    }))
})

function nameOf(entity: Json): string {
  return [entity.tenant, entity.id ?? entity.clientId ?? entity.username ?? entity.serviceId].join('/')
}

// Lists of extensions that hold nothing are not kept for extensions nobody knows.
function withoutEmpty(value: Json): Json {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value
  const entries = Object.entries<Json>(value).filter(([, item]) => !Array.isArray(item) || item.length > 0)
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutEmpty(item)]))
}

describe('a dry run', () => {
  it('names what would change, with its difference, and writes nothing', async () => {
    const before = await exportedLines(source)
    const { json: status } = await source.admin('GET', '/api/status')
    const content = await exported(source)
    content.routes = content.routes.filter(({ id }: Json) => id !== 'two')
    content.routes.find(({ id }: Json) => id === 'one').description = 'another'
    content.routes.push(routeOf('three'))
    const { status: code, json, text } = await imports(source, content, '?dry_run=true')
    assert.deepEqual([code, json.dry_run, json.would], [200, true, 'import'], text)
    assert.deepEqual(json.created, [{ kind: 'Route', id: 'three' }])
    assert.deepEqual(json.removed, [{ kind: 'Route', id: 'two' }])
    assert.deepEqual(json.updated, [
      { kind: 'Route', id: 'one', diff: [{ op: 'replace', path: '/description', value: 'another' }] },
    ])
    assert.deepEqual(await exportedLines(source), before)
    assert.equal((await source.admin('GET', '/api/status')).json.revision, status.revision)
    await serves(source, 'two')
    assert.equal((await call(source.port, 'http://three.test/')).status, 404)
    const same = await imports(source, await exported(source), '?dry_run=true')
    assert.equal(same.json.would, 'nothing')
  })

  it('of a faulty import says that it would be refused, and why', async () => {
    const content = await exported(source)
    content.routes[0].frontend = 5
    const { status, json } = await imports(source, content, '?dry_run=true')
    assert.deepEqual([status, json.would, json.invalid_count], [200, 'refuse', 1])
    assert.equal(json.invalid[0].where, 'routes.0')
  })
})

describe('a bad import', () => {
  const refused = async (
    what: string,
    send: () => Promise<AdminAnswer>,
    expected: { status: number; reason: string; says: RegExp },
  ): Promise<void> => {
    const before = await exportedLines(source)
    const answer = await send()
    assert.equal(answer.status, expected.status, `${what}: ${answer.text}`)
    assert.equal(answer.json.reason, expected.reason, what)
    assert.match(JSON.stringify(answer.json.error_description), expected.says, what)
    assert.deepEqual(await exportedLines(source), before, what)
    await serves(source, 'one')
  }

  it('with one faulty entity is refused whole, with its place', async () => {
    const content = await exported(source)
    content.routes.push(
      routeOf('new'),
      routeOf('faulty', { backend: { targets: [{ hostname: 'h', port: 'x' }] } }),
    )
    const at = content.routes.length - 1
    const says = new RegExp(`routes\\.${at} \\(Route faulty\\): backend\\.targets\\.0\\.port`)
    await refused('faulty', () => imports(source, content), {
      status: 400,
      reason: 'admin.invalid_entity',
      says,
    })
    assert.equal((await call(source.port, 'http://new.test/')).status, 404)
  })

  it('that is cut off says where it ends', async () => {
    const text = JSON.stringify(await exported(source))
    const cut = text.slice(0, text.indexOf('"one.test"') + 5)
    const expected = { status: 400, reason: 'admin.bad_request', says: /ends too early, in routes\.\d/ }
    await refused('cut', () => imports(source, cut), expected)
    const rows = (await exportedLines(source)).join('\n').slice(0, -20)
    const where = { ...expected, says: /line \d+ is no JSON object/ }
    await refused('cut lines', () => source.admin('POST', '/api/otoroshi.json', rows, sendLines), where)
  })

  it('that is something else is refused', async () => {
    const bad = { status: 400, reason: 'admin.bad_request' }
    await refused('no JSON', () => imports(source, 'hello'), { ...bad, says: /no JSON object/ })
    await refused('no export', () => imports(source, { routes: [] }), { ...bad, says: /no config/ })
    await refused(
      'a section of the wrong type',
      async () => imports(source, { ...(await exported(source)), routes: {} }),
      {
        status: 400,
        reason: 'admin.invalid_entity',
        says: /routes: Expected a list/,
      },
    )
    const yaml = { 'Content-Type': 'application/yaml' }
    const says = /content type/
    const type = { status: 400, reason: 'admin.bad_content_type', says }
    await refused('YAML', () => source.admin('POST', '/api/otoroshi.json', 'config: {}', yaml), type)
  })

  it('that is too big is refused by its length, or by one of its parts', async () => {
    await refused('length', () => announced(3 * 1024 ** 3), {
      status: 413,
      reason: 'admin.body_too_large',
      says: /bytes/,
    })
    const content = {
      ...(await exported(source)),
      scripts: [{ id: 'big', code: 'x'.repeat(33 * 1024 * 1024) }],
    }
    await refused('part', () => imports(source, content), {
      status: 400,
      reason: 'admin.bad_request',
      says: /longer than 33554432 bytes/,
    })
  })

  it('that would close every route, the one of the admin API included, is refused', async () => {
    const content = await exported(source)
    content.config.plugins = { enabled: true, config: { ng: [{ plugin: 'cp:nobody.knows.Me' }] } }
    const says = /plugin\.unknown: cp:nobody\.knows\.Me/
    await refused('closing', () => imports(source, content), {
      status: 400,
      reason: 'admin.locked_out',
      says,
    })
    const { json } = await imports(source, content, '?dry_run=true')
    assert.deepEqual([json.would, json.closed.length], ['refuse', 1])
  })

  /** An import of this many bytes, none of which is sent. */
  function announced(length: number): Promise<AdminAnswer> {
    return new Promise((resolve, reject) => {
      const request = http.request(
        {
          host: '127.0.0.1',
          port: source.port,
          path: '/api/otoroshi.json',
          method: 'POST',
          headers: {
            Host: 'otoroshi-api.oto.tools',
            Accept: 'application/json',
            Authorization: `Basic ${Buffer.from('admin-api-apikey-id:admin-api-apikey-secret').toString('base64')}`,
            'Content-Type': 'application/json',
            'Content-Length': length,
          },
        },
        response => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', chunk => (text += chunk))
          response.on('end', () => {
            const headers = new Headers()
            resolve({ status: response.statusCode!, headers, text, json: JSON.parse(text) })
            request.destroy()
          })
        },
      )
      request.on('error', reject)
      request.write('{')
    })
  }
})

describe('whoever imports', () => {
  it('keeps his key and the route of the admin API, whatever the import does to them', () =>
    using(async gateway => {
      const admin = (content: Json) => ({
        key: content.apiKeys.find(({ clientId }: Json) => clientId === 'admin-api-apikey-id'),
        route: content.routes.find(({ id }: Json) => id === 'admin-api-service'),
      })
      const attempts: [what: string, change: (content: Json) => void, told: RegExp][] = [
        ['no key', c => void (c.apiKeys = []), /not part of the import: it stays/],
        ['disabled key', c => void (admin(c).key.enabled = false), /disabled or out of date/],
        ['read-only key', c => void (admin(c).key.readOnly = true), /some calls only/],
        [
          'limited key',
          c => void (admin(c).key.metadata = { 'otoroshi-access-rights': '[]' }),
          /rights are limited/,
        ],
        [
          'other grants',
          c => Object.assign(admin(c).key, { authorizedEntities: [], authorizations: [] }),
          /not granted/,
        ],
        ['no route', c => void (c.routes = []), /not part of the import: it stays/],
        ['disabled route', c => void (admin(c).route.enabled = false), /it is disabled/],
        [
          'other host',
          c => void (admin(c).route.frontend.domains = ['elsewhere.test']),
          /does not answer on/,
        ],
        ['other group', c => void (admin(c).route.groups = ['nobody']), /stays as it is/],
        ['open route', c => void (admin(c).route.plugins = []), /does not ask for API keys/],
        [
          'unknown plugin',
          c => admin(c).route.plugins.push({ plugin: 'cp:nobody.knows.Me' }),
          /has the plugin cp:nobody\.knows\.Me/,
        ],
        [
          'faulty plugin',
          c =>
            admin(c).route.plugins.push({
              plugin: 'cp:otoroshi.next.plugins.AdditionalHeadersIn',
              config: { headers: 5 },
            }),
          /plugin\.invalid_config/,
        ],
      ]
      const before = admin(await exported(gateway))
      for (const [what, change, told] of attempts) {
        const content = await exported(gateway)
        change(content)
        const { status, json, text } = await imports(gateway, content)
        assert.equal(status, 200, `${what}: ${text}`)
        assert.match(json.warnings.join('\n'), told, what)
        const key = await gateway.admin('GET', '/api/apikeys/admin-api-apikey-id')
        const route = await gateway.admin('GET', '/api/routes/admin-api-service')
        assert.deepEqual([key.status, route.status], [200, 200], what)
        assert.deepEqual([key.json.enabled, route.json.plugins], [true, before.route.plugins], what)
        // The next attempt begins where this one began.
        const back = await imports(gateway, {
          ...(await exported(gateway)),
          routes: [before.route],
          apiKeys: [before.key],
        })
        assert.equal(back.status, 200, back.text)
      }
    }))

  it('gets a route and a key of the import that open the admin API as well', () =>
    using(async gateway => {
      const content = await exported(gateway)
      const route = content.routes.find(({ id }: Json) => id === 'admin-api-service')
      route.description = 'mine'
      route.frontend.domains.push('api.test')
      const key = content.apiKeys.find(({ clientId }: Json) => clientId === 'admin-api-apikey-id')
      key.clientSecret = 'another'
      const { json } = await imports(gateway, content)
      assert.match(json.warnings[0], /gets another secret/)
      assert.equal((await gateway.admin('GET', '/api/version')).status, 401)
      const Authorization = `Basic ${Buffer.from('admin-api-apikey-id:another').toString('base64')}`
      const headers = { Authorization, Host: 'api.test' }
      const got = await gateway.admin('GET', '/api/routes/admin-api-service', undefined, headers)
      assert.deepEqual([got.status, got.json.description], [200, 'mine'])
    }))

  it('is a super admin', async () => {
    await created(source, 'apim.otoroshi.io/v1/apikeys', {
      clientId: 'limited',
      clientSecret: 'limited',
      clientName: 'limited',
      authorizedEntities: ['group_admin-api-group'],
      metadata: { 'otoroshi-access-rights': '[{"tenant":"default:rw","teams":["default:rw"]}]' },
    })
    const headers = { Authorization: `Basic ${Buffer.from('limited:limited').toString('base64')}` }
    const content = await exported(source)
    for (const [method, path, body] of [
      ['GET', '/api/otoroshi.json', undefined],
      ['POST', '/api/otoroshi.json', content],
      ['POST', '/api/import', content],
      ['POST', '/api/otoroshi.json?dry_run=true', content],
    ] as const) {
      const { status, json } = await source.admin(method, path, body, headers)
      assert.deepEqual([status, json.reason], [403, 'admin.unauthorized'], `${method} ${path}`)
    }
    await source.admin('DELETE', '/apis/apim.otoroshi.io/v1/apikeys/limited')
  })
})

describe('traffic during imports', () => {
  it('loses no request', () =>
    using(
      async gateway => {
        await gateway.route(routeOf('busy'))
        const content = await exported(gateway)
        const other = structuredClone(content)
        for (let i = 0; i < 200; i++) other.routes.push(routeOf(`more-${i}`))
        const clients = steadyClients(gateway.port, 'http://busy.test/', 8)
        for (let i = 0; i < 10; i++) {
          const { status, text } = await imports(gateway, i % 2 === 0 ? other : content)
          assert.equal(status, 200, text)
        }
        const outcomes = await clients.stop()
        assert.deepEqual([...outcomes.keys()], ['200 served'], JSON.stringify([...outcomes]))
        assert.ok(outcomes.get('200 served')! > 50)
      },
      { threads: 2 },
    ))
})
